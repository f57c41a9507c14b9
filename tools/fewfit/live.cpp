// SPDX-License-Identifier: MIT
#include <chrono>
#include <cstdio>

#include "colours.hpp"
#include "commands.hpp"
#include "common.hpp"
#include "highlight.hpp"
#include "input.hpp"
#include "learner.hpp"
#include "output.hpp"
#include "platform.hpp"
#include "taught.hpp"

namespace tool {
namespace {

// What a person says: lines, and keys, which are lines too where there is no terminal.
class person {
 public:
  person() : lines_("-"), here_(stdin_is_terminal()) {}

  bool here() const { return here_; }

  bool line(const char* prompt, std::string& out) {
    ask(prompt);
    if (!lines_.next(out)) return false;
    if (!out.empty() && out.back() == '\r') out.pop_back();
    return true;
  }

  // '\n' for Enter, 0 for what is no key, EOF at the end.
  int key(const std::string& prompt) {
    ask(prompt.c_str());
    if (here_) {
      const int key = read_key();
      write_line("");
      return key == ctrl_c ? EOF : key;
    }
    std::string one;
    if (!lines_.next(one)) return EOF;
    if (!one.empty() && one.back() == '\r') one.pop_back();
    return one.empty() ? '\n' : one.size() == 1 ? one[0] : 0;
  }

 private:
  static constexpr int ctrl_c = 3;

  void ask(const char* prompt) const {
    if (here_) std::fputs(prompt, stdout);
    flush();
  }

  line_reader lines_;
  bool here_;
};

class session {
 public:
  explicit session(const options& o)
      : options_(o),
        colours_(wants_colours(o.colours)),
        model_(load_model(o.model)),
        learner_(model_, load_known(o, model_), o) {
    if (!o.output.empty()) refuse_to_overwrite(o, o.output);
  }

  void run() {
    write_line(
        "Say a text. Then Enter: right, nothing to learn; 1 to 9: learn this label; n: learn a new one; u: take "
        "back");
    write_line(
        "what was learned last; s: save; q: quit. Words are marked by what the label's logit loses without them.");
    std::string text;
    while (!done_ && person_.line("> ", text)) {
      if (text.empty()) continue;
      if (text == "q" || text == "s" || text == "u")
        command(text[0]);
      else
        discuss(text);
    }
    if (unsaved_ != 0 && !options_.output.empty()) write_line("Not saved: " + changes() + ".");
    flush();
  }

 private:
  void discuss(const std::string& text) {
    if (!is_utf8(text)) return write_line("The text is not UTF-8.");
    show(text);
    while (!done_) {
      const int key = person_.key(menu());
      if (key == EOF) done_ = true;
      if (key == EOF || key == '\n') return;
      if (choose(text, key) && !done_) show(text);
    }
  }

  // Whether there is something new to be shown.
  bool choose(const std::string& text, int key) {
    const std::vector<std::string> labels = learner_.labels();
    const auto digit = static_cast<std::size_t>(key - '1');
    if (key >= '1' && key <= '9' && digit < labels.size()) return learn(text, labels[digit]);
    if (key == 'n') return learn_new(text);
    if (key == 'q' || key == 's' || key == 'u') return command(static_cast<char>(key));
    write_line("There is no such key: " + menu());
    return false;
  }

  bool learn_new(const std::string& text) {
    std::string label;
    if (!person_.line("its label: ", label)) return done_ = true, false;
    if (label.empty() || !is_utf8(label)) return write_line("This is no label."), false;
    return learn(text, label);
  }

  bool learn(const std::string& text, const std::string& label) {
    return report("learned", [&] { return learner_.learn(text, label); });
  }

  bool command(char key) {
    if (key == 'u' && learner_.to_undo() == 0) return write_line("There is nothing to take back."), false;
    if (key == 'u') return report("taken back", [this] { return learner_.undo(); });
    if (key == 's') return save_head(), false;
    done_ = unsaved_ == 0 || options_.output.empty() || warned_;
    if (!done_) write_line("Not saved: " + changes() + ". s saves, q quits all the same.");
    warned_ = true;
    return false;
  }

  // Does something to the head and says how long it took.
  template <class Change>
  bool report(const char* what, const Change& change) {
    const auto start = std::chrono::steady_clock::now();
    const fewfit::error e = change();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (e.code != fewfit::errc::none)
      return write_line(std::string("Not ") + what + ": " + fewfit::message(e)), false;
    ++unsaved_, warned_ = false;
    write_line(std::string(what) + " in " + rounded(took.count(), 1) + " ms: " + std::to_string(learner_.examples()) +
               " examples, " + std::to_string(learner_.labels().size()) + " labels");
    return true;
  }

  void save_head() {
    if (options_.output.empty()) return write_line("There is no file to save to: begin with -o FILE.");
    if (learner_.head() == nullptr) return write_line("There is no head to save: it takes two labels.");
    try {
      save(*learner_.head(), options_.output);
    } catch (const failure& wrong) {
      return write_line(visible(wrong.what()));  // what was learned is not lost for a full disk
    }
    unsaved_ = 0;
    write_line("saved: " + visible(options_.output));
  }

  void show(const std::string& text) {
    const fewfit::head* const head = learner_.head();
    if (head == nullptr) return write_line("? Nothing to choose from: it takes two labels.");
    const fewfit::explanation e =
        model_.explain(text, *head, fewfit::predicted_label, fewfit::evidence_kind::occlusion);
    if (e.status != fewfit::errc::none) return write_line(fewfit::message(e.status));
    write_line((head->is_answer(e.index, e.probability) ? "" : "unsure: ") + visible(e.label) + " " +
               rounded(e.probability, 4) + "  " + marked_line(stretches(text, e.words), colours_));
  }

  std::string menu() const {
    std::string out = "[Enter] right ";
    const std::vector<std::string> labels = learner_.labels();
    for (std::size_t k = 0; k < labels.size() && k < 9; ++k)
      out += " [" + std::to_string(k + 1) + "] " + visible(labels[k]);
    return out + "  [n] new  [u] undo  [s] save  [q] quit ";
  }

  std::string changes() const { return std::to_string(unsaved_) + (unsaved_ == 1 ? " change" : " changes"); }

  const options& options_;
  const bool colours_;
  person person_;
  fewfit::model model_;
  learner learner_;
  std::size_t unsaved_ = 0;
  bool done_ = false, warned_ = false;
};

}  // namespace

void teach_live(const options& options) { session(options).run(); }

}  // namespace tool

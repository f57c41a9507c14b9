// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>
#include <stdexcept>

#include "commands.hpp"
#include "common.hpp"
#include "doubtful.hpp"
#include "fewfit/answers.hpp"
#include "fewfit/thread_pool.hpp"
#include "highlight.hpp"
#include "input.hpp"
#include "json_line.hpp"
#include "labelled.hpp"
#include "metrics.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "taught.hpp"

namespace tool {
namespace {

constexpr std::size_t shown_examples = 5;

// All labelled texts of the input, a line each: example i came in line i + 1.
class examples {
 public:
  explicit examples(const options& o) : reader_(o.input) {
    std::string line;
    while (reader_.next(line)) {
      try {
        all_.push_back(checked(labelled_in(line, o.format, false)));
      } catch (const std::invalid_argument& error) {
        throw at(all_.size(), bad_line, error.what());
      }
    }
    for (const labelled& one : all_) texts_.push_back(one.text), labels_.push_back(one.label);
    if (all_.empty())
      throw failure(bad_file, name() + ": no examples: write a line for each, with its label and text");
  }

  const std::string& name() const { return reader_.name(); }
  std::string place(std::size_t i) const { return name() + ":" + std::to_string(i + 1); }
  failure at(std::size_t i, exit_status status, const std::string& sentence) const {
    return failure(status, place(i) + ": " + sentence);
  }
  const std::vector<std::string_view>& texts() const { return texts_; }
  const std::vector<std::string_view>& labels() const { return labels_; }

 private:
  static labelled checked(labelled one) {
    refuse_byte_order_mark(one.label);
    if (one.label.empty()) throw std::invalid_argument("the label is empty: write one before the tab");
    if (!is_utf8(one.label)) throw std::invalid_argument("the label is not UTF-8: save the file in it");
    if (!is_utf8(one.text)) throw std::invalid_argument("the text is not UTF-8: save the file in it");
    return one;
  }

  line_reader reader_;
  std::vector<labelled> all_;
  std::vector<std::string_view> texts_, labels_;
};

// The options, when it is certain that something can be written.
const options& checked(const options& o) {
  refuse_to_overwrite(o, o.output);
  return o;
}

class teach_command {
 public:
  explicit teach_command(const options& o)
      : options_(checked(o)),
        model_(load_model(o.model)),
        known_(load_known(o, model_)),
        how_(teach_options_of(o, known_)),
        given_(o) {
    how_.leave_one_out = !o.without_report;
    if (o.unknown && !o.unknown->empty() && !has_example(*o.unknown))
      throw failure(bad_file,
                    given_.name() + ": no example has the label \"" + visible(*o.unknown) + "\" (--unknown)");
  }

  void run() {
    const fewfit::head head = learn();
    save(head, options_.output);
    if (options_.without_report && how_.most_errors < 1) write_line(threshold(head));
    if (options_.without_report) return flush();
    write_line(options_.report == format::jsonl ? as_json(head) : as_text(head));
    flush();
  }

 private:
  fewfit::head learn() {
    fewfit::thread_pool pool(options_.threads);
    fewfit::workspace scratch(options_.threads);
    progress bar(all_examples());
    const auto tell = [](void* user, std::size_t done, std::size_t total) {
      return static_cast<progress*>(user)->update(done, total), true;
    };
    auto head = model_.teach(given_.texts(), given_.labels(), how_, known_ ? &*known_ : nullptr, scratch,
                             pool.executor(), {tell, &bar});
    if (head) return std::move(*head);
    const fewfit::error& e = head.error();
    const bool of_text = e.where == std::string_view("texts") || e.where == std::string_view("labels");
    if (of_text && e.number < given_.texts().size() && e.code != fewfit::errc::one_label)
      throw given_.at(static_cast<std::size_t>(e.number), bad_line,
                      fewfit::message(e) + std::string(e.code == fewfit::errc::empty_text ? ": take it out" : ""));
    throw failure(bad_file, given_.name() + ": " + sentence(e));
  }

  bool has_example(const std::string& wanted) const {
    for (std::size_t i = 0; i < all_examples(); ++i)
      if (label(i) == wanted) return true;
    return false;
  }

  std::size_t known_examples() const { return known_ ? known_->examples() : 0; }

  // "labelled.tsv:12", or which of those that the head knew before.
  std::string place(std::size_t example) const {
    const std::size_t known = known_examples();
    return example < known ? options_.known + ": example " + std::to_string(example + 1)
                           : given_.place(example - known);
  }
  std::size_t all_examples() const { return known_examples() + given_.texts().size(); }
  // Empty where a known head kept its vector alone.
  std::string_view text(std::size_t example) const {
    const std::size_t known = known_examples();
    return example < known ? known_->example_text(example) : given_.texts()[example - known];
  }
  std::string_view label(std::size_t example) const {
    const std::size_t known = known_examples();
    return example < known ? known_->example_label(example) : given_.labels()[example - known];
  }

  struct findings {
    std::vector<std::uint32_t> labels;
    tool::metrics metrics;
    std::vector<doubtful> most;
  };

  findings look(const fewfit::head& head) const {
    const std::size_t classes = head.labels().size;
    findings f;
    for (std::size_t i = 0; i < all_examples(); ++i) f.labels.push_back(*fewfit::index_of(head.labels(), label(i)));
    f.most = most_doubtful(f.labels, head.held_out(), classes);
    tally counted(classes);
    for (const doubtful& d : f.most) counted.add(d.label, d.instead, d.of_other);
    f.metrics = counted.result();
    f.most.resize(std::min(f.most.size(), shown_examples));
    return f;
  }

  std::string as_text(const fewfit::head& head) const {
    const findings f = look(head);
    std::vector<std::string> labels;
    for (std::string_view label : head.labels()) labels.push_back(visible(label));
    std::string out =
        "Leave-one-out: each example as a head says that was taught with the others.\n\n" +
        text_report(f.metrics, labels) +
        "\n\nMost doubtful: the label and its probability, what would have been said instead, the text.\n";
    for (const doubtful& d : f.most) {
      out += visible(place(d.example)) + ": " + labels[d.label] + " " + rounded(d.probability, 4);
      if (d.instead != d.label) out += ", but " + labels[d.instead] + " " + rounded(d.of_other, 4);
      out += ": " + (text(d.example).empty() ? "(its text was not kept)" : shortened(text(d.example))) + "\n";
    }
    out += "\n" + visible(options_.output) + ": " + std::to_string(head.labels().size) + " labels, " +
           std::to_string(all_examples()) + " examples";
    if (how_.most_errors < 1) out += "\n" + threshold(head);
    if (!head.unknown().empty()) out += "\n" + visible(head.unknown()) + " is no answer.";
    return out;
  }

  static std::string threshold(const fewfit::head& head) {
    if (head.expected_answers() <= 0 && head.abstain_below() < 1)
      return "Every example was taken for none of the labels: there is no answer to count.";
    if (head.expected_answers() <= 0)
      return "However sure, too many of its answers are wrong: no threshold is high enough.";
    const std::string answers = rounded(100 * head.expected_answers(), 1) + " % of texts get an answer, and " +
                                rounded(100 * head.expected_error(), 1) + " % of the answers are wrong.";
    if (head.abstain_below() <= 0) return "No probability is too low to count: " + answers;
    return "A probability below " + rounded(head.abstain_below(), 4) + " is no answer: then " + answers;
  }

  std::string as_json(const fewfit::head& head) const {
    const findings f = look(head);
    const std::vector<std::string> labels(head.labels().begin(), head.labels().end());
    std::string out = "{\"leave_one_out\":" + json_report(f.metrics, labels) + ",\"doubtful\":[";
    for (const doubtful& d : f.most) {
      const std::size_t known = known_examples();
      out += out.back() == '[' ? "{" : ",{";
      out += d.example < known ? "\"known\":" + std::to_string(d.example + 1)
                               : "\"line\":" + std::to_string(d.example - known + 1);
      out += ",\"label\":" + quoted(labels[d.label]) + ",\"probability\":";
      append_number(out, d.probability);
      out += ",\"instead\":" + quoted(labels[d.instead]) + ",\"its_probability\":";
      append_number(out, d.of_other);
      out += ",\"text\":" + (text(d.example).empty() ? "null" : quoted(text(d.example))) + "}";
    }
    out += "]";
    if (!head.unknown().empty()) out += ",\"unknown\":" + quoted(head.unknown());
    if (how_.most_errors < 1) {
      out += ",\"abstain_below\":", append_number(out, head.abstain_below());
      out += ",\"expected_error\":", append_number(out, head.expected_error());
      out += ",\"expected_answers\":", append_number(out, head.expected_answers());
    }
    return out + "}";
  }

  const options& options_;
  fewfit::model model_;
  std::optional<fewfit::head> known_;
  fewfit::teach_options how_;
  examples given_;
};

}  // namespace

void teach(const options& options) {
  if (options.live) return teach_live(options);
  teach_command(options).run();
}

}  // namespace tool

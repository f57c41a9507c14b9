// SPDX-License-Identifier: MIT
// A small adventure whose gatekeeper understands what you say, as far as you have taught him.
//
//   adventure interviews.fewfit [SESSION]       SESSION: lines to play instead of yours
//
// Say anything. Where he is not sure he asks what you meant, and has learned it. Where he has it wrong, say "no".

#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "fewfit/fewfit.hpp"

namespace {

enum meaning : std::size_t { greeting, question, threat, offer, meanings };

constexpr std::string_view names[meanings] = {"greeting", "question", "threat", "offer"};

/// What he has heard before this evening.
struct phrase {
  meaning what;
  std::string_view text;
};
constexpr phrase heard[] = {
    {greeting, "hello there"},
    {greeting, "good evening, gatekeeper"},
    {greeting, "greetings, friend"},
    {greeting, "hi, how are you"},
    {question, "who lives in the castle?"},
    {question, "where does this road lead?"},
    {question, "what is behind the gate?"},
    {question, "why is the gate closed?"},
    {threat, "open the gate or I will kill you"},
    {threat, "I have a sword and I will use it"},
    {threat, "let me in or you will regret it"},
    {threat, "move, or I break your bones"},
    {offer, "I will give you ten gold coins"},
    {offer, "take this ring and let me in"},
    {offer, "I can pay you for it"},
    {offer, "I have silver, it is yours"},
};

/// His ear: a head over the model's sentence vectors, taught while one plays.
class ear {
 public:
  explicit ear(const fewfit::model& body) : body_(body), head_(first_lesson(body)) {}

  /// What was meant, or `meanings` where he had better ask.
  meaning understand(const std::string& text) const {
    const auto vector = body_.encode(text);
    if (!vector) return meanings;
    const fewfit::prediction p = head_.predict(*vector);
    if (p.status != fewfit::errc::none || p.probability < unsure_below) return meanings;
    std::size_t k = 0;
    while (k < meanings && p.label != names[k]) ++k;
    return static_cast<meaning>(k);
  }

  void learn(const std::string& text, meaning what) {
    const std::string_view texts[] = {text}, labels[] = {names[what]};
    auto next = body_.teach(texts, labels, head_);
    if (next) head_ = std::move(*next);  // a text without words teaches nothing
  }

  std::size_t phrases() const { return head_.examples(); }

 private:
  // Not head::abstain_below(): sixteen phrases are too few to find a threshold by leaving them out.
  static constexpr double unsure_below = 0.5;

  static fewfit::head first_lesson(const fewfit::model& body) {
    std::vector<std::string_view> texts, labels;
    for (const phrase& p : heard) texts.push_back(p.text), labels.push_back(names[p.what]);
    fewfit::teach_options options;
    options.C = 10;  // he believes what he is told
    return std::move(body.teach(texts, labels, options).value());
  }

  const fewfit::model& body_;
  fewfit::head head_;
};

/// The evening so far.
struct evening {
  int mood = 0;  // above 0 he can be bribed, below -2 he has had enough
  bool over = false;
};

const char* answer(evening& now, meaning what) {
  switch (what) {
    case greeting:
      ++now.mood;
      return now.mood > 1 ? "\"You again. Fine night, isn't it?\"" : "\"Evening.\" He lowers his pike a little.";
    case question:
      return now.mood > 0 ? "\"The duke's house. He lets in whom I let in, and I am a poor man.\""
                          : "\"Who wants to know? Where I come from one says good evening first.\"";
    case threat:
      now.mood -= 2;
      now.over = now.mood < -2;
      return now.over ? "He whistles. Four men carry you to the moat. The end."
                      : "The pike comes up again. \"Careful.\"";
    case offer:
      now.over = now.mood > 0;
      return now.over ? "He looks left and right, and the gate opens. You are in. The end."
                      : "\"From you? I don't know you.\"";
    case meanings: break;
  }
  return "";
}

/// Plays until the gate opens, or does not.
class game {
 public:
  game(const fewfit::model& body, std::istream& lines, bool echo) : ear_(body), lines_(lines), echo_(echo) {}

  void play() {
    std::cout << "Night, rain, a gate, and a man with a pike in front of it.\n";
    evening now, before;
    std::string text, last;
    while (!now.over && ask("> ", text)) {
      const bool misheard = text == "no" && !last.empty();
      if (misheard) now = before;  // it was not said
      if (!misheard) last = text, before = now;
      meaning what = misheard ? meanings : ear_.understand(text);
      if (what == meanings) {
        what = explain(misheard ? "\"What was it, then?\"" : "\"I don't follow you. What is it?\"");
        if (what == meanings) continue;
        ear_.learn(last, what);
      }
      std::cout << answer(now, what) << "\n";
    }
    std::cout << "He knows " << ear_.phrases() << " phrases now.\n";
  }

 private:
  bool ask(const char* prompt, std::string& line) {
    std::cout << prompt << std::flush;
    if (!std::getline(lines_, line)) return false;
    if (echo_) std::cout << line << "\n";
    return true;
  }

  meaning explain(const char* question) {
    std::cout << question << "\n";
    std::string line;
    if (!ask("(1 I was greeting, 2 asking, 3 threatening, 4 offering) ", line)) return meanings;
    return line.size() == 1 && line[0] >= '1' && line[0] <= '4' ? static_cast<meaning>(line[0] - '1') : meanings;
  }

  ear ear_;
  std::istream& lines_;
  bool echo_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return std::fprintf(stderr, "usage: adventure MODEL [SESSION]\n"), 64;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) return std::fprintf(stderr, "%s: %s\n", argv[1], fewfit::message(model.error())), 1;
  std::ifstream session;
  if (argc == 3) session.open(argv[2]);
  if (argc == 3 && !session) return std::fprintf(stderr, "%s: cannot be read\n", argv[2]), 1;
  game(*model, argc == 3 ? session : std::cin, argc == 3).play();
}

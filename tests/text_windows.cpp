// SPDX-License-Identifier: MIT
// Windows of a text: where they are cut, that nothing is left out, and that their tokens are those of the whole text.

#include "fewfit/text_windows.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "support/adversarial_texts.hpp"
#include "support/call_faults.hpp"

using fewfit::text_window;

namespace {

std::vector<text_window> windows_of(const fewfit::model& m, std::string_view text, std::size_t window,
                                    std::size_t overlap) {
  fewfit::text_windows cutter(m, window, overlap);
  fewfit::workspace scratch;
  std::vector<text_window> out;
  text_window w;
  for (cutter.begin(text); cutter.next(scratch, w);) out.push_back(w);
  REQUIRE(cutter.status() == fewfit::errc::none);
  CHECK(!cutter.next(scratch, w));  // and never again
  return out;
}

using strings = std::vector<std::string>;

/// The windows of a text for the tiny model, without the white space between them.
strings cut_up(std::string_view text, std::size_t window, std::size_t overlap) {
  strings out;
  for (const text_window& w : windows_of(support::shared_tiny(), text, window, overlap))
    out.emplace_back(text.substr(w.where.begin, w.where.end - w.where.begin));
  return out;
}

/// The tokens of a whole text, and which continue a word.
struct whole_text {
  fewfit::token_ids all;
  std::vector<bool> inside;

  whole_text(const fewfit::model& m, std::string_view text) : all(m.tokenize(text, {false, false, true})) {
    for (const std::uint32_t id : all.ids) inside.push_back(m.token(id).substr(0, 2) == "##");
  }
  std::size_t size() const { return all.ids.size(); }
  /// Whether these are the tokens from `first` on.
  bool reads(const std::vector<std::uint32_t>& ids, std::size_t first) const {
    return first + ids.size() <= size() &&
           std::equal(ids.begin(), ids.end(), all.ids.begin() + static_cast<std::ptrdiff_t>(first));
  }
  /// Tokens that end at a byte or before it.
  std::size_t ended_at(std::size_t byte) const {
    std::size_t i = 0;
    while (i < size() && all.offsets[i].end <= byte) ++i;
    return i;
  }
  /// Whether every token begins where the one before ended, or behind it: marks that are put into their order, and
  /// characters that become several tokens, do not.
  bool in_order() const {
    for (std::size_t i = 1; i < size(); ++i)
      if (all.offsets[i].begin < all.offsets[i - 1].end) return false;
    return true;
  }
  /// Tokens of the longest word that token i belongs to.
  std::size_t word_size(std::size_t i) const {
    std::size_t first = i, last = i + 1;
    while (first > 0 && inside[first]) --first;
    while (last < size() && inside[last]) ++last;
    return last - first;
  }
};

/// What a walk over many windows found.
struct tally {
  std::size_t windows = 0, in_words = 0, different = 0;
};

/// Everything that must hold for the windows of one text. Stops at a word that is longer than a window.
void check_windows(const fewfit::model& m, std::string_view text, std::size_t window, std::size_t overlap, tally& t) {
  const whole_text whole(m, text);
  const std::vector<text_window> windows = windows_of(m, text, window, overlap);
  REQUIRE(!windows.empty());
  if (whole.size() <= window) {
    REQUIRE(windows.size() == 1);
    REQUIRE(windows[0].text.data() == text.data());
    REQUIRE(windows[0].text.size() == text.size());
  }
  REQUIRE(windows.front().text.data() == text.data());
  REQUIRE(windows.back().text.data() + windows.back().text.size() == text.data() + text.size());
  std::size_t reached = 0;  // tokens that some window has
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const text_window& w = windows[i];
    ++t.windows;
    if (i > 0) REQUIRE(w.text.data() <= windows[i - 1].text.data() + windows[i - 1].text.size());  // no gap
    if (i > 0) REQUIRE(w.text.data() > windows[i - 1].text.data());
    const std::vector<std::uint32_t> own = m.tokenize(w.text, {false, false, false}).ids;
    const std::size_t first = whole.ended_at(static_cast<std::size_t>(w.text.data() - text.data()));
    if (!whole.reads(own, first) || (own.empty() && windows.size() > 1)) {
      const bool in_word = reached < whole.size() && whole.word_size(reached) > window;
      if (whole.in_order()) REQUIRE(in_word);
      return ++(in_word ? t.in_words : t.different), void();
    }
    REQUIRE(own.size() == w.tokens);
    REQUIRE(w.tokens <= window);
    REQUIRE(first <= reached);
    REQUIRE(reached - first <= overlap);
    reached = first + own.size();
    if (first < whole.size() && whole.inside[first]) REQUIRE(whole.word_size(first) > window);
    if (reached < whole.size() && whole.inside[reached]) REQUIRE(whole.word_size(reached) > window);
  }
  CHECK(reached == whole.size());
}

}  // namespace

TEST_SUITE_BEGIN("text_windows");

TEST_CASE("windows end at white space if there is some in their second half, else at a word's end") {
  CHECK(cut_up(" good day  bad day not ", 2, 0) == strings{"good day", "bad day", "not"});
  CHECK(cut_up("good day bad day not", 2, 1) == strings{"good day", "day bad", "bad day", "day not"});
  CHECK(cut_up("good bad! day", 3, 0) == strings{"good bad!", "day"});
  CHECK(cut_up("good day bad!day", 4, 0) == strings{"good day", "bad!day"});  // not bad! and day
  CHECK(cut_up("good a!", 2, 1) == strings{"good", "a!"});                    // no overlap is short enough
  CHECK(cut_up("good a!a!a!a", 4, 0) == strings{"good a!a", "!a!a"});         // white space is too far back
  CHECK(cut_up("good a!a!a!a", 4, 1) == strings{"good a!a", "a!a!", "!a"});
}

TEST_CASE("a word that fits is never cut; one that does not is cut between its tokens") {
  const fewfit::model& m = support::shared_tiny();
  REQUIRE(m.tokenize("gooddays", {false, false, false}).ids.size() == 3);  // good ##day ##s
  CHECK(cut_up("bad gooddays bad", 3, 0) == strings{"bad", "gooddays", "bad"});
  CHECK(cut_up("bad gooddays bad", 3, 2) == strings{"bad", "gooddays", "bad"});
  CHECK(cut_up("a b gooddays", 3, 1) == strings{"a b", "gooddays"});  // b again would be nothing new
  CHECK(cut_up("gooddays", 2, 0) == strings{"goodday", "s"});
  CHECK(cut_up("bad gooddays", 2, 0) == strings{"bad", "goodday", "s"});
  CHECK(cut_up("gooddays", 1, 0) == strings{"good", "day", "s"});
}

TEST_CASE("a text that fits is one window, as it is") {
  const fewfit::model& m = support::shared_tiny();
  for (const std::string text : {"", " ", "  good ", "good day bad day not very a b c "}) {
    const auto windows = windows_of(m, text, 9, 3);
    REQUIRE(windows.size() == 1);
    CHECK(windows[0].text == text);
    CHECK(windows[0].tokens == m.tokenize(text, {false, false, false}).ids.size());
  }
  const auto padded = windows_of(m, "  good day ", 9, 3);
  CHECK(padded[0].where.begin == 2);
  CHECK(padded[0].where.end == 10);
}

TEST_CASE("many texts in one cutter, and a text that is left half-way") {
  const fewfit::model& m = support::shared_tiny();
  fewfit::text_windows cutter(m, 2, 0);
  fewfit::workspace scratch;
  text_window w;
  CHECK(!cutter.next(scratch, w));
  cutter.begin("good day bad");
  REQUIRE(cutter.next(scratch, w));
  cutter.begin("not bad day");
  REQUIRE(cutter.next(scratch, w));
  CHECK(w.text == "not bad");
  cutter.begin(support::endless_text());
  CHECK(!cutter.next(scratch, w));
  CHECK(cutter.status() == fewfit::errc::text_too_long);
  std::vector<unsigned char> memory(512);
  fewfit::workspace small(memory.data(), memory.size());
  cutter.begin("good");
  CHECK(!cutter.next(small, w));
  CHECK(cutter.status() == fewfit::errc::workspace_too_small);
  cutter.begin("good");
  CHECK(cutter.next(scratch, w));
  CHECK(cutter.status() == fewfit::errc::none);
}

TEST_CASE("adversarial texts: no gap, no word cut that fits, and the tokens of the whole text in every window") {
  const auto demonstration = fewfit::model::load(FEWFIT_MODEL);
  REQUIRE(demonstration);
  const std::size_t most = demonstration->config().max_length - 2;
  support::adversarial_texts texts(11);
  tally tiny, real;
  for (int round = 0; round < 1500; ++round) {
    std::string text = texts.next();
    for (int more = round % 4; more > 0; --more) text += texts.next();
    CAPTURE(text);
    for (const std::size_t window : {3u, 5u, 10u})
      check_windows(support::shared_tiny(), text, window, window / 3, tiny);
    for (const std::size_t window : {std::size_t{4}, std::size_t{30}, most})
      check_windows(*demonstration, text, window, window / 4, real);
  }
  MESSAGE("tiny: " << tiny.windows << " windows, " << tiny.in_words << " cut in words, " << tiny.different
                   << " out of order; demonstration: " << real.windows << ", " << real.in_words << ", "
                   << real.different);
  CHECK(real.windows > 10000);
  CHECK(real.different == 0);
  CHECK(tiny.different == 0);
}

TEST_SUITE_END();

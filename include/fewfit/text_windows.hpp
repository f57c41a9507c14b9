// SPDX-License-Identifier: MIT
#pragma once
// A text of any length as windows that a model can look at: parts of the text, cut at word ends, with overlap.
//
//   text     |the quick brown fox jumps over the lazy dog|
//   windows  |the quick brown fox| |brown fox jumps over| ...
//
// A window is a view into the text, so nothing is copied, and it is found by tokenising what lies behind the start of
// the one before: a text is never held as tokens, and one of 10 MB takes the memory of one window. Before it is cut
// anywhere, both sides are tokenised alone: a place where either would have other tokens than the whole text has
// there is not taken. The exception is a word that is longer than a window: its rest is read as a word of its own.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fewfit/api.hpp"

namespace fewfit {
inline namespace v0 {

/// A part of a text.
struct text_window {
  std::string_view text;   // what the model is to read: the whole text where it fits
  byte_range where;        // from its first token to its last; empty where there is none
  std::size_t tokens = 0;  // without [CLS] and [SEP]
};

/// Cuts texts into windows, one after the other. Allocates when it is made, then never.
class text_windows {
 public:
  /// needs  1 <= window <= max_length() - 2, overlap < window; m outlives it and stays where it is
  text_windows(const model& m, std::size_t window, std::size_t overlap)
      : model_(m),
        window_(window),
        overlap_(overlap),
        ids_(window + 3),
        again_(window + 3),
        offsets_(window + 3),
        offsets_again_(window + 3) {}

  void begin(std::string_view text) noexcept { text_ = text, start_ = 0, reached_ = 0, at_end_ = false; }

  /// The next window; false where there is none, or where something went wrong.
  ///
  /// cost    the bytes of a window are tokenised about five times: 15 microseconds, where the network takes 10 ms
  /// errors  status(): text_too_long, out_of_memory, workspace_busy or workspace_too_small
  bool next(workspace& scratch, text_window& out) noexcept {
    if (at_end_) return false;
    bool more = false;
    std::size_t count = 0;
    if (!read(scratch, more, count)) return false;
    if (!more) return take_all(count, out);
    std::size_t old = 0;  // tokens that the window before has, too
    while (old < count && start_ + offset(old).end <= reached_) ++old;
    std::size_t cut = best_cut(scratch, count, old);
    if (cut == 0) {  // the next word has no room behind the overlap
      start_ = reached_;
      if (!read(scratch, more, count)) return false;
      if (!more) return take_all(count, out);
      cut = best_cut(scratch, count, 0);
    }
    take(cut, end_before(cut), out);
    reached_ = start_ + end_before(cut);
    start_ += next_start(scratch, cut);
    return true;
  }

  errc status() const noexcept { return status_; }

 private:
  static constexpr std::size_t no_end = static_cast<std::size_t>(-1);
  enum class place : std::uint8_t { in_word, word_end, white_space };

  byte_range offset(std::size_t i) const noexcept { return offsets_[i + 1]; }  // [CLS] is in front

  /// Tokenises what begins at start_: `count` tokens, and whether there are more.
  bool read(workspace& scratch, bool& more, std::size_t& count) noexcept {
    text_info info;
    const std::string_view rest = text_.substr(start_);
    status_ = model_.tokenize(rest, scratch, {ids_.data(), window_ + 2}, info, {offsets_.data(), window_ + 2});
    at_end_ = status_ != errc::none;
    if (at_end_) return false;
    more = info.truncated;
    known_ = count = info.tokens - 2;
    if (more) look_behind(scratch, count);
    return true;
  }

  /// Finds the token behind a full window, which tells whether a word ends there: reads the last word once more.
  void look_behind(workspace& scratch, std::size_t count) noexcept {
    std::size_t word = count - 1;
    while (word > 0 && kind(word) == place::in_word) --word;
    if (word == 0) return;  // one word is as long as the window, or longer
    const std::size_t begin = end_before(word), same = count - word;
    if (!reads_same(scratch, begin, no_end, word, count, 1)) return;
    const byte_range found = offsets_again_[same + 1];
    ids_[count + 1] = again_[same + 1];
    offsets_[count + 1] = {static_cast<std::uint32_t>(begin + found.begin),
                           static_cast<std::uint32_t>(begin + found.end)};
    known_ = count + 1;
  }

  /// Whether the bytes [begin, end), read alone, begin with the tokens [first, last) and have `more` behind them.
  bool reads_same(workspace& scratch, std::size_t begin, std::size_t end, std::size_t first, std::size_t last,
                  std::size_t more) noexcept {
    const std::size_t count = last - first, room = count + more + 2;
    text_info info;
    const std::string_view part = text_.substr(start_ + begin, end - begin);
    const errc e = model_.tokenize(part, scratch, {again_.data(), room}, info, {offsets_again_.data(), room});
    if (e != errc::none || info.tokens != room || (end != no_end && info.truncated)) return false;
    for (std::size_t i = 1; i <= count; ++i) {
      const byte_range there = offsets_[first + i], alone = offsets_again_[i];
      if (again_[i] != ids_[first + i] || begin + alone.begin != there.begin || begin + alone.end != there.end)
        return false;
    }
    return true;
  }

  /// Whether a window may begin at token i: what is known of the tokens from there on is read alone, too.
  bool may_begin(workspace& scratch, std::size_t i) noexcept {
    return reads_same(scratch, end_before(i), no_end, i, known_, 0);
  }
  /// Whether a window that ends before token i has the tokens up to there.
  bool ends_well(workspace& scratch, std::size_t i) noexcept {
    return reads_same(scratch, 0, end_before(i), 0, i, 0);
  }
  bool may_cut(workspace& scratch, std::size_t i) noexcept {
    return ends_well(scratch, i) && (i >= known_ || may_begin(scratch, i));
  }

  std::size_t begin_from(std::size_t i) const noexcept {
    std::size_t begin = offset(i).begin;
    for (; i < known_; ++i) begin = offset(i).begin < begin ? offset(i).begin : begin;
    return begin;
  }
  std::size_t end_before(std::size_t i) const noexcept {
    std::size_t end = 0;
    while (i-- > 0) end = offset(i).end > end ? offset(i).end : end;
    return end;
  }

  /// What lies between token i and the one before it.    needs  0 < i
  place kind(std::size_t i) const noexcept {
    if (i >= known_) return place::in_word;
    const std::string_view token = model_.token(ids_[i + 1]);
    const std::size_t end = end_before(i), begin = begin_from(i);
    if (begin < end || (token.size() > 2 && token.substr(0, 2) == "##")) return place::in_word;
    return begin == end ? place::word_end : place::white_space;
  }

  /// How many of `count` tokens a window takes: up to the last white space, if that is not in its first half, else up
  /// to the last word end; more than `old`. Inside a word if none ends, or 0 if there are old ones.
  std::size_t best_cut(workspace& scratch, std::size_t count, std::size_t old) noexcept {
    for (std::size_t i = count; i > old && 2 * i >= count; --i)
      if (kind(i) == place::white_space && may_cut(scratch, i)) return i;
    for (std::size_t i = count; i > old; --i)
      if (kind(i) != place::in_word && may_cut(scratch, i)) return i;
    for (std::size_t i = count; i > 0 && old == 0; --i)
      if (ends_well(scratch, i)) return i;  // not inside a character that is several tokens
    return old == 0 ? count : 0;
  }

  /// Where the next window starts, from start_: with at most `overlap` tokens again, at white space if there is any.
  std::size_t next_start(workspace& scratch, std::size_t cut) noexcept {
    const std::size_t first = cut > overlap_ ? cut - overlap_ : 1;
    for (const place wanted : {place::white_space, place::word_end})
      for (std::size_t i = first; i < cut; ++i)
        if (kind(i) == wanted && may_begin(scratch, i)) return end_before(i);
    return end_before(cut);
  }

  void take(std::size_t count, std::size_t end, text_window& out) noexcept {
    const std::size_t first = count != 0 ? begin_from(0) : 0, last = count != 0 ? end_before(count) : 0;
    out.where = {static_cast<std::uint32_t>(start_ + first),
                 static_cast<std::uint32_t>(start_ + (last > first ? last : first))};
    out.text = text_.substr(start_, end);
    out.tokens = count;
  }

  /// The last window. Nothing may be left of a word that was cut, then there is none.
  bool take_all(std::size_t count, text_window& out) noexcept {
    at_end_ = true;
    take(count, no_end, out);
    return start_ == 0 || count != 0;
  }

  const model& model_;
  std::size_t window_, overlap_;
  std::vector<std::uint32_t> ids_, again_;           // [window + 3]: [CLS], the window, the token behind it
  std::vector<byte_range> offsets_, offsets_again_;  // [window + 3], from where was read
  std::string_view text_;
  std::size_t start_ = 0;    // where the window begins
  std::size_t reached_ = 0;  // where the one before ended
  std::size_t known_ = 0;    // tokens that are in ids_
  errc status_ = errc::none;
  bool at_end_ = true;
};

}  // namespace v0
}  // namespace fewfit

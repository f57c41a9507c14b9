// SPDX-License-Identifier: MIT
#pragma once
// Text to token ids, equal to BertTokenizerFast (tokenizers 0.21.1 to 0.22.x) on every byte string.
//
//   text --(split_at_added_tokens)--> pieces --(normalizer)--> characters --(normalized_matcher)-->
//   characters --(word_splitter)--> words --(wordpiece)--> ids --> [CLS] ids [SEP]
//
// Where nobody asks for the bytes that a token came from, fast_words goes from pieces to words in one step as long as
// the characters are easy; the tests compare both ways.
//
// What is no UTF-8 counts as U+FFFD, an ill-formed sequence each, before anything else is done: "[MA\xFFSK]" must not
// become [MASK] because the bad byte vanished first. Nothing here allocates, and time is linear in the text: a stage
// waits for the end of the word at hand, of a run of marks, or of white space that a token with lstrip or rstrip
// takes.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fewfit/result.hpp"
#include "fewfit/text/added_tokens.hpp"
#include "fewfit/text/basic_tokenizer.hpp"
#include "fewfit/text/normalized_tokens.hpp"
#include "fewfit/text/wordpiece.hpp"

namespace fewfit {
inline namespace v0 {

/// Everything that decides about ids: numbers, and views into the model file.
struct tokenizer {
  tokenizer_config config;
  vocabulary vocab;
  added_tokens added;
};

/// How much scratch memory a call needs, aligned for u32. A pure function: 22 KB for words of 100 characters, of
/// which a call that asks for no ranges touches 2 KB.
inline std::size_t tokenizer_scratch_bytes(const tokenizer_config& config) noexcept {
  const std::size_t word_bytes = std::size_t{4} * config.max_input_chars_per_word;
  return word_bytes * (2 * sizeof(std::uint32_t) + 2 * sizeof(byte_range) + 1) +
         (max_added_token_bytes + 1) * sizeof(detail::normalized_character);
}

namespace detail {

inline constexpr std::size_t max_text_bytes = 0x7FFFFFFF;

/// The parts of the scratch memory of one call.
struct tokenizer_scratch {
  std::uint32_t* ids;            // [4 max_input_chars_per_word] of the word at hand
  std::uint32_t* ends;           // [4 max_input_chars_per_word] of its pieces
  byte_range* ranges;            // [4 max_input_chars_per_word] where its pieces came from
  byte_range* sources;           // [4 max_input_chars_per_word] where its bytes came from
  normalized_character* window;  // [max_added_token_bytes + 1] that may belong to a normalized added token
  char* word;                    // [4 max_input_chars_per_word] bytes of the word at hand

  tokenizer_scratch(const tokenizer_config& config, void* memory) noexcept {
    const std::size_t word_bytes = std::size_t{4} * config.max_input_chars_per_word;
    ids = static_cast<std::uint32_t*>(memory);
    ends = ids + word_bytes;
    ranges = reinterpret_cast<byte_range*>(ends + word_bytes);
    sources = ranges + word_bytes;
    window = reinterpret_cast<normalized_character*>(sources + word_bytes);
    word = reinterpret_cast<char*>(window + max_added_token_bytes + 1);
  }
};

/// The last stage: words and added tokens to ids.
///
/// `Ids` is bool(const uint32_t* ids, const byte_range* ranges, size_t count); ranges is null if none were asked for.
template <class Ids>
class id_stage {
 public:
  id_stage(const tokenizer& t, const tokenizer_scratch& scratch, bool ranges, Ids& ids) noexcept
      : t_(t), scratch_(scratch), ranges_(ranges), ids_(ids) {}

  bool word(const word_buffer& word) {
    if (word.chars > word.max_chars) return ids_(&t_.vocab.unk, ranges_ ? &word.whole : nullptr, std::size_t{1});
    const std::string_view bytes(word.bytes, word.size);
    if (!ranges_) return ids_(scratch_.ids, nullptr, wordpiece(t_.vocab, bytes, scratch_.ids));
    const std::size_t count = wordpiece(t_.vocab, bytes, scratch_.ids, scratch_.ends);
    for (std::size_t i = 0; i != count; ++i) {
      const std::uint32_t first = i == 0 ? 0 : scratch_.ends[i - 1], last = scratch_.ends[i] - 1;
      scratch_.ranges[i] = {word.ranges[first].begin, word.ranges[last].end};
    }
    return ids_(scratch_.ids, scratch_.ranges, count);
  }

  bool short_word(std::uint64_t key, bool& wants_more) {
    if (t_.vocab.words.slot_count == 0) return false;
    const std::uint32_t id = find(t_.vocab.words, key);
    if (id == no_token) return false;
    wants_more = ids_(&id, nullptr, std::size_t{1});
    return true;
  }

  bool token(std::uint32_t index, byte_range from) {
    return ids_(t_.added.ids + index, ranges_ ? &from : nullptr, std::size_t{1});
  }

 private:
  const tokenizer& t_;
  const tokenizer_scratch& scratch_;
  const bool ranges_;
  Ids& ids_;
};

/// All stages behind the raw text, each bound to the next.
template <class Ids>
class pipeline {
 public:
  pipeline(const tokenizer& t, const char* text, void* scratch, bool ranges, Ids& ids) noexcept
      : config_(t.config),
        scratch_(t.config, scratch),
        ids_(t, scratch_, ranges, ids),
        words_({scratch_.word, ranges ? scratch_.sources : nullptr, t.config.max_input_chars_per_word}, ids_),
        matcher_(t.added, ranges, scratch_.window, words_),
        normalizer_(t.config, text, ranges, matcher_),
        shortcut_(ranges || matcher_.is_active() ? shortcut::none : shortcut_for(t.config)) {}
  pipeline(const pipeline&) = delete;
  pipeline& operator=(const pipeline&) = delete;

  void begin(const char* piece) noexcept {
    normalizer_.begin(piece);
    matcher_.begin();
  }

  bool feed(const char* end) {
    bool wants_more = true;
    while (wants_more && normalizer_.fed() < end) {
      if (shortcut_ != shortcut::none && !normalizer_.in_run()) normalizer_.skip_to(take_words(end, wants_more));
      if (wants_more && normalizer_.fed() != end) wants_more = normalizer_.feed_one(end);
    }
    return wants_more;
  }

  bool finish() { return normalizer_.finish() && matcher_.finish(); }
  const char* fed() const noexcept { return normalizer_.fed(); }
  bool token(std::uint32_t index, byte_range from) { return ids_.token(index, from); }

 private:
  using id_stage_type = id_stage<Ids>;
  using words_type = word_splitter<id_stage_type>;
  using matcher_type = normalized_matcher<words_type>;

  const char* take_words(const char* end, bool& wants_more) {
    const char* const p = normalizer_.fed();
    if (shortcut_ == shortcut::uncased)
      return fast_words<shortcut::uncased, id_stage_type>(config_, words_).take(p, end, wants_more);
    return fast_words<shortcut::cased, id_stage_type>(config_, words_).take(p, end, wants_more);
  }

  const tokenizer_config& config_;
  const tokenizer_scratch scratch_;
  id_stage_type ids_;
  words_type words_;
  matcher_type matcher_;
  normalizer<matcher_type> normalizer_;
  const shortcut shortcut_;
};

}  // namespace detail

/// Hands all ids of a text to `sink`, however many there are, those of one word at a time.
///
/// needs   a checked tokenizer, tokenizer_scratch_bytes at `scratch`; bool sink(const uint32_t* ids,
///         const byte_range* ranges, size_t count), which returns false to stop. Without `ranges` it gets null there
/// errors  text_too_long (over 2 GiB), before any byte is read and any id is given
/// A range is what the original's `offset_mapping` holds, in bytes of `text`; that of [CLS] and [SEP] is empty.
template <class Sink>
errc tokenize_all(const tokenizer& t, std::string_view text, void* scratch, Sink&& sink, bool special_tokens = true,
                  bool ranges = false) {
  if (text.size() > detail::max_text_bytes) return errc::text_too_long;
  const byte_range nowhere;
  const byte_range* const special_range = ranges ? &nowhere : nullptr;
  if (special_tokens && !sink(&t.config.cls, special_range, std::size_t{1})) return errc::none;
  bool wants_more = true;
  const auto ids = [&](const std::uint32_t* first, const byte_range* where, std::size_t count) {
    return wants_more = sink(first, where, count);
  };
  detail::pipeline<decltype(ids)> stages(t, text.data(), scratch, ranges, ids);
  detail::split_at_added_tokens(t.added, text, stages);
  if (special_tokens && wants_more) sink(&t.config.sep, special_range, std::size_t{1});
  return errc::none;
}

struct tokenize_result {
  std::size_t count = 0;   // ids written, [CLS] and [SEP] included
  bool truncated = false;  // the untruncated list is longer
  errc status = errc::none;
};

/// Writes the ids of a text, at most `max_ids`: what does not fit is cut off at the end, [SEP] stays.
///
/// needs   a checked tokenizer, tokenizer_scratch_bytes at `scratch`, room for max_ids ids at `out` and for as many
///         `ranges` if they are wanted; max_ids >= 2 with special tokens
/// errors  text_too_long (over 2 GiB), before any byte is read; then count is 0
/// Reading stops when an id does not fit, and not before its word is complete: until then it may be an [UNK].
inline tokenize_result tokenize(const tokenizer& t, std::string_view text, std::size_t max_ids, void* scratch,
                                std::uint32_t* out, bool special_tokens = true,
                                byte_range* ranges = nullptr) noexcept {
  FEWFIT_ASSERT(max_ids >= 2 || !special_tokens);
  tokenize_result result;
  const auto put = [&](std::uint32_t id, byte_range from) {
    if (ranges != nullptr) ranges[result.count] = from;
    out[result.count++] = id;
  };
  if (text.size() > detail::max_text_bytes) return result.status = errc::text_too_long, result;
  if (special_tokens) put(t.config.cls, {});
  const std::size_t room = special_tokens ? max_ids - 1 : max_ids;
  const auto write = [&](const std::uint32_t* ids, const byte_range* where, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (result.count == room) return result.truncated = true, false;
      put(ids[i], where == nullptr ? byte_range() : where[i]);
    }
    return true;
  };
  result.status = tokenize_all(t, text, scratch, write, false, ranges != nullptr);
  if (special_tokens) put(t.config.sep, {});
  return result;
}

}  // namespace v0
}  // namespace fewfit

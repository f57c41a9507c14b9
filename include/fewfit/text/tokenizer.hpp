// SPDX-License-Identifier: MIT
#pragma once
// Text to token ids, equal to BertTokenizerFast (tokenizers 0.21.1 to 0.22.x) on every byte string.
//
//   text --(split_at_added_tokens)--> pieces --(normalizer)--> characters --(normalized_matcher)-->
//   characters --(word_splitter)--> words --(wordpiece)--> ids --> [CLS] ids [SEP]
//
// What is no UTF-8 counts as U+FFFD, an ill-formed sequence each, before anything else is done: "[MA\xFFSK]" must not
// become [MASK] because the bad byte vanished first. Nothing here allocates, and time is linear in the text: no stage
// waits for the end of anything but the word at hand.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fewfit/result.hpp"
#include "fewfit/text/added_tokens.hpp"
#include "fewfit/text/basic_tokenizer.hpp"
#include "fewfit/text/wordpiece.hpp"

namespace fewfit {
inline namespace v0 {

/// Everything that decides about ids: numbers, and views into the model file.
struct tokenizer {
  tokenizer_config config;
  vocabulary vocab;
  added_tokens added;
};

/// How much scratch memory a call needs, aligned for u32. A pure function: 6100 bytes for words of 100 characters.
inline std::size_t tokenizer_scratch_bytes(const tokenizer_config& config) noexcept {
  const std::size_t word_bytes = std::size_t{4} * config.max_input_chars_per_word;
  return (word_bytes + max_added_token_bytes + 1) * sizeof(std::uint32_t) + word_bytes;
}

namespace detail {

inline constexpr std::size_t max_text_bytes = 0x7FFFFFFF;

/// The parts of the scratch memory of one call.
struct tokenizer_scratch {
  std::uint32_t* pieces;  // [4 max_input_chars_per_word] ids of the word at hand
  std::uint32_t* window;  // [max_added_token_bytes + 1] characters that may belong to a normalized added token
  char* word;             // [4 max_input_chars_per_word] bytes of the word at hand

  tokenizer_scratch(const tokenizer_config& config, void* memory) noexcept
      : pieces(static_cast<std::uint32_t*>(memory)),
        window(pieces + std::size_t{4} * config.max_input_chars_per_word),
        word(reinterpret_cast<char*>(window + max_added_token_bytes + 1)) {}
};

/// The last stage: words and added tokens to ids. `Ids` is bool(const uint32_t* ids, size_t count).
template <class Ids>
class id_stage {
 public:
  id_stage(const tokenizer& t, std::uint32_t* scratch, Ids& ids) noexcept : t_(t), pieces_(scratch), ids_(ids) {}

  bool word(std::string_view bytes, bool too_long) {
    if (too_long) return ids_(&t_.vocab.unk, std::size_t{1});
    return ids_(pieces_, wordpiece(t_.vocab, bytes, pieces_));
  }

  bool token(std::uint32_t index) { return ids_(t_.added.ids + index, std::size_t{1}); }

 private:
  const tokenizer& t_;
  std::uint32_t* pieces_;
  Ids& ids_;
};

/// All stages behind the raw text, each bound to the next.
template <class Ids>
class pipeline {
 public:
  pipeline(const tokenizer& t, const tokenizer_scratch& scratch, Ids& ids) noexcept
      : ids_(t, scratch.pieces, ids),
        words_(t.config, scratch.word, ids_),
        matcher_(t.added, scratch.window, words_),
        normalizer_(t.config, matcher_) {}
  pipeline(const pipeline&) = delete;
  pipeline& operator=(const pipeline&) = delete;

  void begin(const char* piece) noexcept {
    normalizer_.begin(piece);
    matcher_.begin();
  }
  bool feed(const char* end) { return normalizer_.feed(end); }
  bool finish() { return normalizer_.finish() && matcher_.finish(); }
  const char* fed() const noexcept { return normalizer_.fed(); }
  bool token(std::uint32_t index) { return ids_.token(index); }

 private:
  using id_stage_type = id_stage<Ids>;
  using words_type = word_splitter<id_stage_type>;
  using matcher_type = normalized_matcher<words_type>;

  id_stage_type ids_;
  words_type words_;
  matcher_type matcher_;
  normalizer<matcher_type> normalizer_;
};

/// The ids between [CLS] and [SEP], those of one word at a time. `Ids` as for id_stage; false stops.
template <class Ids>
errc tokenize_words(const tokenizer& t, std::string_view text, void* scratch, Ids& ids) {
  if (text.size() > max_text_bytes) return errc::text_too_long;
  pipeline<Ids> stages(t, tokenizer_scratch(t.config, scratch), ids);
  split_at_added_tokens(t.added, text, stages);
  return errc::none;
}

}  // namespace detail

/// Hands all ids of a text to `sink`, however many there are, those of one word at a time.
///
/// needs   a checked tokenizer, tokenizer_scratch_bytes at `scratch`; bool sink(const uint32_t* ids, size_t count),
///         which returns false to stop
/// errors  text_too_long (over 2 GiB), before any byte is read and any id is given
template <class Sink>
errc tokenize_all(const tokenizer& t, std::string_view text, void* scratch, Sink&& sink, bool special_tokens = true) {
  if (text.size() > detail::max_text_bytes) return errc::text_too_long;
  if (special_tokens && !sink(&t.config.cls, std::size_t{1})) return errc::none;
  bool wants_more = true;
  const auto ids = [&](const std::uint32_t* first, std::size_t count) { return wants_more = sink(first, count); };
  const errc status = detail::tokenize_words(t, text, scratch, ids);
  if (special_tokens && wants_more) sink(&t.config.sep, std::size_t{1});
  return status;
}

struct tokenize_result {
  std::size_t count = 0;   // ids written, [CLS] and [SEP] included
  bool truncated = false;  // the untruncated list is longer
  errc status = errc::none;
};

/// Writes the ids of a text, at most `max_ids`: what does not fit is cut off at the end, [SEP] stays.
///
/// needs   a checked tokenizer, tokenizer_scratch_bytes at `scratch`, room for max_ids ids at `out`;
///         max_ids >= 2 with special tokens
/// errors  text_too_long (over 2 GiB), before any byte is read; then count is 0
/// Reading stops when an id does not fit, and not before its word is complete: until then it may be an [UNK].
inline tokenize_result tokenize(const tokenizer& t, std::string_view text, std::size_t max_ids, void* scratch,
                                std::uint32_t* out, bool special_tokens = true) noexcept {
  FEWFIT_ASSERT(max_ids >= 2 || !special_tokens);
  tokenize_result result;
  if (text.size() > detail::max_text_bytes) return result.status = errc::text_too_long, result;
  if (special_tokens) out[result.count++] = t.config.cls;
  const std::size_t room = special_tokens ? max_ids - 1 : max_ids;
  const auto write = [&](const std::uint32_t* ids, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      if (result.count == room) return result.truncated = true, false;
      out[result.count++] = ids[i];
    }
    return true;
  };
  result.status = detail::tokenize_words(t, text, scratch, write);
  if (special_tokens) out[result.count++] = t.config.sep;
  return result;
}

}  // namespace v0
}  // namespace fewfit

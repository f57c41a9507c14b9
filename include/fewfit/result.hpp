// SPDX-License-Identifier: MIT
#pragma once
// What can go wrong, and `result<T>`: a value, or an error with the place where it happened.
//
// One value of `errc` for each way in which a file, a text or a machine can be wrong, one sentence for each value,
// and one test that produces it (tests/result.cpp counts them). No strings are built: `error` holds a code, a
// static name of the field or section, and a number (a byte offset, an index or the offending value).

#include <cstdint>
#include <optional>
#include <utility>

#include "fewfit/config.hpp"

#if FEWFIT_EXCEPTIONS
#include <stdexcept>
#else
#include <cstdlib>
#endif

namespace fewfit {
inline namespace v0 {
/// Each way in which a file, a text or a machine can be wrong.
enum class errc : std::uint32_t {
  none = 0,
  // the file as an object
  file_not_found,
  file_not_readable,
  not_a_regular_file,
  file_empty,
  file_changed,
  map_failed,
  out_of_memory,
  misaligned_memory,
  // the container
  file_too_short,
  not_a_model_file,
  text_mode_damage,
  wrong_byte_order,
  unsupported_version,
  wrong_file_size,
  unsupported_kind,
  unsupported_flags,
  reserved_not_zero,
  bad_section_count,
  header_checksum,
  unknown_section,
  section_order,
  missing_section,
  section_out_of_bounds,
  trailing_bytes,
  padding_not_zero,
  section_checksum,
  section_size,
  // what the numbers say
  bad_dimension,
  bad_head_count,
  bad_max_length,
  bad_epsilon,
  bad_flag,
  unknown_activation,
  unknown_pooling,
  unknown_weight_type,
  unknown_head_kind,
  unsupported_target,
  bad_chain_order,
  bad_share,
  bad_fit_option,
  unsupported_unicode_tables,
  bad_word_limit,
  bad_string_table,
  bad_utf8,
  string_too_long,
  bad_trie,
  bad_token_id,
  missing_special_token,
  duplicate_special_token,
  bad_added_token,
  bad_label,
  bad_about,
  bad_self_test,
  non_finite_weight,
  subnormal_weight,
  bad_scale,
  byte_out_of_range,
  pair_out_of_range,
  wrong_byte_sum,
  wrong_shift,
  // what a machine or a call can meet
  unsupported_kernels,
  no_self_test,
  no_head,
  no_examples,
  one_label,
  empty_text,
  wrong_body,
  text_too_long,
  bad_argument,
  workspace_too_small,
  workspace_busy,
  cancelled,
  non_finite_output,
};

/// How many values `errc` has, `none` included.
inline constexpr std::uint32_t errc_count = 74;

/// The sentence for a code: lower case, no full stop, says what to do where something can be done.
constexpr const char* message(errc code) noexcept {
  switch (code) {
    case errc::none: return "no error";
    case errc::file_not_found: return "no file has this name";
    case errc::file_not_readable: return "the file cannot be opened or read: check its permissions";
    case errc::not_a_regular_file: return "this is a directory, a pipe or a device, not a model file";
    case errc::file_empty: return "the file is empty";
    case errc::file_changed:
      return "the file changed its size while it was being read: load it again when it is complete";
    case errc::map_failed: return "the operating system would not map the file";
    case errc::out_of_memory: return "there is not enough memory";
    case errc::misaligned_memory: return "a model in memory must begin at an address that is a multiple of 64";
    case errc::file_too_short: return "the file is shorter than a model file's header: it was cut off";
    case errc::not_a_model_file: return "the file does not begin as a fewfit model does";
    case errc::text_mode_damage: return "the file was copied in text mode, which damages it: copy it as binary";
    case errc::wrong_byte_order: return "the file was written for machines of another byte order";
    case errc::unsupported_version:
      return "the file's format version is not one this release reads: use a newer fewfit, or convert the model "
             "again";
    case errc::wrong_file_size:
      return "the file's length is not the one its header states: it was cut off or something was appended";
    case errc::unsupported_kind:
      return "a model was expected and this is a head's own file, or the other way round: load a head beside its "
             "model";
    case errc::unsupported_flags: return "the file requires a feature this release does not have";
    case errc::reserved_not_zero: return "bytes that must be zero are not";
    case errc::bad_section_count: return "the number of sections is out of range";
    case errc::header_checksum: return "the checksum of header and directory is wrong: the file is damaged";
    case errc::unknown_section: return "the file has a section this release does not know";
    case errc::section_order: return "the sections are not in their order, or one is there twice";
    case errc::missing_section: return "a section is missing";
    case errc::section_out_of_bounds: return "a section ends past the end of the file";
    case errc::trailing_bytes: return "there are bytes behind the last section";
    case errc::padding_not_zero: return "padding between sections or arrays is not zero";
    case errc::section_checksum: return "the checksum of a section is wrong: the file is damaged";
    case errc::section_size: return "a section's size is not what its numbers demand";
    case errc::bad_dimension: return "a size is out of range";
    case errc::bad_head_count: return "the hidden size is not a multiple of the number of attention heads";
    case errc::bad_max_length: return "the maximum length is below 3 or above the number of positions";
    case errc::bad_epsilon: return "layer_norm_eps is not a number between 1e-30 and 1";
    case errc::bad_flag: return "a yes-or-no field is neither 0 nor 1";
    case errc::unknown_activation: return "the activation is not one this release computes";
    case errc::unknown_pooling: return "the pooling is not one this release computes";
    case errc::unknown_weight_type: return "the weights are of a type this release does not compute with";
    case errc::unknown_head_kind: return "the head is of a kind this release does not compute";
    case errc::unsupported_target: return "one label or several: the head's kind and its target do not agree";
    case errc::bad_chain_order: return "the links of a chain do not name each target once";
    case errc::unsupported_unicode_tables:
      return "the tokenizer was made for other Unicode tables than this release has";
    case errc::bad_word_limit: return "max_input_chars_per_word is out of range";
    case errc::bad_string_table: return "the offsets of a string table are not in order";
    case errc::bad_utf8: return "a string is not UTF-8";
    case errc::string_too_long: return "a string is longer than the format allows";
    case errc::bad_trie: return "a lookup structure leads outside of itself or disagrees with its strings";
    case errc::bad_token_id: return "a token's id has no row among the word embeddings";
    case errc::missing_special_token: return "[UNK], [CLS] or [SEP] does not name a token";
    case errc::duplicate_special_token: return "two of [UNK], [CLS] and [SEP] are the same token";
    case errc::bad_added_token: return "an added token is empty, out of order, or has unknown flags";
    case errc::bad_share: return "a share is not a number from 0 to 1";
    case errc::bad_fit_option: return "an option that the head was fitted with is out of its range";
    case errc::bad_label: return "a label is empty, or there is none of this number";
    case errc::bad_about: return "the keys of the about section are not in order";
    case errc::bad_self_test: return "a self-test's probability is not between 0 and 1";
    case errc::non_finite_weight: return "a weight is infinite or not a number";
    case errc::subnormal_weight: return "a weight in bf16 is subnormal: zero must stand in its place";
    case errc::bad_scale: return "a scale is not a positive normal number, or not 1 where there is no output";
    case errc::byte_out_of_range: return "a weight in i8 is -128: bytes are from -127 to 127";
    case errc::pair_out_of_range: return "a pair of weights in i8 sums to more than 128: a larger scale is needed";
    case errc::wrong_byte_sum: return "the bytes of an output do not have the sum that the file states";
    case errc::wrong_shift: return "the weights of an output do not come to the shift that the file states";
    case errc::unsupported_kernels:
      return "this processor or this build cannot run these kernels: load with kernels::automatic";
    case errc::no_self_test: return "the file holds no self-test";
    case errc::no_head: return "the file holds a body without a head: ask a head of its own, or encode";
    case errc::no_examples: return "there is nothing to learn from: give a text and a label, at least two of each";
    case errc::one_label: return "all examples have the same label: a head tells two or more apart";
    case errc::empty_text: return "a text to learn from has no words";
    case errc::wrong_body: return "the head was made for another body than this model's";
    case errc::text_too_long: return "the text is longer than 2 GiB";
    case errc::bad_argument: return "an argument is out of range, or the caller's memory has the wrong size";
    case errc::workspace_too_small: return "the caller's workspace memory is too small: see workspace_bytes";
    case errc::workspace_busy: return "more tasks run at once than the workspace has arenas";
    case errc::cancelled: return "the caller asked to stop";
    case errc::non_finite_output: return "the model's numbers overflowed: the result is not a number";
  }
  return "unknown error";
}

/// What went wrong, and where.
struct error {
  errc code = errc::none;
  const char* where = "";    // the section, field or argument; a literal, never freed
  std::uint64_t number = 0;  // a byte offset, an index or the offending value, whichever `where` calls for
};

constexpr const char* message(const error& e) noexcept { return message(e.code); }

#if FEWFIT_EXCEPTIONS
/// Thrown by `result::value()` alone. `what()` is the sentence.
class bad_result : public std::runtime_error {
 public:
  explicit bad_result(const error& e) : std::runtime_error(message(e)), why(e) {}
  error why;
};
#endif

/// A value, or the error that kept it from being made. Test it before use; `*` and `->` do not check.
template <class T>
class [[nodiscard]] result {
 public:
  result(T value) noexcept : value_(std::move(value)) {}
  result(const error& e) noexcept : error_(e) {}
  result(errc code, const char* where = "", std::uint64_t number = 0) noexcept : error_{code, where, number} {}

  explicit operator bool() const noexcept { return value_.has_value(); }
  const fewfit::error& error() const noexcept { return error_; }

  T& operator*() & noexcept { return *value_; }
  T&& operator*() && noexcept { return std::move(*value_); }
  const T& operator*() const& noexcept { return *value_; }
  T* operator->() noexcept { return &*value_; }
  const T* operator->() const noexcept { return &*value_; }

  /// The value; throws `bad_result` where there is none, or ends the program if exceptions are off.
  T& value() & { return must_hold(), *value_; }
  T&& value() && { return must_hold(), std::move(*value_); }
  const T& value() const& { return must_hold(), *value_; }

 private:
  void must_hold() const {
    if (value_) return;
#if FEWFIT_EXCEPTIONS
    throw bad_result(error_);
#else
    std::terminate();
#endif
  }

  std::optional<T> value_;
  fewfit::error error_;
};

}  // namespace v0
}  // namespace fewfit

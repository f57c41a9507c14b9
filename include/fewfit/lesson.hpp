// SPDX-License-Identifier: MIT
#pragma once
// Examples on their way from texts and labels, or from another head, to a fit.
//
// Whatever can be wrong with what the caller gave is found before anything is encoded, which is what takes time.

#include <algorithm>
#include <cstring>

#include "fewfit/calls.hpp"
#include "fewfit/nn/leave_one_out.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// What is told of a call that is a part of a longer one.
struct part_of_progress {
  const progress& whole;
  std::size_t before = 0, total = 0;  // what was done in earlier parts, and what all of them do

  progress part() noexcept { return whole.call != nullptr ? progress{tell, this} : progress{}; }
  static bool tell(void* self, std::size_t done, std::size_t) {
    const part_of_progress& p = *static_cast<part_of_progress*>(self);
    return p.whole.call(p.whole.user, p.before + done, p.total);
  }
};

/// Whether a string can stand in a head's file.
inline error check_string(std::string_view s, std::size_t longest, const char* where, std::size_t number) noexcept {
  if (s.size() > longest) return {errc::string_too_long, where, number};
  return is_valid_utf8(s) ? error{} : error{errc::bad_utf8, where, number};
}

/// errors  bad_argument and which option
inline error check_options(const teach_options& o) noexcept {
  if (!(o.C > 0) || !is_finite_number(o.C)) return {errc::bad_argument, "C"};
  if (!(o.tolerance >= 0) || !is_finite_number(o.tolerance)) return {errc::bad_argument, "tolerance"};
  if (!(o.most_errors >= 0)) return {errc::bad_argument, "most_errors"};
  return check_string(o.name, 256, "name", 0);
}

/// A head's examples on their way to another head. Labels are numbers of `names`, which ascend by their bytes, as
/// scikit-learn's classes_ do. The caller's strings are looked at, not kept.
class lesson {
 public:
  lesson(const model_state& m, const teach_options& o) noexcept
      : m_(m), unknown_(o.unknown), keeps_texts_(o.keep_examples && o.keep_texts) {}

  /// Room for some that are known and `more` that are not.
  error reserve(std::size_t known, std::size_t more) noexcept {
    const std::size_t n = known + more, width = m_.config.sentence_size;
    if (n == 0) return {errc::no_examples, "examples", 0};
    if (n > max_examples) return {errc::out_of_memory, "examples", n};
    vectors_ = owned<float>(m_.memory, std::uint64_t{n} * width);
    labels_ = owned<std::string_view>(m_.memory, n);
    names_ = owned<std::string_view>(m_.memory, n);
    texts_ = owned<std::string_view>(m_.memory, n);
    numbers_ = owned<std::uint32_t>(m_.memory, n);
    const bool all = vectors_ && labels_ && names_ && texts_ && numbers_;
    return all ? error{} : error{errc::out_of_memory, "examples", n};
  }

  /// Takes what a head knows, but for one example, or with another label for it.
  error take(const head_state& known, std::size_t changed, const std::string_view* label) noexcept {
    const examples_section& e = known.examples;
    if (label != nullptr)
      if (const error wrong = check_label(*label, changed); wrong.code != errc::none) return wrong;
    for (std::uint32_t i = 0; i < e.count; ++i) {
      if (i == changed && label == nullptr) continue;
      std::memcpy(vector(count_), e.vectors + std::size_t{i} * e.width, e.width * sizeof(float));
      labels_[count_] = i == changed ? *label : known.head.labels[e.labels[i]];
      texts_[count_++] = e.texts.count != 0 ? e.texts[i] : std::string_view();
    }
    return {};
  }

  /// Takes new examples, whose vectors are made by encode().
  error add(span<const std::string_view> texts, span<const std::string_view> labels) noexcept {
    for (std::size_t i = 0; i < texts.size; ++i) {
      error wrong = check_label(labels[i], i);
      if (wrong.code == errc::none && keeps_texts_) wrong = check_string(texts[i], longest_text, "texts", i);
      if (wrong.code != errc::none) return wrong;
      labels_[count_] = labels[i], texts_[count_++] = texts[i];
    }
    return {};
  }

  /// Numbers the labels.
  error name_classes() noexcept {
    std::copy(labels_.data(), labels_.data() + count_, names_.data());
    std::sort(names_.data(), names_.data() + count_);
    classes_ = static_cast<std::size_t>(std::unique(names_.data(), names_.data() + count_) - names_.data());
    if (classes_ < 2) return {errc::one_label, "labels", classes_};
    if (classes_ > 65536) return {errc::bad_dimension, "classes", classes_};
    if (bytes_of({names_.data(), classes_}) > most_bytes) return {errc::string_too_long, "classes", classes_};
    for (std::size_t i = 0; i < count_; ++i)
      numbers_[i] = static_cast<std::uint32_t>(std::lower_bound(names_.data(), names_.data() + classes_, labels_[i]) -
                                               names_.data());
    const bool too_much = keeps_texts_ && bytes_of({texts_.data(), count_}) > most_bytes;
    return too_much ? error{errc::string_too_long, "examples", count_} : error{};
  }

  /// The vectors of the last `texts`, which were added last.
  error encode(const model& m, span<const std::string_view> texts, workspace& scratch, const executor& run,
               part_of_progress& told) noexcept {
    const std::size_t known = count_ - texts.size, width = m_.config.sentence_size;
    for (std::size_t first = 0; first < texts.size; first += at_once) {
      const std::size_t left = texts.size - first, few = left < at_once ? left : at_once;
      text_info info[at_once];
      const span<const std::string_view> some(texts.data + first, few);
      const errc e = m.encode(some, scratch, {vector(known + first), few * width}, {info, few}, run, told.part());
      const bool of_text = e == errc::text_too_long || e == errc::non_finite_output;
      if (of_text) return {e, "texts", first + offender(m, some, scratch, vector(known + first))};
      if (e != errc::none) return {e, "encode", first};
      for (std::size_t i = 0; i < few; ++i)
        if (info[i].tokens == 2) return {errc::empty_text, "texts", first + i};
      told.before += few;
    }
    return {};
  }

  training_set examples() const noexcept {
    const std::size_t width = m_.config.sentence_size;
    return {{vectors_.data(), count_ * width}, {numbers_.data(), count_}, width, classes_};
  }
  span<const std::string_view> names() const noexcept { return {names_.data(), classes_}; }
  /// Those that are to be in the file.
  span<const std::string_view> texts() const noexcept { return {texts_.data(), keeps_texts_ ? count_ : 0}; }
  /// The class of examples that are none of the others.
  std::uint32_t unknown() const noexcept {
    std::string_view *const end = names_.data() + classes_, *const found = std::find(names_.data(), end, unknown_);
    return found != end ? static_cast<std::uint32_t>(found - names_.data()) : no_label;
  }

 private:
  static constexpr std::size_t max_examples = std::size_t{1} << 24;
  static constexpr std::size_t longest_label = std::size_t{1} << 16, longest_text = std::size_t{1} << 24;
  static constexpr std::uint64_t most_bytes = 0xFFFFFFFFu;  // of a table of strings
  static constexpr std::size_t at_once = 256;               // texts of one call
  float* vector(std::size_t i) const noexcept { return vectors_.data() + i * m_.config.sentence_size; }

  static error check_label(std::string_view label, std::size_t number) noexcept {
    if (label.empty()) return {errc::bad_label, "labels", number};
    return check_string(label, longest_label, "labels", number);
  }

  static std::uint64_t bytes_of(span<const std::string_view> strings) noexcept {
    std::uint64_t sum = 0;
    for (const std::string_view s : strings) sum += s.size();
    return sum;
  }

  /// Which of some texts cannot be encoded by itself: the first where none is to blame.
  std::size_t offender(const model& m, span<const std::string_view> texts, workspace& scratch,
                       float* out) const noexcept {
    for (std::size_t i = 0; i < texts.size; ++i) {
      const errc e = m.encode({texts.data + i, 1}, scratch, {out, m_.config.sentence_size});
      if (e == errc::text_too_long || e == errc::non_finite_output) return i;
      if (e != errc::none) break;
    }
    return 0;
  }

  const model_state& m_;
  const std::string_view unknown_;
  const bool keeps_texts_;
  std::size_t count_ = 0, classes_ = 0;
  owned<float> vectors_;                            // [n, S]
  owned<std::string_view> labels_, names_, texts_;  // [n], of names the first K
  owned<std::uint32_t> numbers_;                    // [n]
};

}  // namespace detail
}  // namespace v0
}  // namespace fewfit

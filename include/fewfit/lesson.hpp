// SPDX-License-Identifier: MIT
#pragma once
// Examples on their way from texts and labels, or from another head, to a head's file.

#include <algorithm>

#include "fewfit/calls.hpp"
#include "fewfit/io/head_writer.hpp"
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

/// A head's examples on their way to another head. Labels are numbers of `names`, which ascend by their bytes, as
/// scikit-learn's classes_ do.
class lesson {
 public:
  lesson(const model_state& m, const teach_options& o) noexcept : m_(m), options_(o), unknown_(o.unknown) {}

  /// Room for some that are known and `more` that are not.
  error reserve(std::size_t known, std::size_t more) noexcept {
    const std::size_t n = known + more, width = m_.config.sentence_size;
    if (n == 0) return {errc::no_examples, "examples", 0};
    if (n > max_examples || n > static_cast<std::size_t>(-1) / 2 / (width * sizeof(float)))
      return {errc::out_of_memory, "examples", n};
    vectors_ = owned<float>(m_.memory, n * width);
    labels_ = owned<std::string_view>(m_.memory, n);
    names_ = owned<std::string_view>(m_.memory, n);
    texts_ = owned<std::string_view>(m_.memory, n);
    numbers_ = owned<std::uint32_t>(m_.memory, n);
    const bool all = vectors_ && labels_ && names_ && texts_ && numbers_;
    return all ? error{} : error{errc::out_of_memory, "examples", n};
  }

  /// Takes what a head knows, but for one example, or with another label for it.
  void take(const head_state& known, std::size_t changed, const std::string_view* label) noexcept {
    const examples_section& e = known.examples;
    has_texts_ = e.texts.count != 0;
    if (unknown_.empty() && known.head.unknown != no_label) unknown_ = known.head.labels[known.head.unknown];
    for (std::uint32_t i = 0; i < e.count; ++i) {
      if (i == changed && label == nullptr) continue;
      std::memcpy(vector(count_), e.vectors + std::size_t{i} * e.width, e.width * sizeof(float));
      labels_[count_] = i == changed ? *label : known.head.labels[e.labels[i]];
      texts_[count_++] = has_texts_ ? e.texts[i] : std::string_view();
    }
  }

  /// Encodes new examples behind those that are there.
  error encode(const model& m, span<const std::string_view> texts, span<const std::string_view> labels,
               workspace& scratch, const executor& run, part_of_progress& told) noexcept {
    has_texts_ = options_.keep_examples && options_.keep_texts && (has_texts_ || count_ == 0);
    const std::size_t width = m_.config.sentence_size;
    for (std::size_t first = 0; first < texts.size;) {
      const std::size_t left = texts.size - first, few = left < at_once ? left : at_once;
      text_info info[at_once];
      const errc e =
          m.encode({texts.data + first, few}, scratch, {vector(count_), few * width}, {info, few}, run, told.part());
      if (e != errc::none) return {e, "texts", first};
      told.before += few;
      for (std::size_t i = 0; i < few; ++i, ++count_) {
        if (info[i].tokens == 2) return {errc::empty_text, "texts", first + i};
        labels_[count_] = labels[first + i], texts_[count_] = texts[first + i];
      }
      first += few;
    }
    return {};
  }

  /// Numbers the labels.
  error name_classes() noexcept {
    std::memcpy(static_cast<void*>(names_.data()), labels_.data(), count_ * sizeof(std::string_view));
    std::sort(names_.data(), names_.data() + count_);
    classes_ = static_cast<std::size_t>(std::unique(names_.data(), names_.data() + count_) - names_.data());
    if (count_ == 0) return {errc::no_examples, "examples", 0};
    if (classes_ < 2) return {errc::one_label, "labels", classes_};
    if (classes_ > 65536) return {errc::bad_dimension, "labels", classes_};
    for (std::size_t i = 0; i < count_; ++i)
      numbers_[i] = static_cast<std::uint32_t>(std::lower_bound(names_.data(), names_.data() + classes_, labels_[i]) -
                                               names_.data());
    return {};
  }

  training_set examples() const noexcept {
    const std::size_t width = m_.config.sentence_size;
    return {{vectors_.data(), count_ * width}, {numbers_.data(), count_}, width, classes_};
  }
  /// Whether another head has the same classes, so that a fit may begin there.
  bool same_classes(const bound_head& h) const noexcept {
    return h.labels.size() == classes_ && std::equal(names_.data(), names_.data() + classes_, h.labels.data()) &&
           h.weights.kind == (classes_ == 2 ? head_kind::binary : head_kind::softmax);
  }

  /// The class of examples that are none of the others.
  std::uint32_t unknown() const noexcept {
    std::string_view *const end = names_.data() + classes_, *const found = std::find(names_.data(), end, unknown_);
    return found != end ? static_cast<std::uint32_t>(found - names_.data()) : no_label;
  }

  /// The head's file.
  result<file_memory> write(const logistic_regression& fitted, const abstention& a) const noexcept {
    head_content h;
    string_table none{};
    h.body = m_.body;
    h.kind = classes_ == 2 ? 2 : 1;
    h.labels = {names_.data(), classes_};
    h.name = options_.name;
    h.intercept = {fitted.intercept(), fitted.rows()};
    h.coefficients = {fitted.coefficients(), fitted.rows() * fitted.width};
    h.abstain_below = a.threshold < 1 ? a.threshold : 1, h.expected_error = a.error;
    h.unknown = unknown() + 1;  // of none, 0
    const std::string_view about[] = {"name", options_.name};
    h.about = about;
    h.examples = {options_.keep_examples ? static_cast<std::uint32_t>(count_) : 0,
                  static_cast<std::uint32_t>(m_.config.sentence_size), numbers_.data(), vectors_.data(), none};
    h.texts = {texts_.data(), has_texts_ ? count_ : 0};
    file_memory out;
    out.size = write_head_file(h, nullptr);
    out.copy = owned<unsigned char>(m_.memory, static_cast<std::size_t>(out.size));
    if (!out.copy) return {errc::out_of_memory, "head", out.size};
    write_head_file(h, out.copy.data());
    out.data = out.copy.data();
    return out;
  }

 private:
  static constexpr std::size_t max_examples = std::size_t{1} << 24;
  static constexpr std::size_t at_once = 256;  // texts of one call
  float* vector(std::size_t i) const noexcept { return vectors_.data() + i * m_.config.sentence_size; }

  const model_state& m_;
  const teach_options& options_;
  std::size_t count_ = 0, classes_ = 0;
  bool has_texts_ = false;
  std::string_view unknown_;
  owned<float> vectors_;                            // [n, S]
  owned<std::string_view> labels_, names_, texts_;  // [n], of names the first K
  owned<std::uint32_t> numbers_;                    // [n]
};

}  // namespace detail
}  // namespace v0
}  // namespace fewfit

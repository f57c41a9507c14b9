// SPDX-License-Identifier: MIT
#pragma once
// An answer to a text of any length: the model reads it window by window, and a reducer makes one answer of many.
//
//   const fewfit::long_answer answer = fewfit::predict_long(model, text);
//   show(answer.label, answer.probability);
//   const fewfit::byte_range why = answer.evidence[answer.index].where;   // the window that spoke for it most
//
// SetFit looks at the first max_length() tokens and ignores the rest; `reduce::first` is exactly that. A text that
// fits into one window gets the bits of model.predict and model.predict_proba, whatever the reducer. The bits do not
// depend on the threads. What each reducer changes is measured in docs/long_texts.md.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "fewfit/answers.hpp"
#include "fewfit/text_windows.hpp"

namespace fewfit {
inline namespace v0 {

/// How the windows' answers become one.
enum class reduce : std::uint8_t {
  first,        // what the original does: the text up to max_length() tokens, and no word of what comes behind
  mean,         // each label's mean probability over all windows
  max,          // each label's largest: their sum is more than 1 where windows differ
  mean_vector,  // the head's answer to the mean of the sentence vectors, at unit length again if the model's are
  top_mean      // each label's mean over the windows that speak for it most
};

struct long_text_options {
  reduce how = reduce::mean;
  std::size_t window = 0;   // tokens of a window without [CLS] and [SEP]; 0: as many as the model looks at
  std::size_t overlap = 0;  // tokens that two windows share, at most: less than a window has
  std::size_t top = 3;      // how many windows top_mean looks at, for each label: 1 to 4096
};

/// The window that spoke for a label most, the first of equals.
struct label_evidence {
  byte_range where;  // in the text
  double probability = 0;
};

/// What a long text is, and why. Where something went wrong, only the status says so.
struct long_answer {
  std::string_view label;  // lives as long as the model
  double probability = 0;
  std::uint32_t index = 0xFFFFFFFFu;  // of the label: the most probable one, the first of equals
  std::size_t windows = 0;            // that the model has read
  std::size_t tokens = 0;             // ids it saw in all of them, [CLS] and [SEP] and what they share included
  bool truncated = false;             // there is text that it did not see: with reduce::first
  errc status = errc::none;
  std::vector<double> probabilities;     // [K]
  std::vector<label_evidence> evidence;  // [K]
};

/// Reads long texts one after the other. Allocates when it is made, then never; a text of 10 MB takes no more memory
/// than one of two pages, since windows go through the model 64 at a time.
class long_text_reader {
 public:
  /// needs  m outlives it and stays where it is
  explicit long_text_reader(const model& m, const long_text_options& options = {})
      : model_(m), options_(completed(m, options)), cutter_(m, options_.window, options_.overlap) {
    const std::size_t classes = m.labels().size, width = m.config().sentence_size;
    if (!valid()) return;
    texts_.resize(at_once), where_.resize(at_once), info_.resize(at_once);
    probabilities_.resize(at_once * classes), vectors_.resize(at_once * width);
    sums_.resize(classes), vector_sums_.resize(width), vector_.resize(width);
    if (options_.how == reduce::top_mean) best_.resize(classes * options_.top);
    if (options_.how == reduce::first) ids_.resize(m.config().max_length), offsets_.resize(m.config().max_length);
    answer_.probabilities.resize(classes), answer_.evidence.resize(classes);
  }

  /// The answer; it stays until the next text. An executor spreads the windows.
  ///
  /// needs   a workspace for as many tasks at a time as the executor runs
  /// errors  status: bad_argument for options that cannot be, or a model of which predict_proba gives two numbers a
  ///         label (no and yes); no_head, text_too_long (over 2 GiB), non_finite_output, out_of_memory, workspace_*
  const long_answer& predict(std::string_view text, workspace& scratch, const executor& run = {}) noexcept {
    const fp_environment environment;
    start();
    if (!valid()) return fail(errc::bad_argument);
    if (options_.how == reduce::first) {
      errc e = see(text, scratch);
      if (e == errc::none) e = read(1, scratch, run);
      return e == errc::none ? finish() : fail(e);
    }
    cutter_.begin(text);
    for (std::size_t count = at_once; count == at_once;) {
      text_window window;
      for (count = 0; count < at_once && cutter_.next(scratch, window); ++count)
        texts_[count] = window.text, where_[count] = window.where;
      if (cutter_.status() != errc::none) return fail(cutter_.status());
      if (const errc e = count != 0 ? read(count, scratch, run) : errc::none; e != errc::none) return fail(e);
    }
    return finish();
  }

 private:
  static constexpr std::size_t at_once = 64;  // windows of one call: enough for any number of threads to share evenly

  static long_text_options completed(const model& m, long_text_options o) noexcept {
    const std::size_t most = m.config().max_length - 2;
    if (o.window == 0) o.window = most;
    const bool can_be = o.window <= most && o.overlap < o.window && o.top >= 1 && o.top <= 4096;
    if (!can_be || o.how > reduce::top_mean) o.window = o.overlap = 0;
    return o;
  }
  bool valid() const noexcept { return options_.window != 0; }

  void start() noexcept {
    for (double& x : sums_) x = 0;
    for (double& x : vector_sums_) x = 0;
    for (double& x : answer_.probabilities) x = 0;
    for (label_evidence& e : answer_.evidence) e = {};
    answer_.windows = answer_.tokens = 0;
    answer_.truncated = false;
    answer_.status = errc::none;
    answer_.label = {}, answer_.probability = 0, answer_.index = 0xFFFFFFFFu;
  }

  const long_answer& fail(errc why) noexcept {
    start();
    answer_.status = why;
    return answer_;
  }

  /// The text as the original reads it, and which bytes of it that is.
  errc see(std::string_view text, workspace& scratch) noexcept {
    text_info info;
    const errc e = model_.tokenize(text, scratch, ids_, info, offsets_);
    texts_[0] = text, where_[0] = {};
    for (std::size_t i = 1; e == errc::none && i + 1 < info.tokens; ++i) {
      if (i == 1) where_[0] = offsets_[i];
      where_[0].begin = offsets_[i].begin < where_[0].begin ? offsets_[i].begin : where_[0].begin;
      where_[0].end = offsets_[i].end > where_[0].end ? offsets_[i].end : where_[0].end;
    }
    return e;
  }

  /// Lets the model read some windows, and adds what it says to what is known.
  errc read(std::size_t count, workspace& scratch, const executor& run) noexcept {
    const std::size_t classes = sums_.size(), width = vector_sums_.size();
    const span<float> vectors(vectors_.data(), count * width);
    errc e = model_.encode({texts_.data(), count}, scratch, vectors, {info_.data(), count}, run);
    if (e == errc::none)
      e = model_.predict_proba_of({vectors.data, vectors.size}, {probabilities_.data(), count * classes});
    for (std::size_t i = 0; i < count && e == errc::none; ++i) add(i);
    return e;
  }

  void add(std::size_t i) noexcept {
    const std::size_t classes = sums_.size(), width = vector_sums_.size();
    const double* const p = probabilities_.data() + i * classes;
    for (std::size_t k = 0; k < classes; ++k) {
      label_evidence& e = answer_.evidence[k];
      if (answer_.windows == 0 || p[k] > e.probability) e = {where_[i], p[k]};
      sums_[k] += p[k];
      if (!best_.empty()) detail::rank(best_of(k), counted(answer_.windows), {0, p[k]});
    }
    for (std::size_t d = 0; d < width; ++d) vector_sums_[d] += static_cast<double>(vectors_[i * width + d]);
    ++answer_.windows;
    answer_.tokens += info_[i].tokens;
    answer_.truncated = answer_.truncated || info_[i].truncated;
  }

  span<ranked> best_of(std::size_t label) noexcept { return {best_.data() + label * options_.top, options_.top}; }
  std::size_t counted(std::size_t windows) const noexcept { return windows < options_.top ? windows : options_.top; }

  const long_answer& finish() noexcept {
    const errc e = answer_.windows > 1 && options_.how == reduce::mean_vector ? ask_head() : errc::none;
    if (e != errc::none) return fail(e);
    for (std::size_t k = 0; k < sums_.size(); ++k) {
      double& p = answer_.probabilities[k];
      if (answer_.windows == 1 || options_.how == reduce::max)
        p = answer_.evidence[k].probability;
      else if (options_.how == reduce::mean)
        p = sums_[k] / static_cast<double>(answer_.windows);
      else if (options_.how == reduce::top_mean)
        p = mean_of_best(k);
    }
    ranked best[1];
    if (top(answer_.probabilities, span<ranked>(best)) == 0) return fail(errc::bad_argument);
    answer_.index = best[0].index;
    if (answer_.windows == 1)  // as predict: two probabilities may both be 1 where the decisions differ
      if (const errc wrong = label_of_only(); wrong != errc::none) return fail(wrong);
    answer_.label = model_.labels()[answer_.index];
    answer_.probability = answer_.probabilities[answer_.index];
    return answer_;
  }

  errc label_of_only() noexcept {
    prediction p;
    const errc e = model_.predict_of({vectors_.data(), vector_.size()}, {&p, 1});
    answer_.index = p.index;
    return e;
  }

  double mean_of_best(std::size_t label) noexcept {
    const std::size_t n = counted(answer_.windows);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += best_of(label)[i].probability;
    return sum / static_cast<double>(n);
  }

  errc ask_head() noexcept {
    double square = 0;
    for (double& x : vector_sums_) {
      x /= static_cast<double>(answer_.windows);
      square = std::fma(x, x, square);
    }
    const double length = model_.config().normalize != 0 && square > 0 ? std::sqrt(square) : 1;
    for (std::size_t d = 0; d < vector_.size(); ++d) vector_[d] = static_cast<float>(vector_sums_[d] / length);
    return model_.predict_proba_of(vector_, answer_.probabilities);
  }

  const model& model_;
  long_text_options options_;  // window 0: they cannot be
  text_windows cutter_;
  long_answer answer_;
  std::vector<std::string_view> texts_;  // [at_once]
  std::vector<byte_range> where_;        // [at_once]
  std::vector<text_info> info_;          // [at_once]
  std::vector<double> probabilities_;    // [at_once, K]
  std::vector<float> vectors_;           // [at_once, S]
  std::vector<double> sums_;             // [K]
  std::vector<double> vector_sums_;      // [S]
  std::vector<float> vector_;            // [S], their mean
  std::vector<ranked> best_;             // [K, top], with top_mean
  std::vector<std::uint32_t> ids_;       // [max_length()], with first
  std::vector<byte_range> offsets_;      // [max_length()], with first
};

/// The easy form: makes its own workspace. May let std::bad_alloc out.
inline long_answer predict_long(const model& m, std::string_view text, const long_text_options& options = {}) {
  long_text_reader reader(m, options);
  workspace scratch;
  return reader.predict(text, scratch);
}

}  // namespace v0
}  // namespace fewfit

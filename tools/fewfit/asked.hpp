// SPDX-License-Identifier: MIT
#pragma once
// Whom predict and eval ask: a model, whose own head answers or one that has a file of its own.

#include <cstdint>
#include <optional>
#include <vector>

#include "fewfit/api.hpp"
#include "fewfit/thread_pool.hpp"
#include "options.hpp"

namespace tool {

class asked {
 public:
  /// errors  throws a failure with bad_file where there is no head, or a file is wrong
  explicit asked(const options& options);

  fewfit::span<const std::string_view> labels() const;
  bool labels_are_integers() const;
  /// Whether a text may have several labels, or none.
  bool multi() const;

  /// Answers all texts, or none.
  fewfit::errc compute(fewfit::span<const std::string_view> texts);
  /// Of text i of the last compute: a probability a label, of yes where there may be several.
  const double* probabilities(std::size_t i) const { return probabilities_.data() + i * labels().size; }
  /// The label.
  std::size_t best(std::size_t i) const { return answers_[i].index; }
  /// errors  throws a failure where a head was never taught when to say nothing
  void must_know_when_to_abstain(const std::string& name) const;
  /// Whether that is an answer, by what its head was taught.
  bool is_answer(std::size_t i) const { return !head_ || head_->is_answer(answers_[i]); }
  /// Whether a label applies, where there may be several.
  bool applies(std::size_t i, std::size_t label) const { return decisions_[i * labels().size + label] != 0; }
  const fewfit::text_info& info(std::size_t i) const { return info_[i]; }

 private:
  std::size_t numbers() const;
  fewfit::errc ask_head(std::size_t texts);

  fewfit::model model_;
  std::optional<fewfit::head> head_;
  fewfit::thread_pool pool_;
  fewfit::workspace scratch_;
  std::vector<float> vectors_;               // [B, S]
  std::vector<fewfit::prediction> answers_;  // [B]
  std::vector<double> probabilities_;        // [B, K]
  std::vector<std::uint8_t> decisions_;      // [B, K], where there may be several labels
  std::vector<fewfit::text_info> info_;
};

}  // namespace tool

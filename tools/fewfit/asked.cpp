// SPDX-License-Identifier: MIT
#include "asked.hpp"

#include "common.hpp"

namespace tool {

asked::asked(const options& options)
    : model_(load_model(options.model)),
      head_(load_head(options.head, model_)),
      pool_(options.threads),
      scratch_(options.threads) {
  if (labels().size == 0) throw no_head(options.model);
}

fewfit::span<const std::string_view> asked::labels() const { return head_ ? head_->labels() : model_.labels(); }
bool asked::labels_are_integers() const {
  return head_ ? head_->labels_are_integers() : model_.labels_are_integers();
}
bool asked::multi() const { return (head_ ? head_->target() : model_.target()) == fewfit::target::multi; }
std::size_t asked::numbers() const { return head_ ? head_->probabilities_size() : model_.probabilities_size(); }

void asked::must_know_when_to_abstain(const std::string& name) const {
  const bool knows =
      head_ && (head_->abstain_below() > 0 || head_->expected_answers() > 0 || !head_->unknown().empty());
  if (!knows)
    throw failure(bad_file,
                  name + ": the head was not taught when to say nothing: teach it with --most-errors or --unknown");
}

fewfit::errc asked::compute(fewfit::span<const std::string_view> texts) {
  vectors_.resize(texts.size * model_.config().sentence_size);
  info_.resize(texts.size);
  const fewfit::errc e = model_.encode(texts, scratch_, vectors_, info_, pool_.executor());
  return e == fewfit::errc::none ? ask_head(texts.size) : e;
}

fewfit::errc asked::ask_head(std::size_t texts) {
  probabilities_.resize(texts * numbers());
  fewfit::errc e =
      head_ ? head_->predict_proba(vectors_, probabilities_) : model_.predict_proba_of(vectors_, probabilities_);
  answers_.resize(texts);
  if (e == fewfit::errc::none) e = head_ ? head_->predict(vectors_, answers_) : model_.predict_of(vectors_, answers_);
  if (e != fewfit::errc::none || !multi()) return e;
  if (numbers() != labels().size)  // pairs of no and yes: yes is what is told
    for (std::size_t i = 0; i < texts * labels().size; ++i) probabilities_[i] = probabilities_[2 * i + 1];
  decisions_.resize(texts * labels().size);
  return head_ ? head_->predict_multi(vectors_, decisions_) : model_.predict_multi_of(vectors_, decisions_);
}

}  // namespace tool

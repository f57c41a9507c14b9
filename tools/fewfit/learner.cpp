// SPDX-License-Identifier: MIT
#include "learner.hpp"

#include <algorithm>

namespace tool {

learner::learner(const fewfit::model& model, std::optional<fewfit::head> known, const fewfit::teach_options& how,
                 std::size_t threads)
    : model_(model), how_(how), pool_(threads), scratch_(threads), head_(std::move(known)) {
  if (head_) known_ = head_->examples();
}

std::vector<std::string> learner::labels() const {
  std::vector<std::string> out;
  if (head_) out.assign(head_->labels().begin(), head_->labels().end());
  for (const labelled& one : learned_)
    if (std::find(out.begin(), out.end(), one.label) == out.end()) out.push_back(one.label);
  return out;
}

fewfit::error learner::take(fewfit::result<fewfit::head> next) {
  if (!next) return next.error();
  head_ = std::move(*next);
  return {};
}

// The first head, out of all that was said so far; no head as long as there is one label only.
fewfit::error learner::begin() {
  std::vector<std::string_view> texts, labels;
  for (const labelled& one : learned_) texts.push_back(one.text), labels.push_back(one.label);
  const fewfit::error e = take(model_.teach(texts, labels, how_, nullptr, scratch_, pool_.executor()));
  return e.code == fewfit::errc::one_label ? fewfit::error{} : e;
}

fewfit::error learner::learn(const std::string& text, const std::string& label) {
  const auto same = [&text](const labelled& one) { return one.text == text; };
  const auto before = std::find_if(learned_.begin(), learned_.end(), same);
  if (before != learned_.end()) {
    const labelled old = *before;
    before->label = label;
    const auto example = known_ + static_cast<std::size_t>(before - learned_.begin());
    fewfit::error e = head_ ? take(model_.relabel(*head_, example, label, how_)) : begin();
    if (e.code == fewfit::errc::one_label) head_.reset(), e = {};
    if (e.code != fewfit::errc::none) *before = old;
    return e;
  }
  learned_.push_back({label, text});
  const std::string_view texts[] = {text}, labels[] = {label};
  const fewfit::error e =
      head_ ? take(model_.teach(texts, labels, how_, &*head_, scratch_, pool_.executor())) : begin();
  if (e.code != fewfit::errc::none) learned_.pop_back();
  return e;
}

fewfit::error learner::undo() {
  fewfit::error e;
  if (head_) e = take(model_.forget(*head_, known_ + learned_.size() - 1, how_));
  if (e.code == fewfit::errc::one_label || e.code == fewfit::errc::no_examples) head_.reset(), e = {};
  if (e.code == fewfit::errc::none) learned_.pop_back();
  return e;
}

}  // namespace tool

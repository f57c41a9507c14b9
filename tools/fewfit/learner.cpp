// SPDX-License-Identifier: MIT
#include "learner.hpp"

#include <algorithm>
#include <utility>

#include "taught.hpp"

namespace tool {

learner::learner(const fewfit::model& model, std::optional<fewfit::head> known, const options& options)
    : model_(model),
      how_(teach_options_of(options, known)),
      pool_(options.threads),
      scratch_(options.threads),
      head_(std::move(known)) {
  name_ = how_.name, unknown_ = how_.unknown;
  how_.name = name_, how_.unknown = unknown_;
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

fewfit::error learner::relabel(std::size_t example, const std::string& label) {
  const std::string old = std::exchange(learned_[example].label, label);
  fewfit::error e = head_ ? take(model_.relabel(*head_, known_ + example, label, how_)) : begin();
  if (e.code == fewfit::errc::one_label) head_.reset(), e = {};
  if (e.code != fewfit::errc::none) learned_[example].label = old;
  return e;
}

fewfit::error learner::learn(const std::string& text, const std::string& label) {
  const auto same = [&text](const labelled& one) { return one.text == text; };
  const auto before = std::find_if(learned_.begin(), learned_.end(), same);
  const auto example = static_cast<std::size_t>(before - learned_.begin());
  if (before != learned_.end()) {
    const std::string old = before->label;
    const fewfit::error e = relabel(example, label);
    if (e.code == fewfit::errc::none) history_.push_back({example, old});
    return e;
  }
  // Of one label alone nothing is encoded yet: a text without words would be found when it is too late.
  if (model_.tokenize(text).ids.size() == 2) return {fewfit::errc::empty_text, "texts", 0};
  learned_.push_back({label, text});
  const std::string_view texts[] = {text}, labels[] = {label};
  const fewfit::error e =
      head_ ? take(model_.teach(texts, labels, how_, &*head_, scratch_, pool_.executor())) : begin();
  if (e.code == fewfit::errc::none)
    history_.push_back({example, std::nullopt});
  else
    learned_.pop_back();
  return e;
}

fewfit::error learner::undo() {
  const change last = history_.back();
  fewfit::error e;
  if (last.old) {
    e = relabel(last.example, *last.old);
  } else {
    if (head_) e = take(model_.forget(*head_, known_ + last.example, how_));
    if (e.code == fewfit::errc::one_label || e.code == fewfit::errc::no_examples) head_.reset(), e = {};
    if (e.code == fewfit::errc::none) learned_.pop_back();  // the last: what came later was taken back before
  }
  if (e.code == fewfit::errc::none) history_.pop_back();
  return e;
}

}  // namespace tool

// SPDX-License-Identifier: MIT
#include "asked.hpp"
#include "batches.hpp"
#include "commands.hpp"
#include "highlight.hpp"
#include "json_line.hpp"
#include "output.hpp"

namespace tool {
namespace {

/// One label a text, or none where it had better say nothing, or the list of those that apply.
class predict_command : public batch_command {
 public:
  explicit predict_command(const options& options) : asked_(options), abstain_(options.abstain) {
    if (abstain_) asked_.must_know_when_to_abstain(options.head);
    for (std::string_view label : asked_.labels())
      quoted_labels_.push_back(quoted(label)), shown_labels_.push_back(visible(label));
  }

  std::vector<std::string_view> keys() const override {
    return {asked_.multi() ? "labels" : "label", "probabilities", "tokens", "truncated"};
  }

  fewfit::errc compute(fewfit::span<const std::string_view> texts) override { return asked_.compute(texts); }

  std::string as_text(std::size_t i) const override {
    std::string out, probabilities;
    for (std::size_t k = 0; k < quoted_labels_.size(); ++k) {
      if (!tells(i, k)) continue;
      if (!probabilities.empty()) out += ',', probabilities += ',';
      if (!says_nothing(i)) out += shown_labels_[k];
      append_number(probabilities, asked_.probabilities(i)[k]);
    }
    return out + '\t' + probabilities;
  }

  std::string as_json(std::size_t i) const override {
    return told(i) + ",\"probabilities\":" + all_probabilities(i) + "," +
           tokens_and_truncated(asked_.info(i).tokens, asked_.info(i).truncated);
  }

 private:
  bool tells(std::size_t i, std::size_t label) const {
    return asked_.multi() ? asked_.applies(i, label) : label == asked_.best(i);
  }

  bool says_nothing(std::size_t i) const { return abstain_ && !asked_.is_answer(i); }

  std::string told(std::size_t i) const {
    if (says_nothing(i)) return "\"label\":null";
    if (!asked_.multi()) return "\"label\":" + quoted_labels_[asked_.best(i)];
    std::string list;
    for (std::size_t k = 0; k < quoted_labels_.size(); ++k)
      if (tells(i, k)) list += (list.empty() ? "" : ",") + quoted_labels_[k];
    return "\"labels\":[" + list + "]";
  }

  std::string all_probabilities(std::size_t i) const {
    std::string out = "{";
    for (std::size_t k = 0; k < quoted_labels_.size(); ++k) {
      if (k != 0) out += ',';
      out += quoted_labels_[k] + ':';
      append_number(out, asked_.probabilities(i)[k]);
    }
    return out + "}";
  }

  asked asked_;
  const bool abstain_;
  std::vector<std::string> quoted_labels_, shown_labels_;
};

}  // namespace

void predict(const options& options) {
  predict_command command(options);
  run(options, command);
}

}  // namespace tool

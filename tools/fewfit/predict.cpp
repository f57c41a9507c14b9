// SPDX-License-Identifier: MIT
#include <algorithm>

#include "batches.hpp"
#include "commands.hpp"
#include "common.hpp"
#include "fewfit/thread_pool.hpp"
#include "json_line.hpp"
#include "output.hpp"

namespace tool {
namespace {

class predict_command : public batch_command {
 public:
  explicit predict_command(const options& options)
      : model_(load_model(options.model)), pool_(options.threads), scratch_(options.threads) {
    for (std::string_view label : model_.labels()) quoted_labels_.push_back(quoted(label));
  }

  std::vector<std::string_view> keys() const override { return {"label", "probabilities", "tokens", "truncated"}; }

  fewfit::errc compute(fewfit::span<const std::string_view> texts) override {
    probabilities_.resize(texts.size * classes());
    info_.resize(texts.size);
    return model_.predict_proba(texts, scratch_, probabilities_, info_, pool_.executor());
  }

  std::string as_text(std::size_t i) const override {
    const std::size_t best = best_of(i);
    std::string out(model_.labels()[best]);
    out += '\t';
    append_number(out, row(i)[best]);
    return out;
  }

  std::string as_json(std::size_t i) const override {
    std::string out = "\"label\":" + quoted_labels_[best_of(i)] + ",\"probabilities\":{";
    for (std::size_t k = 0; k < classes(); ++k) {
      if (k != 0) out += ',';
      out += quoted_labels_[k] + ':';
      append_number(out, row(i)[k]);
    }
    return out + "}," + tokens_and_truncated(info_[i].tokens, info_[i].truncated);
  }

 private:
  std::size_t classes() const { return model_.labels().size; }
  const double* row(std::size_t i) const { return probabilities_.data() + i * classes(); }
  // The first of equals, as the library chooses.
  std::size_t best_of(std::size_t i) const {
    return static_cast<std::size_t>(std::max_element(row(i), row(i) + classes()) - row(i));
  }

  fewfit::model model_;
  fewfit::thread_pool pool_;
  fewfit::workspace scratch_;
  std::vector<std::string> quoted_labels_;
  std::vector<double> probabilities_;  // [B, K]
  std::vector<fewfit::text_info> info_;
};

}  // namespace

void predict(const options& options) {
  predict_command command(options);
  run(options, command);
}

}  // namespace tool

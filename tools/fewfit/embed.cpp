// SPDX-License-Identifier: MIT
#include "batches.hpp"
#include "commands.hpp"
#include "common.hpp"
#include "fewfit/thread_pool.hpp"
#include "output.hpp"

namespace tool {
namespace {

class embed_command : public batch_command {
 public:
  explicit embed_command(const options& options)
      : model_(load_model(options.model)), pool_(options.threads), scratch_(options.threads) {}

  std::vector<std::string_view> keys() const override { return {"embedding", "tokens", "truncated"}; }

  fewfit::errc compute(fewfit::span<const std::string_view> texts) override {
    vectors_.resize(texts.size * width());
    info_.resize(texts.size);
    return model_.encode(texts, scratch_, vectors_, info_, pool_.executor());
  }

  std::string as_text(std::size_t i) const override { return joined(i, ' '); }

  std::string as_json(std::size_t i) const override {
    return "\"embedding\":[" + joined(i, ',') + "]," + tokens_and_truncated(info_[i].tokens, info_[i].truncated);
  }

 private:
  std::size_t width() const { return model_.config().sentence_size; }

  std::string joined(std::size_t i, char separator) const {
    std::string out;
    for (std::size_t d = 0; d < width(); ++d) {
      if (d != 0) out += separator;
      append_number(out, vectors_[i * width() + d]);
    }
    return out;
  }

  fewfit::model model_;
  fewfit::thread_pool pool_;
  fewfit::workspace scratch_;
  std::vector<float> vectors_;  // [B, D]
  std::vector<fewfit::text_info> info_;
};

}  // namespace

void embed(const options& options) {
  embed_command command(options);
  run(options, command);
}

}  // namespace tool

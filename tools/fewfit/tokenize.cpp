// SPDX-License-Identifier: MIT
#include <new>

#include "batches.hpp"
#include "commands.hpp"
#include "common.hpp"
#include "fewfit/thread_pool.hpp"

namespace tool {
namespace {

class tokenize_command : public batch_command {
 public:
  explicit tokenize_command(const options& options) : model_(load_model(options.model)), pool_(options.threads) {
    how_.special_tokens = options.special_tokens;
    how_.truncation = options.truncation;
    how_.offsets = options.offsets;
  }

  std::vector<std::string_view> keys() const override {
    if (how_.offsets) return {"ids", "offsets", "tokens", "truncated"};
    return {"ids", "tokens", "truncated"};
  }

  fewfit::errc compute(fewfit::span<const std::string_view> texts) override {
    texts_ = texts;
    answers_.assign(texts.size, {});
    const fewfit::executor run = pool_.executor();
    const auto task = [](void* self, std::size_t i) { static_cast<tokenize_command*>(self)->one(i); };
    run.run(run.user, texts.size, task, this);
    for (const fewfit::token_ids& answer : answers_) {
      if (answer.status != fewfit::errc::none) return answer.status;
    }
    return fewfit::errc::none;
  }

  std::string as_text(std::size_t i) const override { return joined(i, ' '); }

  std::string as_json(std::size_t i) const override {
    std::string out = "\"ids\":[" + joined(i, ',') + "],";
    if (how_.offsets) out += "\"offsets\":[" + pairs(answers_[i].offsets) + "],";
    return out + tokens_and_truncated(answers_[i].ids.size(), answers_[i].truncated);
  }

 private:
  // On a thread of the pool, which no exception may leave.
  void one(std::size_t i) noexcept {
    try {
      answers_[i] = model_.tokenize(texts_[i], how_);
    } catch (const std::bad_alloc&) {
      answers_[i].status = fewfit::errc::out_of_memory;
    }
  }

  std::string joined(std::size_t i, char separator) const {
    std::string out;
    for (std::uint32_t id : answers_[i].ids) {
      if (!out.empty()) out += separator;
      out += std::to_string(id);
    }
    return out;
  }

  static std::string pairs(const std::vector<fewfit::byte_range>& ranges) {
    std::string out;
    for (const fewfit::byte_range range : ranges) {
      if (!out.empty()) out += ',';
      out += '[' + std::to_string(range.begin) + ',' + std::to_string(range.end) + ']';
    }
    return out;
  }

  fewfit::model model_;
  fewfit::thread_pool pool_;
  fewfit::tokenize_options how_;
  fewfit::span<const std::string_view> texts_;
  std::vector<fewfit::token_ids> answers_;
};

}  // namespace

void tokenize(const options& options) {
  tokenize_command command(options);
  run(options, command);
}

}  // namespace tool

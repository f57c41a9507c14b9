// SPDX-License-Identifier: MIT
#pragma once
// The calls of a model: each is a plan run to its end. Easy forms make their own workspace; what a model tells about
// itself stands here too.

#include "fewfit/plan.hpp"

namespace fewfit {
inline namespace v0 {

// --- with a workspace ---

namespace detail {

/// Where nobody helps, a text's rows stay together.
inline cut cut_for(const executor& run) noexcept { return run.run == nullptr ? cut::texts : cut::automatic; }

}  // namespace detail

FEWFIT_INLINE prediction model::predict(std::string_view text, workspace& scratch) const noexcept {
  prediction answer;
  const errc e = plan::predict(*this, {&text, 1}, scratch, {&answer, 1}, cut::texts).run_all();
  if (e != errc::none) answer.status = e;
  return answer;
}

FEWFIT_INLINE errc model::predict(span<const std::string_view> texts, workspace& scratch, span<prediction> out,
                                  const executor& run, const progress& report) const noexcept {
  return plan::predict(*this, texts, scratch, out, detail::cut_for(run)).on_progress(report).run_all(run);
}

FEWFIT_INLINE errc model::predict_proba(span<const std::string_view> texts, workspace& scratch, span<double> out,
                                        span<text_info> info, const executor& run,
                                        const progress& report) const noexcept {
  return plan::predict_proba(*this, texts, scratch, out, info, detail::cut_for(run)).on_progress(report).run_all(run);
}

FEWFIT_INLINE errc model::encode(span<const std::string_view> texts, workspace& scratch, span<float> out,
                                 span<text_info> info, const executor& run, const progress& report) const noexcept {
  return plan::encode(*this, texts, scratch, out, info, detail::cut_for(run)).on_progress(report).run_all(run);
}

FEWFIT_INLINE errc model::predict_multi(span<const std::string_view> texts, workspace& scratch,
                                        span<std::uint8_t> out, span<text_info> info, const executor& run,
                                        const progress& report) const noexcept {
  return plan::predict_multi(*this, texts, scratch, out, info, detail::cut_for(run)).on_progress(report).run_all(run);
}

// --- easy forms ---

FEWFIT_INLINE prediction model::predict(std::string_view text) const noexcept {
  workspace scratch(1, state_->memory);
  return predict(text, scratch);
}

FEWFIT_INLINE std::vector<prediction> model::predict(span<const std::string_view> texts) const {
  workspace scratch(1, state_->memory);
  std::vector<prediction> out(texts.size);
  const errc e = predict(texts, scratch, out);
  if (e != errc::none)
    for (prediction& p : out) p = prediction(), p.status = e;
  return out;
}

FEWFIT_INLINE std::vector<prediction> model::predict(std::initializer_list<std::string_view> texts) const {
  return predict(span<const std::string_view>(texts.begin(), texts.size()));
}

FEWFIT_INLINE result<std::vector<std::uint8_t>> model::predict_multi(span<const std::string_view> texts) const {
  workspace scratch(1, state_->memory);
  std::vector<std::uint8_t> out(texts.size * labels().size);
  if (const errc e = predict_multi(texts, scratch, out); e != errc::none) return e;
  return out;
}

FEWFIT_INLINE result<std::vector<std::uint8_t>> model::predict_multi(std::string_view text) const {
  return predict_multi(span<const std::string_view>(&text, 1));
}

FEWFIT_INLINE result<std::vector<std::uint8_t>> model::predict_multi(
    std::initializer_list<std::string_view> texts) const {
  return predict_multi(span<const std::string_view>(texts.begin(), texts.size()));
}

FEWFIT_INLINE result<std::vector<double>> model::predict_proba(span<const std::string_view> texts) const {
  workspace scratch(1, state_->memory);
  std::vector<double> out(texts.size * probabilities_size());
  if (const errc e = predict_proba(texts, scratch, out); e != errc::none) return e;
  return out;
}

FEWFIT_INLINE result<std::vector<double>> model::predict_proba(std::string_view text) const {
  return predict_proba(span<const std::string_view>(&text, 1));
}

FEWFIT_INLINE result<std::vector<float>> model::encode(span<const std::string_view> texts) const {
  workspace scratch(1, state_->memory);
  std::vector<float> out(texts.size * config().sentence_size);
  if (const errc e = encode(texts, scratch, out); e != errc::none) return e;
  return out;
}

FEWFIT_INLINE result<std::vector<double>> model::predict_proba(std::initializer_list<std::string_view> texts) const {
  return predict_proba(span<const std::string_view>(texts.begin(), texts.size()));
}

FEWFIT_INLINE result<std::vector<float>> model::encode(std::initializer_list<std::string_view> texts) const {
  return encode(span<const std::string_view>(texts.begin(), texts.size()));
}

FEWFIT_INLINE result<std::vector<float>> model::encode(std::string_view text) const {
  return encode(span<const std::string_view>(&text, 1));
}

FEWFIT_INLINE token_ids model::tokenize(std::string_view text, tokenize_options options) const {
  const tokenizer& t = state_->tokenizer;
  const std::size_t special = options.special_tokens ? 2 : 0, first = special / 2;
  const std::size_t room = first + config().max_length - special;
  const detail::owned<unsigned char> scratch(state_->memory, tokenizer_scratch_bytes(t.config));
  token_ids out;
  if (!scratch) return out.status = errc::out_of_memory, out;
  out.ids.assign(first, t.config.cls);
  const auto gather = [&](const std::uint32_t* ids, const byte_range* where, std::size_t count) {
    out.ids.insert(out.ids.end(), ids, ids + count);
    if (where != nullptr) out.offsets.insert(out.offsets.end(), where, where + count);
    return !options.truncation || out.ids.size() <= room;
  };
  if (options.offsets) out.offsets.resize(first);
  out.status = tokenize_all(t, text, scratch.data(), gather, false, options.offsets);
  if (out.status != errc::none) return out.ids.clear(), out.offsets.clear(), out;
  out.truncated = options.truncation && out.ids.size() > room;
  if (out.truncated) out.ids.resize(room);
  if (options.special_tokens) out.ids.push_back(t.config.sep);
  if (options.offsets) out.offsets.resize(out.truncated ? room : out.offsets.size());
  if (options.offsets && options.special_tokens) out.offsets.emplace_back();
  return out;
}

FEWFIT_INLINE std::vector<token_ids> model::tokenize(span<const std::string_view> texts,
                                                     tokenize_options options) const {
  std::vector<token_ids> out;
  out.reserve(texts.size);
  for (const std::string_view text : texts) out.push_back(tokenize(text, options));
  return out;
}

FEWFIT_INLINE std::vector<token_ids> model::tokenize(std::initializer_list<std::string_view> texts,
                                                     tokenize_options options) const {
  return tokenize(span<const std::string_view>(texts.begin(), texts.size()), options);
}

FEWFIT_INLINE errc model::tokenize(std::string_view text, workspace& scratch, span<std::uint32_t> out,
                                   text_info& info, span<byte_range> offsets) const noexcept {
  if (scratch.state_ == nullptr) return scratch.missing_;
  if (out.size < 2 || (offsets.data != nullptr && offsets.size < out.size)) return errc::bad_argument;
  if (const errc e = scratch.state_->prepare(*state_, 2, 1, 0, false); e != errc::none) return e;
  unsigned char* memory = scratch.state_->claim();
  if (memory == nullptr) return errc::workspace_busy;
  const std::size_t limit = out.size < config().max_length ? out.size : config().max_length;
  void* const words = memory + scratch.state_->layout.tokenizer;
  const tokenize_result t = fewfit::tokenize(state_->tokenizer, text, limit, words, out.data, true, offsets.data);
  scratch.state_->give_back(memory);
  if (t.status == errc::none) info = {static_cast<std::uint32_t>(t.count), t.truncated};
  return t.status;
}

// --- what a model tells about itself ---

FEWFIT_INLINE const model_config& model::config() const noexcept { return state_->config; }
FEWFIT_INLINE kernels model::kernels() const noexcept { return state_->kernels.name; }

FEWFIT_INLINE std::string_view model::about(std::string_view key) const noexcept {
  return detail::find_about(state_->about, key);
}

FEWFIT_INLINE std::string_view model::token(std::uint32_t id) const noexcept {
  const tokenizer& t = state_->tokenizer;
  for (std::uint32_t i = 0; i < t.added.content.count; ++i)
    if (t.added.ids[i] == id) return t.added.content[i];
  return id < t.vocab.tokens.count ? t.vocab.tokens[id] : std::string_view();
}

FEWFIT_INLINE footprint model::footprint() const noexcept {
  fewfit::footprint f;
  f.mapped = state_->file.mapped ? static_cast<std::size_t>(state_->file.size) : 0;
  f.private_bytes = sizeof(model_state) + state_->layers.bytes() + state_->dense.bytes() +
                    state_->head.labels.bytes() + state_->file.copy.bytes();
  f.workspace = workspace_bytes(config().max_length);
  return f;
}

namespace detail {

/// Reads a byte of each page, or of each part of one where pages are larger.
inline void touch(const unsigned char* begin, const unsigned char* end) noexcept {
  constexpr std::ptrdiff_t page = 4096;
  const auto read = [](const volatile unsigned char* p) { static_cast<void>(*p); };
  if (begin == end) return;
  for (; end - begin > page; begin += page) read(begin);
  read(begin), read(end - 1);
}

/// Word rows that are touched with the rest, in bytes.
inline constexpr std::size_t few_word_rows = std::size_t{1} << 22;

}  // namespace detail

FEWFIT_INLINE void model::warm_up() const noexcept {
  const file_memory& file = state_->file;
  const model_config& c = config();
  const std::size_t rows = c.vocab_size * padded(c.hidden_size) * bytes_of(state_->embeddings.type);
  const auto* const words = static_cast<const unsigned char*>(state_->embeddings.word);
  const unsigned char* const end = file.data + file.size;
  if (rows <= detail::few_word_rows) return detail::touch(file.data, end);
  detail::touch(file.data, words);
  detail::touch(words + rows, end);
}

}  // namespace v0
}  // namespace fewfit

// SPDX-License-Identifier: MIT
#include <new>

#include "batches.hpp"
#include "colours.hpp"
#include "commands.hpp"
#include "common.hpp"
#include "fewfit/answers.hpp"
#include "fewfit/thread_pool.hpp"
#include "highlight.hpp"
#include "json_line.hpp"
#include "labelled.hpp"
#include "output.hpp"

namespace tool {
namespace {

std::uint32_t asked_label(fewfit::span<const std::string_view> labels, const options& options) {
  if (labels.size == 0) throw no_head(options.model);
  if (!options.label) return fewfit::predicted_label;
  const auto found = fewfit::index_of(labels, *options.label);
  if (!found) throw failure(bad_usage, no_such_label(*options.label, labels));
  return *found;
}

class explain_command : public batch_command {
 public:
  explicit explain_command(const options& options)
      : format_(options.format),
        colours_(options.format == format::text && wants_colours(options.colours)),
        model_(load_model(options.model)),
        head_(load_head(options.head, model_)),
        label_(asked_label(head_ ? head_->labels() : model_.labels(), options)),
        how_(options.occlusion ? fewfit::evidence_kind::occlusion : fewfit::evidence_kind::automatic),
        pool_(options.threads),
        scratch_(options.threads) {}

  std::vector<std::string_view> keys() const override {
    return {"label", "probability", "logit", "intercept", "rest", "exact", "evidence", "tokens", "truncated"};
  }

  // A workspace serves one call at a time, so each thread has its own, and every so-manieth text.
  fewfit::errc compute(fewfit::span<const std::string_view> texts) override {
    texts_ = texts;
    answers_.resize(texts.size);
    const fewfit::executor run = pool_.executor();
    const auto task = [](void* self, std::size_t i) { static_cast<explain_command*>(self)->some(i); };
    run.run(run.user, scratch_.size(), task, this);
    for (const fewfit::explanation& answer : answers_) {
      if (answer.status != fewfit::errc::none) return answer.status;
    }
    return fewfit::errc::none;
  }

  std::string as_text(std::size_t i) const override {
    const fewfit::explanation& e = answers_[i];
    if (format_ == format::html) return as_html(e, texts_[i]);
    std::string out = visible(e.label) + '\t';
    append_number(out, e.probability);
    return out + '\t' + marked_line(stretches(texts_[i], e.words), colours_);
  }

  std::string as_json(std::size_t i) const override {
    const fewfit::explanation& e = answers_[i];
    std::string out = "\"label\":" + quoted(e.label);
    append_member(out, "probability", e.probability);
    append_member(out, "logit", e.logit);
    append_member(out, "intercept", e.intercept);
    append_member(out, "rest", e.rest);
    out += std::string(",\"exact\":") + (e.exact ? "true" : "false") + ",\"evidence\":[";
    for (std::size_t w = 0; w < e.words.size(); ++w) {
      const fewfit::byte_range bytes = e.words[w].bytes;
      if (w != 0) out += ',';
      out += "{\"start\":" + std::to_string(bytes.begin) + ",\"end\":" + std::to_string(bytes.end) +
             ",\"word\":" + quoted(texts_[i].substr(bytes.begin, bytes.end - bytes.begin));
      append_member(out, "contribution", e.words[w].contribution);
      out += '}';
    }
    return out + "]," + tokens_and_truncated(e.tokens, e.truncated);
  }

 private:
  static void append_member(std::string& out, const char* key, double number) {
    out += std::string(",\"") + key + "\":";
    append_number(out, number);
  }

  static std::string as_html(const fewfit::explanation& e, std::string_view text) {
    const std::string end = e.truncated ? " The text is longer than the model reads." : "";
    const std::string how = e.exact ? "" : ", each what the logit loses without it";
    double words = 0;
    for (const fewfit::word_evidence& w : e.words) words += w.contribution;
    return "<article>\n<h2><bdi>" + html(e.label) + "</bdi> " + rounded(e.probability, 4) +
           "</h2>\n<p dir=\"auto\">" + marked_html(stretches(text, e.words)) + "</p>\n<small>logit " +
           rounded(e.logit, 2) + " = intercept " + rounded(e.intercept, 2) + " + words " + rounded(words, 2) + how +
           " + rest " + rounded(e.rest, 2) + "." + end + "</small>\n</article>";
  }

  // On a thread of the pool, which no exception may leave.
  void some(std::size_t task) noexcept {
    for (std::size_t i = task; i < texts_.size; i += scratch_.size()) {
      fewfit::explanation& e = answers_[i];
      try {
        e.words.resize(model_.config().max_length);
        static_cast<fewfit::evidence&>(e) =
            model_.explain(texts_[i], scratch_[task], e.words, label_, how_, head_ ? &*head_ : nullptr);
        e.words.resize(e.word_count);
      } catch (const std::bad_alloc&) {
        e.status = fewfit::errc::out_of_memory;
      }
    }
  }

  const format format_;
  const bool colours_;
  fewfit::model model_;
  std::optional<fewfit::head> head_;  // none: the model's own
  const std::uint32_t label_;
  const fewfit::evidence_kind how_;
  fewfit::thread_pool pool_;
  std::vector<fewfit::workspace> scratch_;
  fewfit::span<const std::string_view> texts_;
  std::vector<fewfit::explanation> answers_;
};

}  // namespace

void explain(const options& options) {
  explain_command command(options);
  if (options.format != format::html) return run(options, command);
  const auto finish = [] { write_line(page_end()), flush(); };
  write_line(page_start());
  try {
    run(options, command);
  } catch (const failure&) {
    finish();  // what there is of it is a whole page
    throw;
  }
  finish();
}

}  // namespace tool

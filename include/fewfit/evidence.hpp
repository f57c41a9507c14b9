// SPDX-License-Identifier: MIT
#pragma once
// Which words speak for a label: its logit as a sum over the words of the text.
//
//   exact       a linear head on a mean of the rows: logit = intercept + sum over tokens of w . h[t] / T, a share for
//               each token out of rows that a prediction makes anyway. Unit length divides all by one number.
//   occlusion   any model: how much the logit falls when the word's tokens are left out, a text for each word
//
// A hidden row has seen its neighbours: a share credits a token in its context, and is no causal effect. The head is
// the model's own, or another that has a file of its own and was made for the same body.

#include <algorithm>

#include "fewfit/shares.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Explains one text in one arena. What is found waits in the arena until nothing can go wrong any more.
class explainer {
 public:
  /// needs  room for K decisions, or null: an arena has it for those of the model's own head
  explainer(const model_state& m, const bound_head& h, double* decisions, const workspace_state& w,
            unsigned char* arena, std::string_view text, evidence_kind how) noexcept
      : m_(m),
        h_(h),
        words_(reinterpret_cast<word_evidence*>(arena + w.layout.evidence)),
        tokenizer_scratch_(arena + w.layout.tokenizer),
        longest_(w.layout.longest),
        batch_(m, w, arena, 0, 0),
        decisions_(decisions != nullptr ? decisions : batch_.probabilities()),
        text_(text) {
    e_.exact = how == evidence_kind::automatic && is_additive(m, h);
  }

  evidence explain(std::uint32_t label, span<word_evidence> out) noexcept {
    evidence failed;
    if ((failed.status = fill(label, out.size)) != errc::none) return failed;
    std::copy(words_, words_ + e_.word_count, out.data);
    return e_;
  }

 private:
  errc fill(std::uint32_t label, std::size_t room) noexcept {
    batch_.clear();
    const tokenize_result t = batch_.tokenize(text_);
    if (t.status != errc::none) return t.status;
    if (t.truncated && longest_ < m_.config.max_length) return errc::workspace_too_small;
    e_.tokens = static_cast<std::uint32_t>(t.count);
    e_.truncated = t.truncated;
    batch_.accept(t.count);
    batch_.encode();
    if (!judge(label)) return errc::non_finite_output;
    list_words();
    if (e_.word_count > room) return errc::bad_argument;
    if (!e_.exact && !leave_out_each()) return errc::non_finite_output;
    return is_finite_sum() ? errc::none : errc::non_finite_output;
  }

  /// The answer, and what is to be explained about it.
  bool judge(std::uint32_t label) noexcept {
    const head_weights& w = h_.weights;
    const float* const sentence = batch_.sentence(0);
    if (sentence == nullptr || !decide(w, sentence, decisions_)) return false;
    e_.index = label != predicted_label ? label : static_cast<std::uint32_t>(decided(w, decisions_));
    e_.label = h_.labels[e_.index];
    from_ = label_row::of(w, e_.index);
    e_.intercept = from_.sign * w.intercept[from_.row];
    e_.logit = of_label();
    to_probabilities(w, decisions_);
    e_.probability = decisions_[e_.index];
    return true;
  }

  double of_label() const noexcept {
    return from_.sign * decisions_[h_.weights.kind == head_kind::binary ? 1 : e_.index];
  }

  /// The label's; false where it is not finite.
  bool logit(const float* sentence, double& out) noexcept {
    if (sentence == nullptr || !decide(h_.weights, sentence, decisions_)) return false;
    out = of_label();
    return true;
  }

  /// Calls `word(ids, ranges, count)` for each word of the text until it returns false.
  template <class Word>
  void walk(Word&& word) noexcept {
    tokenize_all(m_.tokenizer, text_, tokenizer_scratch_, word, false, true);
  }

  /// Bytes of all words, and their shares where there are such; of a word that was cut, of the part that was seen.
  void list_words() noexcept {
    const std::size_t tokens = batch_.tokens(0);
    const token_shares shares(m_.config, h_.weights, batch_, from_);
    const double scale = e_.exact ? shares.scale() : 0;
    std::size_t at = 1;
    walk([&](const std::uint32_t*, const byte_range* ranges, std::size_t count) {
      const std::size_t left = tokens - 1 - at, seen = count < left ? count : left;
      if (seen == 0) return false;
      byte_range bytes = ranges[0];
      double sum = 0;
      for (std::size_t i = 0; i < seen; ++i) {
        bytes.begin = ranges[i].begin < bytes.begin ? ranges[i].begin : bytes.begin;
        bytes.end = ranges[i].end > bytes.end ? ranges[i].end : bytes.end;
        if (e_.exact) sum = shares.add(at + i, sum);
      }
      words_[e_.word_count++] = {bytes, sum * scale};
      at += seen;
      return true;
    });
    if (e_.exact) e_.rest = shares.add(tokens - 1, shares.add(0, 0)) * scale;
  }

  /// The text without one word after another, as many at a time as fit. The bits are those of a call for each.
  bool leave_out_each() noexcept {
    batch_.clear();
    for (std::size_t word = 0; word < e_.word_count; ++word) {
      const std::size_t tokens = read_without(word);
      if (!batch_.has_room(tokens) || batch_.texts() == texts_a_task) {
        if (!note_differences()) return false;
        batch_.restart(tokens);
      }
      batch_.accept(tokens);
    }
    return e_.word_count == 0 || note_differences();
  }

  /// Ids of the text without a word behind the batch, cut where a text is cut. Its neighbours stay as they are: to
  /// take its bytes out could join them to another word. A word that was cut is left out with its unseen end.
  std::size_t read_without(std::size_t word) noexcept {
    std::uint32_t* const ids = batch_.next_ids();
    std::size_t count = 0, number = 0;
    ids[count++] = m_.tokenizer.config.cls;
    walk([&](const std::uint32_t* found, const byte_range*, std::size_t n) {
      if (number++ == word) return true;
      for (std::size_t i = 0; i < n && count + 1 < longest_; ++i) ids[count++] = found[i];
      return count + 1 < longest_;
    });
    ids[count++] = m_.tokenizer.config.sep;
    return count;
  }

  bool note_differences() noexcept {
    batch_.encode();
    for (std::size_t b = 0; b < batch_.texts(); ++b) {
      double without = 0;
      if (!logit(batch_.sentence(b), without)) return false;
      words_[batch_.first() + b].contribution = e_.logit - without;
    }
    return true;
  }

  /// What words do not account for is the rest. False where a part is not finite.
  bool is_finite_sum() noexcept {
    double left = e_.logit - e_.intercept;
    for (std::size_t i = 0; i < e_.word_count; ++i) left -= words_[i].contribution;
    if (!e_.exact) e_.rest = left;
    return is_finite_number(left) && is_finite_number(e_.rest);
  }

  const model_state& m_;
  const bound_head& h_;
  word_evidence* const words_;  // [longest]
  void* const tokenizer_scratch_;
  const std::size_t longest_;
  text_batch batch_;
  double* const decisions_;  // [K]
  const std::string_view text_;
  label_row from_;
  evidence e_;
};

}  // namespace detail

FEWFIT_INLINE evidence model::explain(std::string_view text, workspace& scratch, span<word_evidence> out,
                                      std::uint32_t label, evidence_kind how, const head* other) const noexcept {
  evidence answer;
  const auto failed = [&](errc e) { return answer.status = e, answer; };
  if (scratch.state_ == nullptr) return failed(scratch.missing_);
  const head_state* const theirs = other != nullptr ? other->state_ : nullptr;
  if (theirs != nullptr && !detail::same_body(theirs->body, state_->body)) return failed(errc::wrong_body);
  const detail::bound_head& h = theirs != nullptr ? theirs->head : state_->head;
  if (!h.exists()) return failed(errc::no_head);
  if (label != predicted_label && label >= h.weights.classes) return failed(errc::bad_argument);
  // Of the model's own head an arena has room for all decisions, so none is asked for.
  detail::decision_scratch room(theirs != nullptr ? h.weights.classes : 0,
                                theirs != nullptr ? theirs->memory : state_->memory);
  if (room.data() == nullptr) return failed(errc::out_of_memory);
  workspace_state& w = *scratch.state_;
  const std::size_t tokens = detail::token_bound(text.size(), config().max_length);
  if (const errc e = w.prepare(*state_, tokens, 1, 0, false); e != errc::none) return failed(e);
  unsigned char* const memory = w.claim();
  if (memory == nullptr) return failed(errc::workspace_busy);
  const fp_environment environment;
  double* const decisions = theirs != nullptr ? room.data() : nullptr;
  answer = detail::explainer(*state_, h, decisions, w, memory, text, how).explain(label, out);
  w.give_back(memory);
  return answer;
}

namespace detail {

/// With a workspace of its own.
inline explanation explain_easily(const model& m, const allocator& memory, std::string_view text, std::uint32_t label,
                                  evidence_kind how, const head* other) {
  workspace scratch(1, memory);
  explanation out;
  out.words.resize(token_bound(text.size(), m.config().max_length) - 2);
  static_cast<evidence&>(out) = m.explain(text, scratch, out.words, label, how, other);
  out.words.resize(out.word_count);
  return out;
}

}  // namespace detail

FEWFIT_INLINE explanation model::explain(std::string_view text, std::uint32_t label, evidence_kind how) const {
  return detail::explain_easily(*this, state_->memory, text, label, how, nullptr);
}

FEWFIT_INLINE explanation model::explain(std::string_view text, const head& other, std::uint32_t label,
                                         evidence_kind how) const {
  return detail::explain_easily(*this, state_->memory, text, label, how, &other);
}

}  // namespace v0
}  // namespace fewfit

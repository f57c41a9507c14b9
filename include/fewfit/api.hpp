// SPDX-License-Identifier: MIT
#pragma once
// The whole public interface, declarations only: no Eigen, no utf8proc, no operating system.
//
//   auto model = fewfit::model::load("interviews.fewfit");
//   if (!model) return fail(model.error());
//   fewfit::prediction answer = model->predict("text");
//
// Include fewfit.hpp and everything is inline; or include this header everywhere and, in one file of the program,
// `#define FEWFIT_IMPLEMENTATION` before fewfit.hpp. Verbs and meanings are SetFit's.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fewfit/plan_interface.hpp"

namespace fewfit {
inline namespace v0 {

/// How a head is taught: as scikit-learn's LogisticRegression has it.
struct teach_options {
  double C = 1;  // how much the examples count beside the penalty
  bool fit_intercept = true;
  bool balanced = false;  // class_weight="balanced": rare labels count as much as frequent ones
  double tolerance = 1e-12;
  /// Below 1: find the confidence below which the head had better say nothing, so that at most so large a share of
  /// its answers is wrong, by leaving out each example in turn.
  double most_errors = 1;
  /// The label of examples that are none of the others, if there are such: learned as theirs are, but no answer
  /// (head::is_answer). Without an example of it there is no such label.
  std::string_view unknown = {};
  bool leave_one_out = false;  // keep what the head would say of each example without it: head::held_out()
  bool keep_examples = true;   // in the head's file, to teach it more later: vectors, from which texts can be guessed
  bool keep_texts = false;     // and the texts themselves; empty ones of a known head's examples that have none
  std::string_view name = "head";
};

class model;
class head;
struct model_state;
struct head_state;

/// A SetFit classifier over one model file. Immutable: one model serves any number of threads.
class model {
 public:
  /// Maps a file and checks all of it; nothing can be wrong with it afterwards.
  ///
  /// needs   path in UTF-8, on every system    errors  any errc of the file; nothing is left behind
  static result<model> load(std::string_view path, const load_options& options = {}) noexcept;
  /// Reads the file into memory of its own: immune to whoever changes it later.
  static result<model> load_copy(std::string_view path, const load_options& options = {}) noexcept;
  /// Works on the caller's bytes, which stay where they are while the model lives. Their address is a multiple of 64.
  static result<model> from_memory(const void* bytes, std::size_t size, const load_options& options = {}) noexcept;

  model(model&& other) noexcept : state_(other.state_) { other.state_ = nullptr; }
  model& operator=(model&& other) noexcept;
  ~model();

  const model_config& config() const noexcept;
  span<const std::string_view> labels() const noexcept;  // in the head's order; live as long as the model
  bool labels_are_integers() const noexcept;
  fewfit::target target() const noexcept;  // whether a text has one label, or any number of them
  /// Numbers that predict_proba gives for a text, as SetFit's does: K, or a pair for each of K targets, of no and of
  /// yes, where the head is a MultiOutputClassifier.
  std::size_t probabilities_size() const noexcept;
  fewfit::kernels kernels() const noexcept;
  std::string_view about(std::string_view key) const noexcept;  // "license", "source", ...; empty if absent
  std::string_view token(std::uint32_t id) const noexcept;      // the text of a token
  fewfit::footprint footprint() const noexcept;

  // --- Easy forms: each call makes its own workspace. Those that return vectors may let std::bad_alloc out. ---
  prediction predict(std::string_view text) const noexcept;
  std::vector<prediction> predict(span<const std::string_view> texts) const;
  std::vector<prediction> predict(std::initializer_list<std::string_view> texts) const;
  result<std::vector<std::uint8_t>> predict_multi(std::string_view text) const;  // [K], 1 where a label applies
  result<std::vector<std::uint8_t>> predict_multi(span<const std::string_view> texts) const;  // [B, K]
  result<std::vector<std::uint8_t>> predict_multi(std::initializer_list<std::string_view> texts) const;
  result<std::vector<double>> predict_proba(std::string_view text) const;               // [probabilities_size()]
  result<std::vector<double>> predict_proba(span<const std::string_view> texts) const;  // [B, probabilities_size()]
  result<std::vector<double>> predict_proba(std::initializer_list<std::string_view> texts) const;
  result<std::vector<float>> encode(std::string_view text) const;               // [S]
  result<std::vector<float>> encode(span<const std::string_view> texts) const;  // [B, S]
  result<std::vector<float>> encode(std::initializer_list<std::string_view> texts) const;
  explanation explain(std::string_view text, std::uint32_t label = predicted_label,
                      evidence_kind how = evidence_kind::automatic) const;
  explanation explain(std::string_view text, const head& other, std::uint32_t label = predicted_label,
                      evidence_kind how = evidence_kind::automatic) const;
  token_ids tokenize(std::string_view text, tokenize_options options = {}) const;
  std::vector<token_ids> tokenize(span<const std::string_view> texts, tokenize_options options = {}) const;
  std::vector<token_ids> tokenize(std::initializer_list<std::string_view> texts, tokenize_options options = {}) const;

  // --- For programs that run many: after the first call with a workspace nothing allocates, whatever the texts; ---
  // --- only a call with more texts than any before it, if they are more than sixteen, makes the workspace grow. ---
  // Fill the caller's memory and return none, or write nothing and return what went wrong.
  // `info`, if given, gets one element a text; `run` spreads the work, the bits do not depend on it; `report` hears
  // how far it is and may cancel it.
  prediction predict(std::string_view text, workspace& scratch) const noexcept;
  errc predict(span<const std::string_view> texts, workspace& scratch, span<prediction> out, const executor& run = {},
               const progress& report = {}) const noexcept;
  errc predict_proba(span<const std::string_view> texts, workspace& scratch, span<double> out,
                     span<text_info> info = {}, const executor& run = {}, const progress& report = {}) const noexcept;
  errc encode(span<const std::string_view> texts, workspace& scratch, span<float> out, span<text_info> info = {},
              const executor& run = {}, const progress& report = {}) const noexcept;
  /// For models whose texts may have several labels, or none: 1 where a label applies, as SetFit's predict decides.
  /// (On such a model `predict` tells the most probable label.)    errors  unsupported_target on other models
  errc predict_multi(span<const std::string_view> texts, workspace& scratch, span<std::uint8_t> out,
                     span<text_info> info = {}, const executor& run = {}, const progress& report = {}) const noexcept;
  /// What the model's own head says of vectors that `encode` gave: as the verbs without `_of`, but for the number of
  /// tokens.    shape  vectors [B, S] -> out [B], or as predict_proba's and predict_multi's
  errc predict_of(span<const float> vectors, span<prediction> out) const noexcept;
  errc predict_proba_of(span<const float> vectors, span<double> out) const noexcept;
  errc predict_multi_of(span<const float> vectors, span<std::uint8_t> out) const noexcept;
  /// Which words speak for a label. A word is one of the tokenizer's: its pieces are joined, punctuation is a word,
  /// an added token is one. Its bytes are those the model saw of it, and together they are those of all tokens.
  /// With `other`, of another head than the model's own, which may then be a body alone.
  ///
  /// needs   room in `out` for the words: max_length() - 2 suffice for any text. A label's index in the head that is
  ///         asked, or predicted_label
  /// cost    shares: a prediction and 1 to 2 %; else a prediction more for each word, in batches
  /// memory  another head's with more than 64 labels: K doubles from its allocator, in each call
  /// errors  bad_argument: no such label, or no room; wrong_body: `other` was made for another model's vectors;
  ///         no_head: a body alone, and no other; text_too_long, non_finite_output, out_of_memory, workspace_busy or
  ///         workspace_too_small. `out` is as it was then
  evidence explain(std::string_view text, workspace& scratch, span<word_evidence> out,
                   std::uint32_t label = predicted_label, evidence_kind how = evidence_kind::automatic,
                   const head* other = nullptr) const noexcept;
  /// The ids of a text, [CLS] and [SEP] included, as many as `out` and max_length() allow, and `offsets` if given:
  /// the bytes of the text that each came from, {0, 0} for [CLS] and [SEP].
  ///
  /// needs   out.size >= 2, offsets.size >= out.size
  /// errors  bad_argument, text_too_long, out_of_memory, workspace_busy or workspace_too_small
  errc tokenize(std::string_view text, workspace& scratch, span<std::uint32_t> out, text_info& info,
                span<byte_range> offsets = {}) const noexcept;

  /// A head that has learned from labelled texts: scikit-learn's LogisticRegression at its optimum, on their vectors.
  /// With `known`, a head that this model has taught, from its examples and these: it begins there and ends where a
  /// fit to all ends. The same bits on every run and any number of threads.
  ///
  /// needs   as many labels as texts
  /// cost    encoding, then 56 examples of 3 labels in a millisecond; leaving each out in turn, where options ask for
  ///         it, n times a third of that, on the caller's thread
  /// memory  the vectors twice, and what fit() and leave_one_out() say; from the model's allocator
  /// errors  before anything is encoded: bad_argument (an option), no_examples, one_label, bad_dimension (too many
  ///         labels), bad_label (empty), bad_utf8, string_too_long, wrong_body; then empty_text (no words), cancelled
  ///         and what encode and fit() say. `where` says labels or texts, and `number` which, or what else
  result<head> teach(span<const std::string_view> texts, span<const std::string_view> labels,
                     const teach_options& options = {}, const head* known = nullptr) const noexcept;
  result<head> teach(span<const std::string_view> texts, span<const std::string_view> labels,
                     const teach_options& options, const head* known, workspace& scratch, const executor& run = {},
                     const progress& report = {}) const noexcept;  // of texts, then of what is left out in turn
  /// Teaches a head more, as it was taught before.
  result<head> teach(span<const std::string_view> texts, span<const std::string_view> labels,
                     const head& known) const noexcept;
  /// The head that it would be had an example had another label, or not been there; taught as it was, or otherwise.
  ///
  /// errors  as teach, and bad_argument where there is no such example
  result<head> relabel(const head& known, std::size_t example, std::string_view label) const noexcept;
  result<head> relabel(const head& known, std::size_t example, std::string_view label, const teach_options& options,
                       const progress& report = {}) const noexcept;
  result<head> forget(const head& known, std::size_t example) const noexcept;
  result<head> forget(const head& known, std::size_t example, const teach_options& options,
                      const progress& report = {}) const noexcept;

  /// Bytes of a workspace for texts of up to `tokens` tokens (at most max_length() count), `width` at a time,
  /// in calls of up to `texts` texts, cut as said. A pure function.
  std::size_t workspace_bytes(std::size_t tokens, std::size_t width = 1, std::size_t texts = 1,
                              cut how = cut::automatic) const noexcept;

  /// Makes the first call as fast as later ones where a file was mapped and its checksums not verified: reads a byte
  /// of every page but those of word rows (if they are more than 4 MB), of which a text needs a few. A workspace's
  /// memory is new to its own first call all the same.
  ///
  /// cost    what the first call would pay: 0.6 ms for 13 MB in the page cache, else the disk's time; again, 0.03 ms
  void warm_up() const noexcept;

  /// Asks the model the texts its file carries and compares with the original's answers.
  result<self_test_report> self_test() const noexcept;

 private:
  friend class plan;
  friend class head;
  explicit model(model_state* state) noexcept : state_(state) {}
  model_state* state_;
};

/// A head in a file of its own, a few KB: one encoded text can be asked by many. Immutable, as a model is.
///
///   auto mood = fewfit::head::load("mood.fewfit", model);                 // refused if made for another body
///   auto said = mood->predict(model.encode("so be it").value());
///
/// The file is read into memory, so it may be replaced while it is in use. A head outlives the model if it has to.
class head {
 public:
  /// errors  any errc of the file; wrong_body where it was made for another model's vectors
  static result<head> load(std::string_view path, const model& body, const load_options& options = {}) noexcept;
  /// needs  bytes at a multiple of 64, which stay where they are
  static result<head> from_memory(const void* bytes, std::size_t size, const model& body,
                                  const load_options& options = {}) noexcept;

  head(head&& other) noexcept : state_(other.state_) { other.state_ = nullptr; }
  head& operator=(head&& other) noexcept;
  ~head();

  span<const std::string_view> labels() const noexcept;
  bool labels_are_integers() const noexcept;
  fewfit::target target() const noexcept;
  std::size_t sentence_size() const noexcept;       // numbers of a vector
  std::size_t probabilities_size() const noexcept;  // as the model's
  std::string_view name() const noexcept;
  std::string_view about(std::string_view key) const noexcept;
  std::size_t bytes() const noexcept;                   // of memory
  span<const unsigned char> contents() const noexcept;  // the file, to be saved by whoever wants it again

  /// What it was taught with, if model::teach has made it.    needs  i < examples()
  std::size_t examples() const noexcept;
  std::string_view example_label(std::size_t i) const noexcept;
  span<const float> example_vector(std::size_t i) const noexcept;
  std::string_view example_text(std::size_t i) const noexcept;  // empty where texts were not kept
  /// What it would say of each example had it not been taught with it, where it has just been taught with
  /// teach_options::leave_one_out; it is not in the file.    shape  [n, K], else empty
  span<const double> held_out() const noexcept;
  /// A smaller probability is no answer, then this share of the answers is wrong (teach_options::most_errors).
  double abstain_below() const noexcept;
  double expected_error() const noexcept;
  double expected_answers() const noexcept;   // and this share of the texts gets one; 0 where nobody has asked
  std::string_view unknown() const noexcept;  // the label that means none of the others; empty where there is none
  /// Whether what it said of a text is one of its labels, and as sure as it has to be.
  bool is_answer(const prediction& said) const noexcept;
  bool is_answer(std::uint32_t label, double probability) const noexcept;
  /// How it was taught, where it holds examples: to teach it more. Strings live until the head is replaced.
  teach_options taught_with() const noexcept;

  /// What a vector that `encode` gave is.    needs  sentence_size() numbers; else the status is bad_argument
  prediction predict(span<const float> vector) const noexcept;
  errc predict(span<const float> vectors,
               span<prediction> out) const noexcept;  // [B, S] -> [B]
  // shape  vectors [B, S] -> out [B, probabilities_size()], or [B, K]
  // errors bad_argument, non_finite_output: what came before that vector has been written; unsupported_target where a
  //        text has one label; out_of_memory with more than 64 labels
  errc predict_proba(span<const float> vectors, span<double> out) const noexcept;
  errc predict_multi(span<const float> vectors, span<std::uint8_t> out) const noexcept;

 private:
  friend class model;
  explicit head(head_state* state) noexcept : state_(state) {}
  head_state* state_;
};

}  // namespace v0
}  // namespace fewfit

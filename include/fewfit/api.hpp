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

#include "fewfit/types.hpp"

namespace fewfit {
inline namespace v0 {

class model;
class head;
class plan;
struct model_state;
struct head_state;
struct workspace_state;
struct tokenize_result;
namespace detail {
class text_batch;
struct text_tasks;
}  // namespace detail

/// Scratch memory for one call at a time; grows on first use, then stays. A model's calls may share one.
class workspace {
 public:
  explicit workspace(std::size_t width = 1, fewfit::allocator memory = {}) noexcept;  // for `width` concurrent tasks
  /// In the caller's memory, which stays the caller's and never grows: workspace_too_small if it does not suffice.
  workspace(void* memory, std::size_t bytes, std::size_t width = 1) noexcept;
  workspace(workspace&& other) noexcept;
  workspace& operator=(workspace&& other) noexcept;
  ~workspace();
  std::size_t bytes() const noexcept;

 private:
  friend class plan;
  friend class model;
  workspace_state* state_ = nullptr;    // null where there was not enough memory even for it
  errc missing_ = errc::out_of_memory;  // what a call answers then
};

/// Runs independent tasks and returns when all are done; a loop is a legal one, and the default.
struct executor {
  void (*run)(void* user, std::size_t tasks, void (*task)(void* context, std::size_t index), void* context) = nullptr;
  void* user = nullptr;
};

/// Hears how far a call is: `done` of its `total` texts, after each micro-batch; false cancels the call.
///
/// It is called on whichever thread did the work, but never twice at once, and `done` grows from call to call: what
/// is done while it runs is told together, so it may be called less often than there are micro-batches, and should be
/// short. Where nothing goes wrong, the last call says that all is done, and it is not too late to cancel even then.
/// It must not throw.
struct progress {
  bool (*call)(void* user, std::size_t done, std::size_t total) = nullptr;  // null: nobody wants to know
  void* user = nullptr;
};

/// How a call is cut into tasks. The bits do not depend on it.
enum class cut : std::uint8_t {
  automatic,  // rows for one text, if it may have 24 tokens and the workspace is for several tasks; else texts
  texts,      // a task takes up to sixteen texts from bytes to answers
  rows        // a task takes up to 32 tokens through one layer: several threads for one text, or many short tasks
};

/// What a call learned about a text besides its answer.
struct text_info {
  std::uint32_t tokens = 0;
  bool truncated = false;
};

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
  fewfit::target target() const noexcept;           // whether a text has one label, or any number of them
  std::size_t probabilities_size() const noexcept;  // numbers that predict_proba gives for a text: K, or K pairs
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
  result<std::vector<double>> predict_proba(std::string_view text) const;                     // [K]
  result<std::vector<double>> predict_proba(span<const std::string_view> texts) const;        // [B, K]
  result<std::vector<double>> predict_proba(std::initializer_list<std::string_view> texts) const;
  result<std::vector<float>> encode(std::string_view text) const;               // [S]
  result<std::vector<float>> encode(span<const std::string_view> texts) const;  // [B, S]
  result<std::vector<float>> encode(std::initializer_list<std::string_view> texts) const;
  explanation explain(std::string_view text, std::uint32_t label = predicted_label,
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
  /// What the model's own head says of vectors that `encode` gave: predictions without a number of tokens, or what the
  /// verb without `_of` gives.    shape  vectors [B, S] -> out [B], or as predict_proba's and predict_multi's
  errc predict_of(span<const float> vectors, span<prediction> out) const noexcept;
  errc predict_proba_of(span<const float> vectors, span<double> out) const noexcept;
  errc predict_multi_of(span<const float> vectors, span<std::uint8_t> out) const noexcept;
  /// Which words speak for a label. A word is one of the tokenizer's: its pieces are joined, punctuation is a word,
  /// an added token is one. Its bytes are those the model saw of it, and together they are those of all tokens.
  ///
  /// needs   room in `out` for the words: max_length() - 2 suffice for any text. A label's index, or predicted_label
  /// cost    shares: a prediction and 1 to 2 %; else a prediction more for each word, in batches
  /// errors  bad_argument: no such label, or no room; no_head, text_too_long, non_finite_output, out_of_memory,
  ///         workspace_busy or workspace_too_small. `out` is as it was then
  evidence explain(std::string_view text, workspace& scratch, span<word_evidence> out,
                   std::uint32_t label = predicted_label,
                   evidence_kind how = evidence_kind::automatic) const noexcept;
  /// The ids of a text, [CLS] and [SEP] included, as many as `out` and max_length() allow, and `offsets` if given:
  /// the bytes of the text that each came from, {0, 0} for [CLS] and [SEP].
  ///
  /// needs   out.size >= 2, offsets.size >= out.size
  /// errors  bad_argument, text_too_long, out_of_memory, workspace_busy or workspace_too_small
  errc tokenize(std::string_view text, workspace& scratch, span<std::uint32_t> out, text_info& info,
                span<byte_range> offsets = {}) const noexcept;

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
  std::string_view about(std::string_view key) const noexcept;
  std::size_t bytes() const noexcept;  // of memory

  /// What a vector that `encode` gave is.    needs  sentence_size() numbers; else the status is bad_argument
  prediction predict(span<const float> vector) const noexcept;
  errc predict(span<const float> vectors,
               span<prediction> out) const noexcept;  // [B, S] -> [B]; may have written some
  // shape  vectors [B, S] -> out [B, probabilities_size()], or [B, K]
  // errors bad_argument, non_finite_output; unsupported_target where a text has one label
  errc predict_proba(span<const float> vectors, span<double> out) const noexcept;
  errc predict_multi(span<const float> vectors, span<std::uint8_t> out) const noexcept;

 private:
  explicit head(head_state* state) noexcept : state_(state) {}
  head_state* state_;
};

/// One call, cut into stages of independent tasks: for a job system, or for a deadline between tasks.
///
/// Run stage 0's tasks in any order on any threads, then stage 1's, and so on; the bits are those of the plain call.
/// Model, texts, workspace and output outlive the plan; a workspace serves one plan at a time, and at most its width
/// of tasks at once. A workspace of width 1 grows once more when `cut::rows` is first asked for.
class plan {
 public:
  static plan predict(const model& m, span<const std::string_view> texts, workspace& scratch, span<prediction> out,
                      cut how = cut::automatic) noexcept;
  static plan predict_proba(const model& m, span<const std::string_view> texts, workspace& scratch, span<double> out,
                            span<text_info> info = {}, cut how = cut::automatic) noexcept;
  static plan predict_multi(const model& m, span<const std::string_view> texts, workspace& scratch,
                            span<std::uint8_t> out, span<text_info> info = {}, cut how = cut::automatic) noexcept;
  static plan encode(const model& m, span<const std::string_view> texts, workspace& scratch, span<float> out,
                     span<text_info> info = {}, cut how = cut::automatic) noexcept;

  /// Who hears how far it is.    needs  no task has run yet
  plan& on_progress(const progress& report) noexcept { return progress_ = report, *this; }
  std::size_t stages() const noexcept;
  std::size_t tasks(std::size_t stage) const noexcept;
  void run(std::size_t stage, std::size_t task) noexcept;  // once each: rows are worked on in place
  /// All stages from the first, through an executor, so not after run() or step(). Returns status().
  errc run_all(const executor& run = {}) noexcept;
  /// Works for about so long, at least one task, and goes on at the next call; true when nothing is left, whether it
  /// went well or not. No task is begun that probably does not fit, to judge by those of its kind so far. Cut by
  /// rows, tasks are short: one millisecond at most where a text of 128 tokens takes twelve.
  ///
  /// needs   nobody else runs tasks of this plan    cost  a look at the clock a task, nothing hidden
  bool step(std::uint32_t microseconds) noexcept;
  /// What went wrong so far; tasks of a plan that failed return at once.
  errc status() const noexcept;
  /// Makes the remaining tasks return at once, from any thread. The output is not written.
  void cancel() noexcept;

 private:
  friend class model;
  enum class goal : std::uint8_t { predict, predict_proba, predict_multi, encode };
  enum class work : std::uint8_t { texts, tokens, embedding, layer, answers, hand_over };
  plan(goal g, const model& m, span<const std::string_view> texts, workspace& scratch, cut how) noexcept;
  void expect(std::size_t width, std::size_t numbers, std::size_t infos) noexcept;
  detail::text_tasks dealt() const noexcept;
  std::size_t stages_a_group() const noexcept;
  work kind(std::size_t stage) const noexcept;
  std::uint64_t expected_time(work what) const noexcept;
  void run_texts(unsigned char* memory, std::size_t task) noexcept;
  void run_rows(unsigned char* memory, std::size_t stage, std::size_t task) noexcept;
  void fail(errc code) noexcept;
  std::size_t read(detail::text_batch& batch, std::size_t i) noexcept;
  void note(std::size_t i, const tokenize_result& t) noexcept;
  void answer_all(detail::text_batch& batch) noexcept;
  void tell(std::size_t texts) noexcept;
  void answer(std::size_t i, const float* sentence, double* scratch) noexcept;
  void hand_over() noexcept;
  std::size_t answer_bytes() const noexcept;
  text_info* staged_info() const noexcept;

  const model_state* model_ = nullptr;
  workspace_state* scratch_ = nullptr;
  span<const std::string_view> texts_;
  void* out_ = nullptr;
  text_info* info_ = nullptr;
  goal goal_ = goal::predict;
  progress progress_;
  errc early_ = errc::none;                        // what went wrong before the first task
  std::size_t large_tasks_ = 0, small_task_ = 16;  // how texts are dealt to tasks
  std::size_t group_ = 0;                          // texts at a time where work is cut by rows, else 0
  std::size_t row_tasks_ = 0;                      // tasks of a stage that is cut by rows
  std::size_t stage_ = 0, task_ = 0;               // where step() goes on
  std::uint64_t longest_[static_cast<std::size_t>(work::hand_over) + 1] = {};  // nanoseconds of a task in step()
};

}  // namespace v0
}  // namespace fewfit

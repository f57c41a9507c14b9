// SPDX-License-Identifier: MIT
#pragma once
// A call as a list of stages, declared: plan.hpp and plan_tasks.hpp say what stages and tasks do.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fewfit/execution.hpp"

namespace fewfit {
inline namespace v0 {

class model;
struct model_state;
struct tokenize_result;
namespace detail {
class text_batch;
struct text_tasks;
}  // namespace detail

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

// SPDX-License-Identifier: MIT
#pragma once
// How good a fit is, from its own examples: what it would say of each had it not been fitted to it, and below which
// confidence it had better say nothing.
//
//   std::vector<double> held_out(n * 3);
//   if (fewfit::leave_one_out({vectors, labels, 384, 3}, *head, held_out).code != fewfit::errc::none) ...
//   const auto abstain = fewfit::threshold_for(0.05, held_out, labels, 3);  // at most one error in twenty answers
//
// No approximation: each of the n fits is made, but begins at the fit to all, a step or two from its own optimum, and
// its conjugate gradients are eased by directions that all n fits share (conjugate_pairs).

#include <algorithm>
#include <limits>

#include "fewfit/nn/logistic_regression.hpp"

namespace fewfit {
inline namespace v0 {

namespace detail {

/// What n fits share.
struct held_out_state {
  fit_state state;
  owned<double> optimum, scores, pairs;
  conjugate_pairs eased;

  error prepare(const training_set& e, const fit_options& o, const logistic_regression& of_all) noexcept {
    const error wrong = state.prepare(e, o);
    if (wrong.code != errc::none) return wrong;
    if (of_all.classes != e.classes || of_all.width != e.width || !of_all.numbers)
      return {errc::bad_argument, "of_all"};
    const std::size_t n = state.parameters.size(), most = newton_memory::most_pairs;
    optimum = owned<double>(o.allocator, n);
    scores = owned<double>(o.allocator, std::uint64_t{state.problem.examples} * state.problem.rows());
    pairs = owned<double>(o.allocator, (std::uint64_t{2} * n + 1) * most);
    if (!optimum || !scores || !pairs) return {errc::out_of_memory, "leave_one_out"};
    eased = {pairs.data(), pairs.data() + most * n, pairs.data() + 2 * most * n, 0, most};
    state.begin(&of_all);
    std::memcpy(optimum.data(), state.parameters.data(), n * sizeof(double));
    return {};
  }

  /// Conjugate directions at the optimum, from a gradient in which half of the examples pull the other way: a mixture
  /// of what comes up when any one of them is left out.
  bool find_directions(newton_memory& m) noexcept {
    const logistic_problem& p = state.problem;
    look_at(p, m, optimum.data());
    std::memcpy(scores.data(), m.scores, scores.bytes());
    for (std::size_t i = 0; i < p.parameters(); ++i) m.gradient[i] = 0;
    std::uint32_t random = 1;
    for_blocks(p, [&](std::size_t first, std::size_t count) {
      residuals(p, m.probabilities, first, count);
      for (std::size_t i = 0; i < count; ++i) {
        random = random * 1664525u + 1013904223u;
        for (std::size_t k = 0; k < p.rows() && random >> 31 != 0; ++k) p.block[i * p.rows() + k] *= -1;
      }
      add_block(p, first, count, m.gradient);
    });
    const double length = std::sqrt(p.table->dot(m.gradient, m.gradient, p.parameters()));
    conjugate_gradients(p, m, 1e-8 * length, eased.most, nullptr, &eased);
    return is_finite_number(length);
  }

  /// Where the fit without the example begins: at the optimum for all, or at zero if it has a class less.
  void begin(newton_memory& m) noexcept {
    const logistic_problem& p = state.problem;
    const bool known = p.class_left_out == nobody;
    for (std::size_t j = 0; j < optimum.size(); ++j) state.parameters[j] = known ? optimum[j] : 0;
    for (std::size_t j = 0; j < p.examples * p.rows(); ++j) m.scores[j] = known ? scores[j] : 0;
    probabilities_of(p, m.scores, m.probabilities);
  }

  /// The classes and what their examples cost without example i.
  void leave_out(const training_set& e, const fit_options& o, std::size_t i) noexcept {
    logistic_problem& p = state.problem;
    const std::size_t label = e.labels[i];
    const bool alone = state.counts[label] == 1;
    p.left_out = i, p.class_left_out = alone ? label : nobody, p.classes = e.classes - (alone ? 1 : 0);
    --state.counts[label];
    for (std::size_t k = label; alone && k + 1 < e.classes; ++k) state.counts[k] = state.counts[k + 1];
    set_class_costs(o, state.counts.data(), p.examples - 1, p.classes, state.costs.data());
    for (std::size_t k = e.classes - 1; alone && k > label; --k) state.counts[k] = state.counts[k - 1];
    state.counts[label] = alone ? 1 : state.counts[label] + 1;
  }
};

/// The length of the longest vector, or 1.
///
/// The penalty bends the loss by 1 in each coefficient: where the gradient is shorter than `little` over this, no
/// score can move by more than `little` any more, but for the intercept's part, and no probability by more than half.
inline double longest(const logistic_problem& p) noexcept {
  double most = 1;
  for (std::size_t i = 0; i < p.examples; ++i) {
    const float* const x = p.vectors + i * p.width;
    most = (std::max)(most, dot(x, x, p.width));
  }
  return std::sqrt(most);
}

/// Probabilities of all classes from those of a fit's rows; 0 of a class that was left out.
inline void write_probabilities(const logistic_problem& p, const double* share, std::size_t classes,
                                double* out) noexcept {
  for (std::size_t k = 0, at = 0; k < classes; ++k) {
    if (k == p.class_left_out)
      out[k] = 0;
    else if (p.classes == 1)
      out[k] = 1;
    else if (p.classes == 2)
      out[k] = at++ == 0 ? 1 - share[0] : share[0];
    else
      out[k] = share[at++];
  }
}

}  // namespace detail

/// The probabilities of each example by a fit to all others, with the same options.
///
/// Within 1e-6 of the fit itself, usually 1e-9. The only example of a class has none of it: the fit without it knows
/// no such class. `balanced` counts the classes anew each time.
///
/// needs   `of_all`, the fit to all examples
/// shape   out [n, K]
/// cost    5 to 15 products for each example where a fit from zero takes 30 to 80 (newton.hpp)
/// memory  that of a fit, and 32 parameters' worth of directions: (40 R (S + 8) + 5 n R) doubles
/// errors  as fit; cancelled, by `report`, which hears of each example
inline error leave_one_out(const training_set& e, const logistic_regression& of_all, span<double> out,
                           const fit_options& options = {}, const progress& report = {}) noexcept {
  const fp_environment environment;
  detail::held_out_state held_out;
  const error wrong = held_out.prepare(e, options, of_all);
  if (wrong.code != errc::none) return wrong;
  if (out.size / e.classes != e.labels.size || out.size % e.classes != 0)
    return {errc::bad_argument, "out", out.size};
  detail::logistic_problem& problem = held_out.state.problem;
  detail::newton_memory memory(options.allocator, problem);
  if (!memory.numbers) return {errc::out_of_memory, "leave_one_out"};
  problem.block = memory.block;
  if (!held_out.find_directions(memory)) return {errc::non_finite_output, "leave_one_out"};
  // A tenth of what would do, because an intercept that is nearly flat goes on for longer.
  const double small_enough = 2e-7 / detail::longest(problem), scale = detail::scale_of(problem);
  for (std::size_t i = 0; i < e.labels.size; ++i) {
    held_out.leave_out(e, options, i);
    held_out.begin(memory);
    if (problem.classes > 1) {
      const bool known = problem.class_left_out == detail::nobody;
      const auto end = detail::minimise(problem, memory, held_out.state.parameters.data(), small_enough, scale,
                                        options.max_iterations, known ? &held_out.eased : nullptr);
      if (!end.finite) return {errc::non_finite_output, "leave_one_out", i};
    }
    detail::write_probabilities(problem, memory.probabilities + i * problem.rows(), e.classes,
                                out.data + i * e.classes);
    if (report.call != nullptr && !report.call(report.user, i + 1, e.labels.size))
      return {errc::cancelled, "leave_one_out", i};
  }
  return {};
}

/// Where to begin to answer, and what to expect of the answers.
struct abstention {
  double threshold = 0;  // answer where the largest probability is at least this; infinity: never
  double answered = 1;   // the share of texts that get an answer
  double error = 0;      // the share of the answers that are wrong
};

namespace detail {

struct counted_answer {
  double confidence;
  bool right;
};

/// What is said of each example, but for `unknown`, the least sure first. Returns how many say something.
inline std::size_t count_answers(span<const double> held_out, span<const std::uint32_t> labels, std::size_t classes,
                                 std::uint32_t unknown, counted_answer* out) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < labels.size; ++i) {
    const double* const row = held_out.data + i * classes;
    const std::size_t best = most_probable(row, classes);
    if (best != unknown) out[count++] = {row[best], best == labels[i]};
  }
  std::sort(out, out + count,
            [](const counted_answer& a, const counted_answer& b) { return a.confidence < b.confidence; });
  return count;
}

}  // namespace detail

/// The lowest threshold at which at most so large a share of the answers is wrong.
///
/// Both shares are counted over the examples, from probabilities of fits without them. Thresholds that are tried are
/// 0 and the examples' own confidences: others change nothing. An example's answer is its most probable class, but
/// for `unknown`, which is no answer at any threshold: wrong is whoever answers one of its examples.
///
/// needs   `held_out` from leave_one_out
/// shape   held_out [n, K], labels [n]
/// memory  2 n doubles
/// errors  bad_argument where sizes do not agree, the share is no number or there are no examples; out_of_memory
inline result<abstention> threshold_for(double most_errors, span<const double> held_out,
                                        span<const std::uint32_t> labels, std::size_t classes,
                                        const allocator& memory = {}, std::uint32_t unknown = no_label) noexcept {
  const std::size_t n = labels.size;
  if (classes == 0 || n == 0 || held_out.size / classes != n || held_out.size % classes != 0)
    return {errc::bad_argument, "held_out", held_out.size};
  if (!(most_errors >= 0)) return {errc::bad_argument, "most_errors"};
  const detail::owned<detail::counted_answer> all(memory, n);
  if (!all) return {errc::out_of_memory, "threshold"};
  const std::size_t m = detail::count_answers(held_out, labels, classes, unknown, all.data());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < m; ++i) wrong += all[i].right ? 0 : 1;
  const auto share = [](std::size_t some, std::size_t of) {
    return of != 0 ? static_cast<double>(some) / static_cast<double>(of) : 0;
  };
  if (share(wrong, m) <= most_errors) return abstention{0, share(m, n), share(wrong, m)};
  for (std::size_t silent = 0; silent < m;) {
    const double below = all[silent].confidence;
    for (; silent < m && all[silent].confidence <= below; ++silent) wrong -= all[silent].right ? 0 : 1;
    if (silent < m && share(wrong, m - silent) <= most_errors)
      return abstention{all[silent].confidence, share(m - silent, n), share(wrong, m - silent)};
  }
  return abstention{std::numeric_limits<double>::infinity(), 0, 0};
}

}  // namespace v0
}  // namespace fewfit

// SPDX-License-Identifier: MIT
#pragma once
// Fits a logistic regression over vectors: from examples and their classes to coefficients, as scikit-learn poses it.
//
//   const auto head = fewfit::fit({vectors, labels, 384, 3});            // vectors [n, 384], labels [n]
//   if (!head) ...                                                       // message(head.error())
//   fewfit::predict_proba(head->weights(), vector, probabilities);
//
// Source: scikit-learn 1.9.1, LogisticRegression (lbfgs, L2), followed to the optimum. logistic_problem.hpp says what
// is minimised, newton.hpp how.

#include "fewfit/nn/head.hpp"
#include "fewfit/nn/newton.hpp"
#include "fewfit/nn/pooling.hpp"

namespace fewfit {
inline namespace v0 {

/// Vectors and what they are examples of.
struct training_set {
  span<const float> vectors;         // [n, width]
  span<const std::uint32_t> labels;  // [n], each below `classes`
  std::size_t width = 0;             // S
  std::size_t classes = 0;           // K, 2 to 65536, each with an example
};

struct fit_options {
  double C = 1;  // how much the examples count beside the penalty
  bool fit_intercept = true;
  bool balanced = false;  // an example counts n / (K n_class) times: class_weight="balanced"
  /// The fit ends where the gradient is shorter than this times C sqrt(sum of s_i^2 (|x_i|^2 + 1)), s_i the weight of
  /// the example's class. 1e-12 brought probabilities within 4e-12 of scikit-learn's, 1e-10 within 3e-10.
  double tolerance = 1e-12;
  std::uint32_t max_iterations = 100;  // Newton's steps; 5 to 15 are usual
  fewfit::kernels kernels = fewfit::kernels::automatic;
  fewfit::allocator allocator;
};

/// A fitted head.
struct logistic_regression {
  detail::owned<double> numbers;  // coefficients [rows, S], intercepts [rows]
  std::size_t classes = 0;        // K
  std::size_t width = 0;          // S
  std::uint32_t iterations = 0;
  double gradient = 0;     // its length at the end, in the unit of fit_options::tolerance
  bool converged = false;  // false: max_iterations came first; the numbers are the best there are

  /// K, or 1 for two classes.
  std::size_t rows() const noexcept { return detail::logistic_problem::rows_for(classes); }
  const double* coefficients() const noexcept { return numbers.data(); }
  const double* intercept() const noexcept { return numbers.data() + rows() * width; }
  head_weights weights() const noexcept {
    return {
        rows() == 1 ? head_kind::binary : head_kind::softmax, intercept(), coefficients(), nullptr, classes, width};
  }
};

namespace detail {

inline error check_labels(const training_set& e, std::size_t* counts) noexcept {
  for (std::size_t k = 0; k < e.classes; ++k) counts[k] = 0;
  for (std::size_t i = 0; i < e.labels.size; ++i) {
    if (e.labels[i] >= e.classes) return {errc::bad_argument, "labels", i};
    ++counts[e.labels[i]];
  }
  for (std::size_t k = 0; k < e.classes; ++k)
    if (counts[k] == 0) return {errc::bad_argument, "classes", k};
  return {};
}

/// errors  bad_argument where sizes do not agree or an option is out of range
inline error check_sizes(const training_set& e, const fit_options& o) noexcept {
  if (e.classes < 2 || e.classes > 65536) return {errc::bad_argument, "classes", e.classes};
  if (e.width == 0 || e.width > 65536) return {errc::bad_argument, "width", e.width};
  if (e.vectors.size / e.width != e.labels.size || e.vectors.size % e.width != 0)
    return {errc::bad_argument, "vectors", e.vectors.size};
  if (!(o.C > 0) || !is_finite_number(o.C)) return {errc::bad_argument, "C"};
  if (!(o.tolerance >= 0)) return {errc::bad_argument, "tolerance"};
  for (std::size_t i = 0; i < e.labels.size; ++i)
    if (!is_finite(e.vectors.data + i * e.width, e.width)) return {errc::non_finite_output, "vectors", i};
  return {};
}

/// What a mistake in an example of each class costs.
inline void set_class_costs(const fit_options& o, const std::size_t* counts, std::size_t examples,
                            std::size_t classes, double* costs) noexcept {
  for (std::size_t k = 0; k < classes; ++k) {
    const double even = static_cast<double>(classes) * static_cast<double>(counts[k]);
    costs[k] = o.balanced ? o.C * (static_cast<double>(examples) / even) : o.C;
  }
}

/// Everything that a fit works on; stays where it is.
struct fit_state {
  double_table table{};
  owned<std::size_t> counts;  // [K]
  owned<double> costs;        // [K]
  owned<double> parameters;
  logistic_problem problem;

  fit_state() noexcept = default;
  fit_state(const fit_state&) = delete;
  fit_state& operator=(const fit_state&) = delete;

  error prepare(const training_set& e, const fit_options& o) noexcept {
    const error wrong = check_sizes(e, o);
    if (wrong.code != errc::none) return wrong;
    if (!select_doubles(o.kernels, table)) return {errc::unsupported_kernels, "kernels"};
    counts = owned<std::size_t>(o.allocator, e.classes);
    costs = owned<double>(o.allocator, e.classes);
    if (!counts || !costs) return {errc::out_of_memory, "fit"};
    const error absent = check_labels(e, counts.data());
    if (absent.code != errc::none) return absent;
    set_class_costs(o, counts.data(), e.labels.size, e.classes, costs.data());
    problem.table = &table;
    problem.vectors = e.vectors.data, problem.labels = e.labels.data, problem.class_costs = costs.data();
    problem.examples = e.labels.size, problem.width = e.width, problem.classes = e.classes;
    problem.with_intercept = o.fit_intercept;
    parameters = owned<double>(o.allocator, problem.parameters());
    return parameters ? error{} : error{errc::out_of_memory, "fit"};
  }

  /// Begins at zero, or at another fit, whose intercepts are shifted to sum to 0.
  void begin(const logistic_regression* start) noexcept {
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i] = 0;
    if (start == nullptr) return;
    const std::size_t rows = problem.rows();
    double* const intercept = parameters.data() + rows * problem.stride();
    double mean = 0;
    for (std::size_t k = 0; k < rows; ++k) {
      std::memcpy(parameters.data() + k * problem.stride(), start->coefficients() + k * problem.width,
                  problem.width * sizeof(double));
      mean += start->intercept()[k] / static_cast<double>(rows);
    }
    for (std::size_t k = 0; k < rows && problem.with_intercept; ++k)
      intercept[k] = rows == 1 ? mean : start->intercept()[k] - mean;
  }
};

/// At a start, if the gradient is shorter there than at zero: where probabilities are all but 0 and 1, an intercept
/// has no slope to go back by.
inline void begin(fit_state& state, newton_memory& memory, const logistic_regression* start) noexcept {
  double* const parameters = state.parameters.data();
  state.begin(nullptr);
  look_at(state.problem, memory, parameters);
  if (start == nullptr) return;
  const double at_zero = length_of_gradient(state.problem, memory, parameters);
  state.begin(start);
  look_at(state.problem, memory, parameters);
  if (length_of_gradient(state.problem, memory, parameters) < at_zero) return;
  state.begin(nullptr);
  look_at(state.problem, memory, parameters);
}

}  // namespace detail

/// The coefficients that minimise C sum_i s_i loss_i + 1/2 ||coefficients||^2, the intercept unpenalised or 0.
///
/// `start`, a fit of as many classes and inputs, saves steps if it is nearer than zero, and changes nothing else:
/// there is one optimum, and intercepts of K rows, which could all be shifted, sum to 0. The same bits on every run,
/// from every set of kernels that has fused multiply-adds. Separable examples are no trouble: the penalty keeps
/// coefficients finite.
///
/// cost    2 n S K fused multiply-adds for each of 30 to 80 products, on the caller's thread
/// memory  (8 R (S + 8) + 4 n R) doubles while it runs, R K, or 1 for two classes; from options.allocator
/// errors  bad_argument (`where` names what, `number` the example or the class), non_finite_output where a vector
///         holds an infinity or a NaN or numbers overflow, out_of_memory, unsupported_kernels
inline result<logistic_regression> fit(const training_set& e, const fit_options& options = {},
                                       const logistic_regression* start = nullptr) noexcept {
  const fp_environment environment;
  detail::fit_state state;
  const error wrong = state.prepare(e, options);
  if (wrong.code != errc::none) return wrong;
  if (start != nullptr && (start->classes != e.classes || start->width != e.width || !start->numbers))
    return {errc::bad_argument, "start"};
  detail::logistic_problem& problem = state.problem;
  detail::newton_memory memory(options.allocator, problem);
  logistic_regression out;
  out.numbers = detail::owned<double>(options.allocator, problem.rows() * (e.width + 1));
  if (!memory.numbers || !out.numbers) return {errc::out_of_memory, "fit"};
  problem.block = memory.block;
  detail::begin(state, memory, start);
  const double scale = detail::scale_of(problem);
  const detail::newton_end end = detail::minimise(problem, memory, state.parameters.data(), options.tolerance * scale,
                                                  scale, options.max_iterations);
  if (!end.finite) return {errc::non_finite_output, "fit"};
  out.classes = e.classes, out.width = e.width;
  out.iterations = end.steps, out.gradient = end.gradient / scale, out.converged = end.converged;
  for (std::size_t k = 0; k < problem.rows(); ++k)
    std::memcpy(out.numbers.data() + k * e.width, state.parameters.data() + k * problem.stride(),
                e.width * sizeof(double));
  std::memcpy(out.numbers.data() + problem.rows() * e.width,
              state.parameters.data() + problem.rows() * problem.stride(), problem.rows() * sizeof(double));
  return out;
}

}  // namespace v0
}  // namespace fewfit

// SPDX-License-Identifier: MIT
#pragma once
// The minimum of a logistic_problem: Newton's method, each step found by conjugate gradients, shortened where it
// leads too far. Nothing of the size of a second derivative is kept.
//
// Source: Dembo and Steihaug 1983 for steps that are only as exact as they need be; Hestenes and Stiefel 1952. The
// loss itself is never computed: along a step its slope says enough, and needs no logarithm.

#include "fewfit/memory.hpp"
#include "fewfit/nn/head.hpp"
#include "fewfit/nn/logistic_problem.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Conjugate directions and their products with a second derivative: an inverse of it where they lead.
///
/// Source: Nocedal 1980, the two loops of L-BFGS; Morales and Nocedal 2000 for directions of conjugate gradients.
struct conjugate_pairs {
  double* directions = nullptr;  // [most, parameters]
  double* products = nullptr;    // [most, parameters]
  double* inverse = nullptr;     // [most]: 1 / direction . product
  std::size_t count = 0, most = 0;

  /// x = about the inverse times x.    shape  x, as parameters; factors [count]
  void apply(const double_table& t, double* x, std::size_t n, double* factors) const noexcept {
    for (std::size_t i = count; i-- > 0;) {
      factors[i] = inverse[i] * t.dot(directions + i * n, x, n);
      t.combine(x, -factors[i], products + i * n, x, n);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const double missing = std::fma(-inverse[i], t.dot(products + i * n, x, n), factors[i]);
      t.combine(x, missing, directions + i * n, x, n);
    }
  }
};

/// The arrays of a minimisation, in one piece of memory.
struct newton_memory {
  owned<double> numbers;
  double *gradient = nullptr, *step = nullptr, *left = nullptr, *eased = nullptr, *direction = nullptr,
         *product = nullptr;                                                               // as parameters
  double *scores = nullptr, *along = nullptr, *moved = nullptr, *probabilities = nullptr;  // [n, R], rounded up to 8
  double* block = nullptr;
  double* factors = nullptr;  // [most_pairs]
  static constexpr std::size_t most_pairs = 16;

  newton_memory(const allocator& from, const logistic_problem& p) noexcept {
    const std::size_t each = p.parameters(), blocked = to_eight(p.block_rows() * p.rows());
    const std::uint64_t scored = to_eight(std::uint64_t{p.examples} * p.rows());
    numbers = owned<double>(from, std::uint64_t{6} * each + 4 * scored + blocked + most_pairs);
    double* at = numbers.data();
    if (at == nullptr) return;
    const auto take = [&at](std::size_t n) { return at += n, at - n; };
    for (double** array : {&gradient, &step, &left, &eased, &direction, &product}) *array = take(each);
    for (double** array : {&scores, &along, &moved, &probabilities}) *array = take(static_cast<std::size_t>(scored));
    block = take(blocked), factors = take(most_pairs);
  }
};

/// How a minimisation ended.
struct newton_end {
  std::uint32_t steps = 0;
  double gradient = 0;  // its length
  bool converged = false;
  bool finite = true;
};

/// step = - about the inverse of the second derivative times the gradient, as far as the rest is `small_enough`.
///
/// Keeps the directions in `found`, if there is any room for them.
inline void conjugate_gradients(const logistic_problem& p, newton_memory& m, double small_enough, std::size_t most,
                                const conjugate_pairs* known, conjugate_pairs* found) noexcept {
  const double_table& t = *p.table;
  const std::size_t n = p.parameters();
  for (std::size_t i = 0; i < n; ++i) m.step[i] = 0, m.left[i] = -m.gradient[i], m.direction[i] = 0;
  double before = 1;
  for (std::size_t round = 0; round < most && std::sqrt(t.dot(m.left, m.left, n)) > small_enough; ++round) {
    std::memcpy(m.eased, m.left, n * sizeof(double));
    if (known != nullptr) known->apply(t, m.eased, n, m.factors);
    const double now = t.dot(m.left, m.eased, n);
    t.combine(m.eased, round == 0 ? 0.0 : now / before, m.direction, m.direction, n);
    curvature(p, m.probabilities, m.direction, m.product);
    const double bend = t.dot(m.direction, m.product, n);
    if (!(bend > 1e-16 * t.dot(m.direction, m.direction, n))) return;  // flat: only an intercept can be
    if (found != nullptr && found->count < found->most) {
      std::memcpy(found->directions + found->count * n, m.direction, n * sizeof(double));
      std::memcpy(found->products + found->count * n, m.product, n * sizeof(double));
      found->inverse[found->count++] = 1 / bend;
    }
    t.combine(m.step, now / bend, m.direction, m.step, n);
    t.combine(m.left, -now / bend, m.product, m.left, n);
    before = now;
  }
}

/// Goes along the step: all of it, or a half, a quarter, ... until the loss rises there by no more than a tenth of
/// how it falls here. False where a number overflowed.
///
/// needs  scores and probabilities of the parameters    leaves  those of the new ones
inline bool go_along(const logistic_problem& p, newton_memory& m, double* parameters) noexcept {
  const double_table& t = *p.table;
  const std::size_t n = p.parameters(), penalised = p.rows() * p.stride(), scored = to_eight(p.examples * p.rows());
  all_scores(p, m.step, m.along);
  for (std::size_t i = p.examples * p.rows(); i < scored; ++i) m.along[i] = m.scores[i] = 0;
  const double falls = t.dot(m.gradient, m.step, n);
  const double here = t.dot(parameters, m.step, penalised), bend = t.dot(m.step, m.step, penalised);
  double share = 1;
  for (int halved = 0; halved < 60; ++halved, share /= 2) {
    t.combine(m.scores, share, m.along, m.moved, scored);
    probabilities_of(p, m.moved, m.probabilities);
    const double rises = slope_along(p, m.probabilities, m.along) + std::fma(share, bend, here);
    if (!is_finite_number(rises) || !is_finite_number(falls)) return false;
    if (rises <= -0.1 * falls) break;
  }
  t.combine(parameters, share, m.step, parameters, n);
  std::swap(m.scores, m.moved);
  return true;
}

/// Scores and probabilities of the parameters, as minimise wants them.
inline void look_at(const logistic_problem& p, newton_memory& m, const double* parameters) noexcept {
  all_scores(p, parameters, m.scores);
  probabilities_of(p, m.scores, m.probabilities);
}

inline double length_of_gradient(const logistic_problem& p, newton_memory& m, const double* parameters) noexcept {
  gradient(p, parameters, m.probabilities, m.gradient);
  return std::sqrt(p.table->dot(m.gradient, m.gradient, p.parameters()));
}

/// Brings the parameters to where the gradient is no longer than `small_enough`.
///
/// needs   scores and probabilities of the parameters; intercepts that sum to 0, as they still do at the end
/// shape   `scale`, a gradient that is long: steps are the more exact the shorter theirs is beside it
inline newton_end minimise(const logistic_problem& p, newton_memory& m, double* parameters, double small_enough,
                           double scale, std::uint32_t most_steps, const conjugate_pairs* known = nullptr) noexcept {
  constexpr std::size_t most_products = 1000;  // of a step: only problems without any sense come near it
  newton_end end;
  for (;; ++end.steps) {
    end.gradient = length_of_gradient(p, m, parameters);
    end.finite = is_finite_number(end.gradient);
    end.converged = end.gradient <= small_enough;
    if (!end.finite || end.converged || end.steps == most_steps) return end;
    const double part = std::sqrt(end.gradient / scale), enough = end.gradient * (part < 0.1 ? part : 0.1);
    conjugate_gradients(p, m, enough > small_enough / 2 ? enough : small_enough / 2, most_products, known, nullptr);
    if (!go_along(p, m, parameters)) return end.finite = false, end;
  }
}

}  // namespace detail
}  // namespace v0
}  // namespace fewfit

// SPDX-License-Identifier: MIT
#pragma once
// Linear layers behind the pooling, each with an activation: sentence-transformers' Dense modules.
//
// Source: sentence-transformers 4.1.0, models/Dense.py. They run once a text, so what the kernels have no packet for
// is computed in double, number by number, by an exp that is the same on every machine.

#include <cmath>
#include <cstring>

#include "fewfit/nn/pooling.hpp"

namespace fewfit {
inline namespace v0 {

/// The values are the model file's.
enum class dense_activation : std::uint32_t { identity = 1, tanh, relu, gelu, sigmoid, silu };

struct dense_weights {
  linear_weights linear;  // f32; K inputs -> padded outputs
  std::size_t outputs = 0;
  dense_activation act = dense_activation::identity;
  bool normalize_first = false;  // its input is brought to unit length
};

namespace detail {

/// exp(x) for x <= 0, the same bits everywhere: std::exp is not. At most 1e-15 off, relatively; 0 below -700.
///
/// source  range reduction after Cody and Waite 1980; the series of exp, whose first fourteen terms suffice
inline double exact_exp(double x) noexcept {
  if (!(x > -700)) return x < 0 ? 0.0 : x;                    // a NaN stays
  const double n = std::nearbyint(x * 0x1.71547652b82fep+0);  // log2 e
  double r = std::fma(n, -0x1.62e42fee00000p-1, x);           // ln 2 in two parts: n times the first is exact
  r = std::fma(n, -0x1.a39ef35793c76p-33, r);
  double p = 1;
  for (int k = 13; k > 0; --k) p = std::fma(p * (1.0 / k), r, 1.0);
  return std::ldexp(p, static_cast<int>(n));
}

/// 1 / (1 + exp(-x))
inline double exact_sigmoid(double x) noexcept {
  const double e = exact_exp(x < 0 ? x : -x);
  return (x < 0 ? e : 1.0) / (1.0 + e);
}

/// Near 0 from its series: the difference from 1 would have lost what counts.
inline double exact_tanh(double x) noexcept {
  const double size = std::fabs(x);
  if (size < 1e-4) return std::fma(x * x * x, -1.0 / 3, x);
  const double e = exact_exp(-2 * size), t = (1 - e) / (1 + e);
  return x < 0 ? -t : t;
}

inline double activated(dense_activation how, double x) noexcept {
  switch (how) {
    case dense_activation::tanh: return exact_tanh(x);
    case dense_activation::sigmoid: return exact_sigmoid(x);
    case dense_activation::silu: return x * exact_sigmoid(x);
    case dense_activation::relu: return x < 0 ? 0.0 : x;  // a NaN stays
    default: return x;
  }
}

}  // namespace detail

/// One layer over one vector.
///
/// shape   in [K], changed where it is normalised first -> out [padded outputs]
/// cost    K * outputs fused multiply-adds, no allocation
inline void dense(const kernel_table& k, const dense_weights& w, float* in, float* out) noexcept {
  if (w.normalize_first) normalize(k, in, w.linear.inputs);
  const after what = w.act == dense_activation::gelu ? after::gelu : after::store;
  k.linear(in, padded(w.linear.inputs), 1, w.linear, out, w.linear.outputs, what);
  for (std::size_t i = 0; i < w.outputs && w.act != dense_activation::gelu; ++i)
    out[i] = static_cast<float>(detail::activated(w.act, static_cast<double>(out[i])));
}

}  // namespace v0
}  // namespace fewfit

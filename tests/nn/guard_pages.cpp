// SPDX-License-Identifier: MIT
// No kernel reads or writes a byte beside its arrays: each array ends, or begins, at a page that cannot be touched.

#include <doctest/doctest.h>

#include "support/guarded.hpp"
#include "support/narrow.hpp"
#include "support/reference.hpp"

namespace {

using support::guarded;

/// One linear layer whose every array has a forbidden neighbour: behind it, or in front where `before`.
void run_linear(const fewfit::kernel_table& k, const std::string& panels, std::size_t inputs, std::size_t outputs,
                fewfit::number_type type, std::size_t rows, bool before) {
  const bool narrow = type == fewfit::number_type::bf16 || type == fewfit::number_type::i8;
  const std::size_t columns = fewfit::padded(outputs), ldx = narrow ? fewfit::padded(inputs) : inputs;
  const guarded<unsigned char> w(panels.size(), before);
  std::memcpy(w.data(), panels.data(), panels.size());
  const guarded<float> x(rows * ldx, before), out(rows * columns, before);
  const guarded<unsigned char> scratch(fewfit::linear_scratch_bytes(type, rows, inputs), before);
  const guarded<fewfit::row_scale> scales(rows, before);
  const guarded<float> widened(fewfit::widened_floats(type, inputs), before);
  for (std::size_t i = 0; i < rows * ldx; ++i) x.data()[i] = i % ldx < inputs ? 0.5f : 0.0f;
  for (const fewfit::after what : {fewfit::after::store, fewfit::after::gelu, fewfit::after::add})
    k.linear(x.data(), ldx, rows, {w.data(), inputs, columns, type}, out.data(), columns, what,
             {scratch.data(), scales.data(), widened.data()});
}

}  // namespace

TEST_SUITE_BEGIN("nn");

TEST_CASE("linear: stays within weights, rows, scratch and output, for every type and every size of a tile" *
          doctest::skip(!support::can_guard())) {
  for (const fewfit::kernel_table& k : support::all_kernels())
    for (const std::size_t inputs : {1u, 3u, 16u, 20u, 33u, 130u})
      for (const std::size_t outputs : {16u, 20u, 48u, 112u}) {
        const support::dense w(inputs, outputs, 3);
        const std::string f32(reinterpret_cast<const char*>(w.panels.data()), w.panels.size() * sizeof(float));
        for (const bool before : {false, true}) {  // from 33 rows on halves are widened
          run_linear(k, support::half_panels(w), inputs, outputs, fewfit::number_type::f16, 33, before);
          for (const std::size_t rows : {1u, 2u, 3u, 4u, 6u, 8u, 13u}) {
            run_linear(k, f32, inputs, outputs, fewfit::number_type::f32, rows, before);
            run_linear(k, support::half_panels(w), inputs, outputs, fewfit::number_type::f16, rows, before);
            run_linear(k, support::bf16_panels(w), inputs, outputs, fewfit::number_type::bf16, rows, before);
            run_linear(k, support::byte_layer(w).panels(), inputs, outputs, fewfit::number_type::i8, rows, before);
          }
        }
      }
}

TEST_CASE("rows: softmax, layer norm, quotients, keys and sums stay within their arrays" *
          doctest::skip(!support::can_guard())) {
  for (const fewfit::kernel_table& k : support::all_kernels())
    for (const std::size_t n : {1u, 4u, 8u, 15u, 16u, 17u, 32u, 33u})
      for (const bool before : {false, true}) {
        const std::size_t stride = fewfit::padded(n);
        const guarded<float> x(stride, before), y(stride, before), w(stride, before), b(stride, before);
        for (std::size_t i = 0; i < stride; ++i) x.data()[i] = i < n ? static_cast<float>(i) : 0.0f;
        k.layer_norm(x.data(), stride, 1, {w.data(), b.data(), n, 1e-12f});
        k.softmax_numerators(x.data(), n);
        k.scale(x.data(), stride, 0.5f);
        const guarded<float> exact(n, before), to(n, before), turned(n * 16, before), keys(16 * n, before);
        k.sum_of_squares(exact.data(), n);
        k.divide_row(exact.data(), n, 3, to.data());
        k.transpose_rows(keys.data(), n, 16, n, turned.data());
        k.transpose_rows(keys.data(), n, 5, n, turned.data());
        const guarded<unsigned char> word(stride * 4, before);
        for (const auto type : {fewfit::number_type::f32, fewfit::number_type::f16, fewfit::number_type::i8}) {
          const guarded<unsigned char> narrow(stride * fewfit::bytes_of(type), before);
          k.add_rows(type, narrow.data(), 1, x.data(), y.data(), stride);
        }
      }
}

TEST_CASE("self_attention: stays within query, key and value, scratch and output" *
          doctest::skip(!support::can_guard())) {
  for (const fewfit::kernel_table& k : support::all_kernels())
    for (const auto& [hidden, heads] : {std::pair(32u, 1u), {20u, 5u}, {48u, 3u}, {33u, 3u}})
      for (const std::size_t tokens : {1u, 2u, 16u, 17u, 49u})
        for (const bool before : {false, true}) {
          const fewfit::attention_shape s{hidden, heads, tokens};
          const std::size_t stride = fewfit::padded(hidden);
          const guarded<float> qkv(tokens * 3 * stride, before), scratch(fewfit::attention_scratch(s), before),
              out(tokens * stride, before);
          fewfit::self_attention(k, s, qkv.data(), 0, tokens, scratch.data(), out.data());
        }
}

TEST_SUITE_END();

// SPDX-License-Identifier: MIT
// The kernels on the model's shapes, the machine's multiply-add peak, and Eigen's own product beside them.
//
// Weights stay in the caches from call to call: these are figures of the arithmetic, bench/encoder.cpp has those of
// the whole network. Read FLOP/s as a share of peak/fma of the same run: the clock of a shared machine wanders.

#include <cmath>
#include <cstring>

#include "../tests/support/reference.hpp"
#include "common.hpp"

namespace {

using bench::floats;

struct shape {
  std::size_t rows, inputs, outputs;
  std::string name(const char* what) const {
    return std::string(what) + "/T:" + std::to_string(rows) + "/in:" + std::to_string(inputs) +
           "/out:" + std::to_string(outputs);
  }
  double flops() const { return 2.0 * static_cast<double>(rows * inputs * outputs); }
};

/// One linear layer and its rows.
struct problem : shape {
  floats x, panels, out, before;

  explicit problem(const shape& s)
      : shape(s),
        x(s.rows * s.inputs),
        panels(s.outputs * (s.inputs + 1)),
        out(s.rows * s.outputs),
        before(s.rows * s.outputs) {
    x.fill(1);
    panels.fill(2);
    before.fill(3);
  }
  fewfit::linear_weights weights() const { return {panels.data(), inputs, outputs}; }
  float bias(std::size_t o) const { return panels[o / 16 * 16 * (inputs + 1) + o % 16]; }
  float weight(std::size_t k, std::size_t o) const {
    return panels[o / 16 * 16 * (inputs + 1) + (k + 1) * 16 + o % 16];
  }

  /// The definition of an output: one chain of std::fma, k ascending, from the bias.
  float reference(std::size_t row, std::size_t o) const {
    float sum = bias(o);
    for (std::size_t k = 0; k < inputs; ++k) sum = std::fma(x[row * inputs + k], weight(k, o), sum);
    return sum;
  }
  /// Empty where `out` has the bits of finish(reference, what was there before).
  template <class Finish>
  std::string compare(const Finish& finish) const {
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t o = 0; o < outputs; ++o) {
        const float wanted = finish(reference(row, o), before[row * outputs + o]), got = out[row * outputs + o];
        if (std::memcmp(&wanted, &got, sizeof got) != 0) return "not the bits of the std::fma loop";
      }
    return {};
  }
};

template <class Finish>
void add_linear(const char* what, const shape& s, const fewfit::kernel_table& k, fewfit::after after,
                const Finish& finish) {
  const auto p = std::make_shared<problem>(s);
  const auto call = [p, k, after] {
    k.linear(p->x.data(), p->inputs, p->rows, p->weights(), p->out.data(), p->outputs, after);
  };
  const auto check = [p, k, call, finish]() -> std::string {
    std::memcpy(p->out.data(), p->before.data(), p->out.size() * sizeof(float));
    call();
    return support::kernels_are_fused(k) ? p->compare(finish) : std::string();
  };
  bench::add(s.name((std::string(what) + "/" + fewfit::name(k.name)).c_str()), bench::once(check),
             [p, call](benchmark::State& state) {
               std::memset(p->out.data(), 0, p->out.size() * sizeof(float));  // sums must not run into infinity
               for (auto _ : state) {
                 call();
                 benchmark::ClobberMemory();
               }
               state.counters["FLOP/s"] = bench::rate(p->flops());
               state.counters["tokens/s"] = bench::rate(static_cast<double>(p->rows));
               state.counters["time/token"] = bench::time_of_one(static_cast<double>(p->rows));
             });
}

using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Eigen's product of the same numbers, without bias; W is [inputs, outputs], the order it likes best.
void add_eigen(const shape& s) {
  struct matrices {
    matrix x, w, out;
  };
  const auto p = std::make_shared<problem>(s);
  const auto m = std::make_shared<matrices>();
  const auto rows = static_cast<Eigen::Index>(s.rows), in = static_cast<Eigen::Index>(s.inputs);
  m->x = Eigen::Map<const matrix>(p->x.data(), rows, in);
  m->w.resize(in, static_cast<Eigen::Index>(s.outputs));
  for (std::size_t k = 0; k < s.inputs; ++k)
    for (std::size_t o = 0; o < s.outputs; ++o)
      m->w(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(o)) = p->weight(k, o);
  m->out.resize(rows, static_cast<Eigen::Index>(s.outputs));
  const auto check = [p, m]() -> std::string {
    m->out.noalias() = m->x * m->w;
    // Numbers are below 1, so a sum of n products in any order is within n * n * epsilon of any other.
    const double n = static_cast<double>(p->inputs), bound = n * n * 0x1p-24;
    for (std::size_t row = 0; row < p->rows; ++row)
      for (std::size_t o = 0; o < p->outputs; ++o) {
        const float got = m->out(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(o)) + p->bias(o);
        if (std::fabs(static_cast<double>(got) - static_cast<double>(p->reference(row, o))) > bound)
          return "not the product";
      }
    return {};
  };
  bench::add(s.name("eigen"), bench::once(check), [p, m](benchmark::State& state) {
    for (auto _ : state) {
      m->out.noalias() = m->x * m->w;
      benchmark::ClobberMemory();
    }
    state.counters["FLOP/s"] = bench::rate(p->flops());
  });
}

/// Independent chains of multiply-adds in registers: what no kernel of this build can exceed.
template <int Chains>
void add_peak() {
  bench::add("peak/fma/chains:" + std::to_string(Chains), bench::unchecked, [](benchmark::State& state) {
    using fewfit::portable::packet;
    packet sum[Chains], factor = fewfit::portable::all(0.999f), term = fewfit::portable::all(0.001f);
    benchmark::DoNotOptimize(factor);
    benchmark::DoNotOptimize(term);
    FEWFIT_UNROLL for (int c = 0; c < Chains; ++c) sum[c] = fewfit::portable::all(static_cast<float>(c));
    constexpr int steps = 4096;
    for (auto _ : state)
      for (int i = 0; i < steps; ++i)
        FEWFIT_UNROLL for (int c = 0; c < Chains; ++c) sum[c] = fewfit::portable::multiply_add(sum[c], factor, term);
    FEWFIT_UNROLL for (int c = 0; c < Chains; ++c) benchmark::DoNotOptimize(sum[c]);
    state.counters["FLOP/s"] = bench::rate(2.0 * steps * Chains * fewfit::portable::packet_size);
  });
}

constexpr std::size_t width = 384;

/// `linear` with every tile `Rows` high and `Panels` wide: why tile_rows and tile_sums are what they are.
template <int Rows, int Panels>
void add_tile() {
  constexpr std::size_t rows = 96;  // a multiple of 1, 2, 4, 6, 8 and 12
  using fewfit::portable::f32_numbers;
  const auto p = std::make_shared<problem>(shape{rows, width, width});
  const auto call = [p] {
    const std::size_t panel = fewfit::bytes_of_panel(fewfit::number_type::f32, width);
    const auto* panels = reinterpret_cast<const unsigned char*>(p->panels.data());
    for (std::size_t column = 0; column < width; column += Panels * fewfit::lanes)
      for (std::size_t row = 0; row < rows; row += Rows)
        fewfit::portable::tile<f32_numbers, Rows, Panels>({{p->x.data() + row * width, width, nullptr},
                                                           width,
                                                           panels + column / fewfit::lanes * panel,
                                                           panel,
                                                           p->out.data() + row * width + column,
                                                           width,
                                                           fewfit::after::store});
  };
  const auto check = [p, call]() -> std::string {
    call();
    if (!support::kernels_are_fused(fewfit::portable_kernels())) return {};
    return p->compare([](float value, float) { return value; });
  };
  const std::string name = "tile/rows:" + std::to_string(Rows) + "/panels:" + std::to_string(Panels);
  bench::add(name, bench::once(check), [p, call](benchmark::State& state) {
    for (auto _ : state) {
      call();
      benchmark::ClobberMemory();
    }
    state.counters["FLOP/s"] = bench::rate(p->flops());
  });
}

/// Layer norm of T rows, against the definition in double.
void add_layer_norm(std::size_t rows) {
  struct data {
    floats x, weight, bias;
  };
  const auto d = std::make_shared<data>(data{floats(rows * width), floats(width), floats(width)});
  d->weight.fill(4), d->bias.fill(5);
  const auto call = [d, rows] {
    fewfit::layer_norm(d->x.data(), width, rows, {d->weight.data(), d->bias.data(), width, 1e-12f});
  };
  const auto check = [d, rows, call]() -> std::string {
    d->x.fill(6);
    floats before(rows * width);
    before.fill(6);
    call();
    for (std::size_t r = 0; r < rows; ++r) {
      double mean = 0, square = 0;
      for (std::size_t i = 0; i < width; ++i) mean += static_cast<double>(before[r * width + i]) / width;
      for (std::size_t i = 0; i < width; ++i)
        square += std::pow(static_cast<double>(before[r * width + i]) - mean, 2) / width;
      for (std::size_t i = 0; i < width; ++i) {
        const double normal = (static_cast<double>(before[r * width + i]) - mean) / std::sqrt(square + 1e-12);
        const double wanted = normal * static_cast<double>(d->weight[i]) + static_cast<double>(d->bias[i]);
        if (std::fabs(wanted - static_cast<double>(d->x[r * width + i])) > 4e-6) return "not the layer norm";
      }
    }
    return {};
  };
  bench::add("layer_norm/T:" + std::to_string(rows), bench::once(check), [call, rows](benchmark::State& state) {
    for (auto _ : state) {
      call();  // of normalised rows from the second time on: the work is the same
      benchmark::ClobberMemory();
    }
    state.counters["time/token"] = bench::time_of_one(static_cast<double>(rows));
    state.counters["bytes/s"] = bench::rate(static_cast<double>(rows * width * sizeof(float)));
  });
}

/// The numerators of a softmax over T scores, against exp in double.
void add_softmax(std::size_t n) {
  const auto x = std::make_shared<floats>(fewfit::padded(n));
  const auto check = [x, n]() -> std::string {
    x->fill(7);
    floats before(fewfit::padded(n));
    before.fill(7);
    double sum = 0, largest = -1;
    for (std::size_t i = 0; i < n; ++i) largest = std::fmax(largest, static_cast<double>(before[i]));
    const double got = static_cast<double>(fewfit::softmax_numerators(x->data(), n));
    for (std::size_t i = 0; i < n; ++i) {
      const double wanted = std::exp(static_cast<double>(before[i]) - largest);
      sum += wanted;
      if (std::fabs(wanted - static_cast<double>((*x)[i])) > 4 * 0x1p-23) return "not the exponentials";
    }
    return std::fabs(got - sum) > sum * static_cast<double>(n) * 0x1p-23 ? "not their sum" : "";
  };
  bench::add("softmax/T:" + std::to_string(n), bench::once(check), [x, n](benchmark::State& state) {
    for (auto _ : state) {
      benchmark::DoNotOptimize(fewfit::softmax_numerators(x->data(), n));
      benchmark::ClobberMemory();
    }
    state.counters["time/score"] = bench::time_of_one(static_cast<double>(n));
  });
}

void add_all() {
  add_peak<12>();
  add_tile<1, 1>(), add_tile<1, 4>(), add_tile<2, 3>(), add_tile<4, 1>(), add_tile<4, 3>();
  add_tile<6, 1>(), add_tile<8, 1>(), add_tile<8, 3>(), add_tile<12, 1>(), add_tile<12, 2>();
  constexpr std::size_t lengths[] = {1, 2, 4, 8, 16, 32, 64, 128};
  for (const std::size_t rows : lengths) {
    const auto plain = [](float value, float) { return value; };
    const auto gelu = [](float value, float) { return support::plain::gelu(value); };
    const auto sum = [](float value, float before) { return value + before; };
    for (const fewfit::kernel_table& k : support::all_kernels()) {
      add_linear("linear", {rows, width, 3 * width}, k, fewfit::after::store, plain);
      add_linear("linear_gelu", {rows, width, 4 * width}, k, fewfit::after::gelu, gelu);
      add_linear("linear_add", {rows, width, width}, k, fewfit::after::add, sum);
      add_linear("linear_add", {rows, 4 * width, width}, k, fewfit::after::add, sum);
    }
    for (const auto& [in, out] :
         {std::pair(width, 3 * width), {width, 4 * width}, {width, width}, {4 * width, width}})
      add_eigen({rows, in, out});
    add_layer_norm(rows);
    add_softmax(rows);
  }
}

}  // namespace

int main(int argc, char** argv) {
  add_all();
  return bench::run({argv, argv + argc});
}

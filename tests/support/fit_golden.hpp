// SPDX-License-Identifier: MIT
#pragma once
// The golden files of tests/data/fit: examples, and the probabilities of scikit-learn's logistic regression at its
// optimum. tools/make_fit_golden.py made them; fit.json says with which versions.

#include "fewfit/nn/logistic_regression.hpp"
#include "golden.hpp"

namespace support {

struct fit_case {
  std::string name;
  double C = 1;
  bool intercept = true, balanced = false;
  std::size_t n = 0, width = 0, classes = 0;
  std::vector<float> vectors;                     // [n, width]
  std::vector<std::uint32_t> labels;              // [n]
  std::vector<double> probabilities, intercepts;  // [n, classes], [rows]

  fewfit::training_set examples() const { return {vectors, labels, width, classes}; }
  fewfit::fit_options options() const {
    fewfit::fit_options o;
    o.C = C, o.fit_intercept = intercept, o.balanced = balanced;
    return o;
  }
};

struct fit_golden {
  std::vector<fit_case> cases;   // the first is the demonstration's
  std::vector<double> held_out;  // [56, 3]: of the first case's examples, each by a fit to the others
};

inline std::vector<double> read_doubles(const std::string& path) {
  const std::string bytes = read_whole(path);
  std::vector<double> out(bytes.size() / sizeof(double));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(double));
  return out;
}

inline fit_golden read_fit_golden() {
  const std::string folder = FEWFIT_SOURCE_DIR "/tests/data/fit/";
  const nlohmann::json file = nlohmann::json::parse(read_whole(folder + "fit.json"));
  const std::vector<float> vectors = read_floats(folder + "vectors.f32");
  const std::vector<double> probabilities = read_doubles(folder + "probabilities.f64");
  fit_golden g;
  auto vector = vectors.begin();
  auto probability = probabilities.begin();
  for (const auto& one : file["cases"]) {
    fit_case c;
    c.name = one["name"], c.C = one["C"], c.intercept = one["intercept"], c.balanced = one["balanced"];
    c.n = one["n"], c.width = one["width"], c.classes = one["classes"];
    const auto width = static_cast<std::ptrdiff_t>(c.width), n = static_cast<std::ptrdiff_t>(c.n);
    c.labels = one["labels"].get<std::vector<std::uint32_t>>();
    c.intercepts = one["intercepts"].get<std::vector<double>>();
    if (one.contains("first")) {
      for (const std::ptrdiff_t row : one["first"])
        c.vectors.insert(c.vectors.end(), vectors.begin() + row * width, vectors.begin() + (row + 1) * width);
    } else {
      c.vectors.assign(vector, vector + n * width);
    }
    if (!one.contains("first") || g.cases.empty()) vector += n * width;
    c.probabilities.assign(probability, probability + n * static_cast<std::ptrdiff_t>(c.classes));
    probability += n * static_cast<std::ptrdiff_t>(c.classes);
    g.cases.push_back(std::move(c));
  }
  g.held_out.assign(probability, probabilities.end());
  return g;
}

inline const fit_golden& fit_golden_files() {
  static const fit_golden all = read_fit_golden();
  return all;
}

/// shape  vectors [n, S] -> [n, K]
inline std::vector<double> probabilities_of(const fewfit::logistic_regression& fitted,
                                            const std::vector<float>& vectors) {
  const std::size_t n = vectors.size() / fitted.width;
  std::vector<double> out(n * fitted.classes);
  for (std::size_t i = 0; i < n; ++i)
    fewfit::predict_proba(fitted.weights(), &vectors[i * fitted.width], &out[i * fitted.classes]);
  return out;
}

inline double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double most = a.size() == b.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < a.size() && most < INFINITY; ++i) most = std::max(most, std::fabs(a[i] - b[i]));
  return most;
}

/// Every set of kernels that this build has and this processor can run, by name.
inline std::vector<fewfit::kernels> kernel_names() {
  std::vector<fewfit::kernels> out;
  for (auto name = fewfit::kernels::portable; std::string(fewfit::name(name)) != "unknown";
       name = static_cast<fewfit::kernels>(static_cast<int>(name) + 1)) {
    fewfit::double_table t{};
    if (fewfit::select_doubles(name, t)) out.push_back(name);
  }
  return out;
}

/// Whether the doubles beside these kernels have a fused multiply-add in this build: others have bits of their own.
inline bool doubles_are_fused(fewfit::kernels name) {
  fewfit::double_table t{};
  fewfit::select_doubles(name, t);
  double a[8] = {-1}, b[8] = {1 + 0x1p-30}, out[8];
  t.combine(a, 1 + 0x1p-30, b, out, 8);
  return out[0] == std::fma(1 + 0x1p-30, b[0], -1.0);
}

}  // namespace support

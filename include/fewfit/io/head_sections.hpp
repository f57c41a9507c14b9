// SPDX-License-Identifier: MIT
#pragma once
// What stands behind a body, or in a head's own file: which body it is for, the head, what the file says of itself,
// the self-test. docs/model_file.md shows the rules as tables.

#include "fewfit/io/arrays.hpp"
#include "fewfit/types.hpp"

namespace fewfit {
inline namespace v0 {

struct head_section {
  std::uint32_t kind, classes, labels_are_integers, pairs, half_is_yes;
  string_table name;
  string_table labels;
  const std::uint32_t* order;  // [K], of a chain alone
  const double* intercept;     // [rows]
  const double* coefficients;  // [rows, S]; row i of a chain has S + i
  double abstain_below, expected_error, expected_answers;
  std::uint32_t unknown;  // 0, or 1 + the number of the label that means none of the others

  bool is_binary() const noexcept { return kind == 2; }
  bool is_chain() const noexcept { return kind == 5; }
  std::uint32_t rows() const noexcept { return is_binary() ? 1 : classes; }
  /// Whether a text has several labels or none.
  bool is_multi() const noexcept { return kind >= 4; }
};

/// How a head was taught, so that it can be taught more in the same way.
struct taught_how {
  double C = 1, tolerance = 1e-12, most_errors = 1;
  std::uint32_t fit_intercept = 1, balanced = 0;
};

/// What a head was taught with.
struct examples_section {
  std::uint32_t count, width;
  taught_how how;
  const std::uint32_t* labels;  // [count]
  const float* vectors;         // [count, S]
  string_table texts;           // [count], or none: vectors alone suffice
};

struct self_test_section {
  std::uint32_t count;
  string_table texts;
  const double* probabilities;  // [count, K], or [count, K, 2]
};

/// The directory entries of the body that a head was made for.
FEWFIT_COLD inline error read_body(const section& content, bytes& entries) noexcept {
  section_reader in(content, "body");
  const std::uint32_t n = in.take_between(1, detail::max_sections, errc::bad_section_count, "body");
  in.take_zeros(60);
  entries = {in.take_array<unsigned char>(n * detail::entry_bytes), n * detail::entry_bytes};
  in.finish();
  return in.error();
}

namespace detail {

/// A number from 0 to 1. A NaN is none.
FEWFIT_COLD inline double take_share(section_reader& in, const char* field) noexcept {
  const auto share = in.take<double>();
  if (in.ok() && !(first_non_finite(&share, 1) == 1 && share >= 0 && share <= 1)) in.fail(errc::bad_share, field, 0);
  return share;
}

/// Kind, sizes and flags, and whether they agree.
FEWFIT_COLD inline void take_head_numbers(section_reader& in, bool first_version, head_section& h) noexcept {
  h.kind = in.take_between(1, first_version ? 2 : 5, errc::unknown_head_kind, "kind");
  h.classes = in.take_between(2, h.is_binary() ? 2u : 65536u, errc::bad_dimension, "classes");
  const std::uint32_t target = h.is_multi() ? 2 : 1;
  in.take_between(target, target, errc::unsupported_target, "target");
  h.labels_are_integers = in.take_flag("labels are integers");
  const std::uint32_t most = h.kind == 4 ? 1 : 0;
  h.pairs = in.take_between(0, most, errc::bad_flag, "pairs");
  h.half_is_yes = in.take_between(0, most, errc::bad_flag, "half_is_yes");
  if (first_version) return in.take_zeros(40);
  h.abstain_below = take_share(in, "abstain_below");
  h.expected_error = take_share(in, "expected_error");
  h.unknown = in.take_between(0, h.classes, errc::bad_label, "unknown");
  in.take_zeros(4);
  h.expected_answers = take_share(in, "expected_answers");
  in.take_zeros(8);
}

FEWFIT_COLD inline void take_how_taught(section_reader& in, taught_how& how) noexcept {
  how.C = in.take<double>(), how.tolerance = in.take<double>();
  const auto is_finite = [](double number) { return first_non_finite(&number, 1) == 1; };
  if (in.ok() && !(is_finite(how.C) && how.C > 0)) in.fail(errc::bad_fit_option, "C", 0);
  if (in.ok() && !(is_finite(how.tolerance) && how.tolerance >= 0)) in.fail(errc::bad_fit_option, "tolerance", 0);
  how.most_errors = take_share(in, "most_errors");
  how.fit_intercept = in.take_flag("fit_intercept"), how.balanced = in.take_flag("balanced");
}

/// Each target is there once. A bit for each that there can be is 8 KB of stack.
FEWFIT_COLD inline bool is_permutation(const std::uint32_t* order, std::uint32_t n) noexcept {
  std::uint64_t seen[65536 / 64] = {};
  for (std::uint32_t i = 0; i < n; ++i) {
    if (order[i] >= n || (seen[order[i] / 64] >> order[i] % 64 & 1u) != 0) return false;
    seen[order[i] / 64] |= std::uint64_t{1} << order[i] % 64;
  }
  return true;
}

}  // namespace detail

/// A head over vectors of `width` numbers.
FEWFIT_COLD inline error read_head(const section& content, std::uint32_t width, head_section& h) noexcept {
  section_reader in(content, "head");
  detail::take_head_numbers(in, content.version == 1, h);
  h.name = in.take_strings(1, 256);
  h.labels = in.take_strings(h.classes, 1u << 16);
  h.order = h.is_chain() ? in.take_array<std::uint32_t>(h.classes) : nullptr;
  const std::uint64_t rows = h.rows(), decisions = h.is_chain() ? rows * (rows - 1) / 2 : 0;
  const std::uint64_t numbers = rows * width + decisions;
  h.intercept = in.take_array<double>(rows);
  h.coefficients = in.take_array<double>(numbers);
  in.finish();
  for (std::uint32_t i = 0; in.ok() && i < h.classes; ++i)
    if (h.labels[i].empty()) in.fail(errc::bad_label, "labels", i);
  if (in.ok() && h.order != nullptr && !detail::is_permutation(h.order, h.classes))
    in.fail(errc::bad_chain_order, "order", h.classes);
  const auto look = [&](const char* what, const double* some, std::uint64_t n) {
    const std::uint64_t bad = in.ok() && in.full() ? detail::first_non_finite(some, n) : n;
    if (bad != n) in.fail(errc::non_finite_weight, what, bad);
  };
  look("head intercept", h.intercept, rows);
  look("head coefficients", h.coefficients, numbers);
  return in.error();
}

/// What a head of `classes` classes over vectors of `width` numbers was taught with.
FEWFIT_COLD inline error read_examples(const section& content, std::uint32_t classes, std::uint32_t width,
                                       examples_section& e) noexcept {
  section_reader in(content, "examples");
  e.count = in.take_between(1, 1u << 24, errc::bad_dimension, "examples");
  const bool with_texts = in.take_flag("texts are kept") != 0;
  detail::take_how_taught(in, e.how);
  in.take_zeros(24);
  e.width = width;
  e.labels = in.take_array<std::uint32_t>(e.count);
  e.vectors = in.take_array<float>(std::uint64_t{e.count} * width);
  if (with_texts) e.texts = in.take_strings(e.count, 1u << 24);
  in.finish();
  for (std::uint32_t i = 0; in.ok() && i < e.count; ++i)
    if (e.labels[i] >= classes) in.fail(errc::bad_label, "examples", i);
  const std::uint64_t numbers = std::uint64_t{e.count} * width;
  const std::uint64_t bad = in.ok() && in.full() ? detail::first_non_finite(e.vectors, numbers) : numbers;
  if (bad != numbers) in.fail(errc::non_finite_weight, "examples", bad);
  return in.error();
}

/// Keys and values in turn.
FEWFIT_COLD inline error read_about(const section& content, string_table& about) noexcept {
  section_reader in(content, "about");
  const std::uint32_t n = in.take_between(0, 4096, errc::bad_dimension, "about");
  in.take_zeros(60);
  about = in.take_strings(2 * n, 1u << 20);
  in.finish();
  for (std::uint32_t i = 2; in.ok() && i < 2 * n; i += 2)
    if (about[i] <= about[i - 2]) in.fail(errc::bad_about, "about", i);
  return in.error();
}

FEWFIT_COLD inline error read_self_test(const section& content, std::uint32_t numbers,
                                        self_test_section& s) noexcept {
  section_reader in(content, "self_test");
  s.count = in.take_between(1, 65536, errc::bad_dimension, "self_test");
  in.take_zeros(60);
  s.texts = in.take_strings(s.count, 1u << 24);
  s.probabilities = in.take_array<double>(std::uint64_t{s.count} * numbers);
  in.finish();
  for (std::uint64_t i = 0; in.ok() && i < std::uint64_t{s.count} * numbers; ++i)
    if (!(s.probabilities[i] >= 0 && s.probabilities[i] <= 1)) in.fail(errc::bad_self_test, "self_test", i);
  return in.error();
}

}  // namespace v0
}  // namespace fewfit

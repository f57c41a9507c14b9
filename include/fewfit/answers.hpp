// SPDX-License-Identifier: MIT
#pragma once
// What is done with probabilities: the best few, all that are likely enough, or no answer where the model is unsure.
//
//   const std::vector<double> p = model.predict_proba(text).value();
//   for (const fewfit::ranked& r : fewfit::top(p, 3)) show(model.labels()[r.index], r.probability);
//   if (!fewfit::decide(p, {0.6, 0.2})) ask_a_person(text);               // at least 0.6, and 0.2 ahead of the next
//
// Everything here is about the probabilities of one text, one a label: row b of predict_proba's [B, K] is
// {p.data() + b * K, K}. Where a head gives pairs (model::probabilities_size()), take the second of each first.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fewfit/types.hpp"

namespace fewfit {
inline namespace v0 {

/// A label by its number, and its probability.
struct ranked {
  std::uint32_t index = 0;
  double probability = 0;
};

namespace detail {

/// Puts one where it belongs among `found` others, the best first, behind its equals. Returns how many there are.
inline std::size_t rank(span<ranked> best, std::size_t found, const ranked& one) noexcept {
  if (found == best.size && (found == 0 || !(one.probability > best[found - 1].probability))) return found;
  std::size_t place = found < best.size ? found++ : found - 1;
  for (; place > 0 && one.probability > best[place - 1].probability; --place) best[place] = best[place - 1];
  best[place] = one;
  return found;
}

}  // namespace detail

/// The most probable labels, the best first, of equals the one with the lower number, as with numpy's argmax; as
/// many as there is room for. Returns how many were written.    shape  probabilities [K]
inline std::size_t top(span<const double> probabilities, span<ranked> out) noexcept {
  std::size_t found = 0;
  for (std::uint32_t k = 0; k < probabilities.size; ++k) found = detail::rank(out, found, {k, probabilities[k]});
  return found;
}

inline std::vector<ranked> top(span<const double> probabilities, std::size_t count) {
  std::vector<ranked> out(count < probabilities.size ? count : probabilities.size);
  top(probabilities, span<ranked>(out));
  return out;
}

/// The labels that are at least so probable, in the order of `top`. For a model of several labels a text, whose
/// probabilities do not share one, and for whoever wants to show all that is likely.    shape  probabilities [K]
inline std::size_t at_least(span<const double> probabilities, double threshold, span<ranked> out) noexcept {
  std::size_t found = 0;
  for (std::uint32_t k = 0; k < probabilities.size; ++k)
    if (probabilities[k] >= threshold) found = detail::rank(out, found, {k, probabilities[k]});
  return found;
}

inline std::vector<ranked> at_least(span<const double> probabilities, double threshold) {
  std::vector<ranked> out(probabilities.size);
  out.resize(at_least(probabilities, threshold, span<ranked>(out)));
  return out;
}

/// When an answer counts.
struct certainty {
  double confidence = 0;  // the most probable label's probability, at least
  double margin = 0;      // how far it is ahead of the next, at least
};

/// The most probable label, or nothing where the model is not as sure as is asked for.    shape  probabilities [K]
inline std::optional<ranked> decide(span<const double> probabilities, const certainty& asked) noexcept {
  ranked best[2];
  const std::size_t found = top(probabilities, span<ranked>(best));
  if (found == 0 || !(best[0].probability >= asked.confidence)) return std::nullopt;
  if (found == 2 && !(best[0].probability - best[1].probability >= asked.margin)) return std::nullopt;
  return best[0];
}

/// The number of a label, to find its probability by: index_of(model.labels(), "label"). Nothing where there is none.
inline std::optional<std::uint32_t> index_of(span<const std::string_view> labels, std::string_view label) noexcept {
  for (std::uint32_t k = 0; k < labels.size; ++k)
    if (labels[k] == label) return k;
  return std::nullopt;
}

}  // namespace v0
}  // namespace fewfit

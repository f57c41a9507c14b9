// SPDX-License-Identifier: MIT
#pragma once
// What a taught head would say of each of its examples, had it been taught without it.

#include <vector>

#include "fewfit/api.hpp"

namespace tool {

/// Probabilities [n, K], labels in the head's order.
///
/// needs   a head that holds its examples, and the options it was taught with
/// cost    n fits that begin at the fit to all: for twice as many examples four times as much
fewfit::result<std::vector<double>> held_out(const fewfit::head& head, const fewfit::teach_options& options,
                                             fewfit::kernels kernels);

/// The place of a label among the head's.
std::uint32_t class_of(const fewfit::head& head, std::string_view label);

}  // namespace tool

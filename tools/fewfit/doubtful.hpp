// SPDX-License-Identifier: MIT
#pragma once
// Examples that a head would not have given their own label: slips of whoever labelled them, more often than not.

#include <string>
#include <string_view>
#include <vector>

#include "fewfit/api.hpp"

namespace tool {

struct doubtful {
  std::size_t example = 0;
  std::size_t label = 0, instead = 0;  // its own, and the most probable without it
  double probability = 0;              // of its own
  double of_other = 0;                 // of the most probable
};

/// All examples, that with the smallest probability of its own label first.
///
/// shape   labels [n], held_out [n, K]
std::vector<doubtful> most_doubtful(const std::vector<std::uint32_t>& labels, fewfit::span<const double> held_out,
                                    std::size_t classes);

/// The text's beginning on one line, fit for a terminal.
std::string shortened(std::string_view text);

}  // namespace tool

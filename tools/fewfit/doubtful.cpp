// SPDX-License-Identifier: MIT
#include "doubtful.hpp"

#include <algorithm>

#include "highlight.hpp"

namespace tool {

std::vector<doubtful> most_doubtful(const std::vector<std::uint32_t>& labels, fewfit::span<const double> held_out,
                                    std::size_t classes) {
  std::vector<doubtful> all;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double* const row = held_out.data + i * classes;
    const auto best = static_cast<std::size_t>(std::max_element(row, row + classes) - row);
    all.push_back({i, labels[i], best, row[labels[i]], row[best]});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const doubtful& a, const doubtful& b) { return a.probability < b.probability; });
  return all;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t most = 60;  // code points
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (seen++ == most) return visible(text.substr(0, i)) + "...";
  }
  return visible(text);
}

}  // namespace tool

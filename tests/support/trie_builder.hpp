// SPDX-License-Identifier: MIT
#pragma once
// Builds the double array that text/trie.hpp reads, by the rules of docs/model_file.md, "The trie".
//
// Nodes are placed breadth first; a node's base is the first one at which all its children find free places and
// which no other node has. Blocks of 256 that have been looked at often enough are given up as full.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "fewfit/text/trie.hpp"

namespace support {

class trie_builder {
 public:
  using entry = std::pair<std::string, std::uint32_t>;

  /// needs   distinct keys, none empty, values other than 0
  static std::vector<fewfit::trie_node> build(std::vector<entry> entries) {
    std::sort(entries.begin(), entries.end());
    trie_builder builder;
    builder.entries_ = std::move(entries);
    builder.place_all();
    return std::move(builder.nodes_);
  }

 private:
  struct job {
    std::uint32_t node;
    std::size_t first, last;  // entries that begin with the node's bytes
    std::size_t depth;
  };

  trie_builder() : nodes_(256), base_taken_(256) {}

  void place_all() {
    std::deque<job> jobs;
    if (!entries_.empty()) jobs.push_back({0, 0, entries_.size(), 0});
    while (!jobs.empty()) {
      const job j = jobs.front();
      jobs.pop_front();
      place_children(j, jobs);
    }
  }

  void place_children(const job& j, std::deque<job>& jobs) {
    std::vector<job> children;
    std::vector<unsigned> labels;
    for (std::size_t i = j.first; i != j.last; ++i) {
      const std::string& key = entries_[i].first;
      if (key.size() == j.depth) continue;  // the node's own string
      const unsigned label = static_cast<unsigned char>(key[j.depth]);
      if (labels.empty() || labels.back() != label) {
        labels.push_back(label);
        children.push_back({0, i, i, j.depth + 1});
      }
      ++children.back().last;
    }
    if (labels.empty()) return;
    const std::uint32_t base = find_base(labels);
    base_taken_[base] = 1;
    nodes_[j.node].link |= base << 9;
    for (std::size_t i = 0; i != labels.size(); ++i) {
      job& child = children[i];
      child.node = base ^ labels[i];
      nodes_[child.node].link = 0x100u | labels[i];
      const entry& first = entries_[child.first];
      if (first.first.size() == child.depth) nodes_[child.node].value = first.second;
      jobs.push_back(child);
    }
  }

  std::uint32_t find_base(const std::vector<unsigned>& labels) {
    for (std::uint32_t block = first_block_;; ++block) {
      if (block * 256 == nodes_.size()) {
        nodes_.resize(nodes_.size() + 256);
        base_taken_.resize(nodes_.size());
        if (block - first_block_ > 16) ++first_block_;
      }
      for (std::uint32_t base = block * 256; base != block * 256 + 256; ++base) {
        if (fits(base, labels)) return base;
      }
    }
  }

  bool fits(std::uint32_t base, const std::vector<unsigned>& labels) const {
    // Plain pointers: this is where the time goes, and a checked vector takes fifty times as long.
    const fewfit::trie_node* const nodes = nodes_.data();
    const unsigned* const begin = labels.data();
    return base_taken_.data()[base] == 0 &&
           std::all_of(begin, begin + labels.size(), [&](unsigned label) { return nodes[base ^ label].link == 0; });
  }

  std::vector<entry> entries_;
  std::vector<fewfit::trie_node> nodes_;
  std::vector<unsigned char> base_taken_;
  std::uint32_t first_block_ = 1;
};

}  // namespace support

// SPDX-License-Identifier: MIT
#pragma once
// Right files of every kind, small ones, that a fuzzer begins with.

#include <string>
#include <utility>
#include <vector>

#include "support/tiny_head.hpp"

namespace fuzz {

namespace detail {

inline support::tiny_options small(std::uint32_t seed) {
  support::tiny_options o;
  o.D = 4, o.H = 2, o.F = 8, o.L = 1, o.seed = seed;
  return o;
}

inline std::string file_of(support::tiny_parts p) {
  return support::tiny_file(support::with_self_test(std::move(p))).bytes();
}

inline std::string taught(const std::string& body, bool texts) {
  const support::aligned_bytes bytes(body);
  const fewfit::model m = fewfit::model::from_memory(bytes.data(), bytes.size()).value();
  const std::string_view of[] = {"good", "bad day", "very new"}, labels[] = {"a", "b", "c"};
  fewfit::teach_options o;
  o.keep_texts = texts, o.unknown = "c", o.most_errors = 0.5;
  const fewfit::head h = std::move(m.teach(of, labels, o).value());
  return {reinterpret_cast<const char*>(h.contents().data), h.contents().size};
}

}  // namespace detail

/// The first is a model with f32 weights, for whose body the heads are.
inline const std::vector<std::string>& seeds() {
  static const std::vector<std::string> all = [] {
    using support::number_type;
    std::vector<std::string> out = {detail::file_of(support::tiny_model(detail::small(1)))};
    support::tiny_options o = detail::small(2);
    o.binary = true, o.pooling = 3, o.hidden_act = 2, o.normalize = 1;
    out.push_back(detail::file_of(support::tiny_model(o)));
    o = detail::small(3), o.pooling = 0x21, o.dense = std::vector<std::uint32_t>{5, 6}, o.hidden_act = 3;
    out.push_back(detail::file_of(support::tiny_model(o)));
    for (const std::uint32_t kind : {3u, 4u, 5u}) {
      o = detail::small(kind), o.head_kind = kind, o.hidden_act = kind - 1, o.added_tokens = kind != 4;
      out.push_back(detail::file_of(support::tiny_model(o)));
    }
    for (const number_type type : {number_type::f16, number_type::bf16, number_type::i8}) {
      support::tiny_parts p = support::tiny_model(detail::small(7));
      p.linear_type = p.embedding_type = type;
      if (type == number_type::bf16) p.embedding_type = number_type::f16;
      out.push_back(support::tiny_file(p).bytes());
    }
    support::tiny_parts bare = support::tiny_model(detail::small(8)), old = support::tiny_model(detail::small(9));
    bare.has_head = false, old.version = 1;
    out.push_back(support::tiny_file(bare).bytes());
    out.push_back(detail::file_of(old));
    for (const std::uint32_t kind : {1u, 2u, 4u, 5u}) {
      support::tiny_options h = detail::small(77);
      h.head_kind = kind, h.binary = kind == 2;
      out.push_back(support::tiny_head(support::tiny_model(h), out.front()).bytes());
    }
    for (const bool texts : {false, true}) out.push_back(detail::taught(out.front(), texts));
    return out;
  }();
  return all;
}

}  // namespace fuzz

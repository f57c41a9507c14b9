// SPDX-License-Identifier: MIT
#pragma once
// Damage to weights in bf16 and i8, under correct checksums: each file breaks one rule of docs/model_file.md,
// sections 4 and 6, and no other.

#include <limits>

#include "damage.hpp"

namespace support {

/// A model of odd widths, so that outputs and inputs are padded: 15 and 33, panels of 15, 1 and 15 outputs.
struct typed {
  number_type linear, embedding;

  tiny_file sections() const {
    tiny_options shape;
    shape.D = 15, shape.H = 5, shape.F = 33;
    tiny_parts p = tiny_model(shape);
    p.linear_type = linear, p.embedding_type = embedding;
    return tiny_file(p);
  }
  file_maker edit(const std::function<void(tiny_file&)>& change) const {
    return [*this, change] {
      tiny_file f = sections();
      change(f);
      return f.bytes();
    };
  }
  template <class T>
  file_maker field(const std::string& name, T value, std::size_t index) const {
    return edit([=](tiny_file& f) { f.set(name, value, index); });
  }
  file_maker whole() const {
    return edit([](tiny_file&) {});
  }
};

inline constexpr typed brain{number_type::bf16, number_type::f16}, bytes_of_layers{number_type::i8, number_type::f32},
    bytes_of_words{number_type::f32, number_type::i8};

/// Where a panel's parts lie, in elements of their types; the weights of i8 in groups of 4 inputs, of bf16 of 2.
inline constexpr std::size_t byte_panel(std::size_t inputs) { return 192 + 16 * ((inputs + 3) / 4 * 4); }
inline constexpr std::size_t byte_at(std::size_t k, std::size_t o) { return 192 + (k / 4 * 16 + o) * 4 + k % 4; }
inline constexpr std::size_t brain_at(std::size_t k, std::size_t o) { return 32 + (k / 2 * 16 + o) * 2 + k % 2; }

inline void add_brain_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto weight = [](std::uint32_t bits, std::size_t k, std::size_t o) {
    return brain.field("layer0.intermediate", static_cast<std::uint16_t>(bits), brain_at(k, o));
  };
  for (const std::uint32_t bits : {0x0001u, 0x007Fu, 0x8001u, 0x807Fu, 0x0040u})
    rows.push_back({"subnormal " + std::to_string(bits), errc::subnormal_weight, "intermediate", weight(bits, 4, 3),
                    weight((bits & 0x8000u) + (bits % 2 == 0 ? 0 : 0x80), 4, 3)});
  rows.push_back({"the last weight is subnormal", errc::subnormal_weight, "output",
                  brain.field("layer1.output", std::uint16_t{2}, brain_at(32, 14)), brain.whole()});
  for (const std::uint32_t bits : {0x7F80u, 0xFF80u, 0x7F81u, 0xFFFFu})
    rows.push_back({"not finite " + std::to_string(bits), errc::non_finite_weight, "layer", weight(bits, 14, 15),
                    weight(0x7F7F, 14, 15), errc::none, true});
  rows.push_back({"a bias in bf16's panel", errc::non_finite_weight, "layer",
                  brain.field("layer0.output", HUGE_VALF, 2), brain.field("layer0.output", 3e38f, 2), errc::none,
                  true});
  const auto padding = [&](const char* what, std::size_t k, std::size_t o) {
    rows.push_back({what, errc::padding_not_zero, "output",
                    brain.field("layer0.output", std::uint16_t{0x3F80}, brain_at(k, o)),
                    brain.field("layer0.output", std::uint16_t{0x3F80}, brain_at(32, 14))});
  };
  padding("bf16: input 33 of 33", 33, 0), padding("bf16: output 15 of 15", 0, 15), padding("bf16: both", 33, 15);
  rows.push_back({"bf16: a bias behind the last", errc::padding_not_zero, "output",
                  brain.field("layer0.output", 1e-30f, 15), brain.field("layer0.output", 1e-30f, 14)});
}

/// Bytes of the output layer, which is one panel, with a sum that fits them.
inline file_maker with_bytes(const std::vector<std::pair<std::size_t, int>>& bytes_of_inputs, std::size_t output) {
  return bytes_of_layers.edit([=](tiny_file& f) {
    const std::string name = "layer0.output";
    for (const auto& [k, value] : bytes_of_inputs) {
      const auto before = f.at<std::int8_t>(name, byte_at(k, output));
      f.set(name, static_cast<std::int8_t>(value), byte_at(k, output));
      f.set(name, f.at<std::int32_t>(name, 16 + output) - before + value, 16 + output);
    }
  });
}

inline void add_scale_damages(std::vector<damage>& rows, const typed& model, const std::string& field,
                              const std::string& where, std::size_t index) {
  const float smallest = std::numeric_limits<float>::min(), largest = std::numeric_limits<float>::max();
  for (const float bad : {0.0f, -0.0f, -1.0f, std::nextafter(smallest, 0.0f), 1e-45f, HUGE_VALF, -HUGE_VALF,
                          std::numeric_limits<float>::quiet_NaN()})
    rows.push_back({field + ", scale " + std::to_string(bad), fewfit::errc::bad_scale, where,
                    model.field(field, bad, index), model.field(field, bad < 1 ? smallest : largest, index)});
}

inline void add_byte_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const std::string output = "layer0.output";
  const auto& model = bytes_of_layers;
  add_scale_damages(rows, model, "layer1.intermediate", "intermediate", 15);
  add_scale_damages(rows, model, "layer0.query, key, value", "query, key, value", byte_panel(15) / 2 + 3);
  for (const std::size_t k : {0u, 1u, 2u, 3u, 31u, 32u})
    rows.push_back({"-128 from input " + std::to_string(k), errc::byte_out_of_range, "output",
                    with_bytes({{k ^ 1u, k == 32 ? 0 : 1}, {k, -128}}, k % 15),
                    with_bytes({{k ^ 1u, k == 32 ? 0 : 1}, {k, -127}}, k % 15)});
  for (const std::size_t k : {0u, 2u, 12u, 30u})
    for (const int sign : {1, -1}) {
      rows.push_back({"a pair of 129", errc::pair_out_of_range, "output",
                      with_bytes({{k, 127 * sign}, {k + 1, 2 * sign}}, k / 2 % 15),
                      with_bytes({{k, 127 * sign}, {k + 1, sign}}, k / 2 % 15)});
      rows.push_back({"a pair of 254", errc::pair_out_of_range, "output",
                      with_bytes({{k, 127 * sign}, {k + 1, 127 * sign}}, 14),
                      with_bytes({{k, 127 * sign}, {k + 1, -127 * sign}}, 14)});
    }
  rows.push_back({"a pair that is not one of neighbours 2 i and 2 i + 1 may be large", errc::pair_out_of_range,
                  "output", with_bytes({{5, 127}, {4, 2}, {6, 0}, {7, 0}}, 2),
                  with_bytes({{5, 127}, {6, 127}, {4, 0}, {7, 0}}, 2)});
  for (const std::size_t o : {0u, 14u})
    for (const int by : {1, -1, 256, 1 << 16})
      rows.push_back({"a sum that is not that of its bytes", errc::wrong_byte_sum, "output",
                      model.edit([=](tiny_file& f) {
                        f.set(output, f.at<std::int32_t>(output, 16 + o) + by, 16 + o);
                      }),
                      model.whole()});
  rows.push_back({"a byte that its sum does not know", errc::wrong_byte_sum, "output", model.edit([=](tiny_file& f) {
                    const auto byte = f.at<std::int8_t>(output, byte_at(32, 14));
                    f.set(output, static_cast<std::int8_t>(byte > 0 ? byte - 1 : byte + 1), byte_at(32, 14));
                  }),
                  model.whole()});
  rows.push_back({"a bias in a panel of bytes", errc::non_finite_weight, "layer",
                  model.field(output, -HUGE_VALF, 32 + 14), model.field(output, -3e38f, 32 + 14), errc::none, true});
}

inline void add_byte_padding_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto& model = bytes_of_layers;
  const auto padding = [&](const char* what, const file_maker& bad, const file_maker& good) {
    rows.push_back({what, errc::padding_not_zero, "output", bad, good});
  };
  for (const std::size_t k : {33u, 34u, 35u})
    padding("i8: an input from 33 on", with_bytes({{k, 1}}, 0), with_bytes({{32, 1}}, 0));
  padding("i8: output 15 of 15, of sum zero", with_bytes({{0, 1}, {1, -1}}, 15), with_bytes({{0, 1}, {1, -1}}, 14));
  padding("i8: output 15 of 15", with_bytes({{7, 1}}, 15), with_bytes({{7, 1}}, 14));
  padding("i8: the sum of output 15", model.field("layer0.output", 1, 31), model.whole());
  padding("i8: the bias of output 15", model.field("layer0.output", 1e-30f, 47),
          model.field("layer0.output", 1e-30f, 46));
  for (const float scale : {0.5f, std::nextafter(1.0f, 2.0f), 0.0f})
    rows.push_back({"i8: the scale of output 15", errc::bad_scale, "output", model.field("layer0.output", scale, 15),
                    model.field("layer0.output", 0.5f, 14)});
}

inline void add_word_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto& model = bytes_of_words;
  add_scale_damages(rows, model, "word_embeddings.scale", "word_embeddings", 0);
  add_scale_damages(rows, model, "word_embeddings.scale", "word_embeddings", 43);
  const auto byte = [&](int value, std::size_t at) {
    return model.field("word_embeddings.rows", static_cast<std::int8_t>(value), at);
  };
  for (const std::size_t at : {0u, 14u, 43 * 16 + 14u})
    rows.push_back({"-128 in a row", errc::byte_out_of_range, "word_embeddings", byte(-128, at), byte(-127, at)});
  for (const std::size_t row : {0u, 43u})
    rows.push_back({"column 15 of 15 in a row of bytes", errc::padding_not_zero, "word_embeddings",
                    byte(1, row * 16 + 15), byte(1, row * 16 + 14)});
  rows.push_back({"rows of bytes where floats are claimed", errc::section_size, "word_embeddings",
                  model.field("config.word embeddings", 1u, 0), model.whole()});
  rows.push_back({"bytes between scales and rows", errc::padding_not_zero, "word_embeddings",
                  model.field("word_embeddings.scale", 1.0f, 44), model.whole()});
}

inline void add_type_damages(std::vector<damage>& rows) {
  add_brain_damages(rows), add_byte_damages(rows), add_byte_padding_damages(rows), add_word_damages(rows);
  for (const typed& model : {brain, bytes_of_layers, bytes_of_words})
    for (const char* name : {"word_embeddings", "layer1"})
      for (const long by : {-1L, -64L, 1L, 64L})
        rows.push_back({std::string(name) + " has another size", fewfit::errc::section_size,
                        name == std::string("layer1") ? "layer" : name, model.edit([=](tiny_file& f) {
                          std::string& body = f.section(name).body;
                          body.resize(static_cast<std::size_t>(static_cast<long>(body.size()) + by));
                        }),
                        model.whole()});
}

}  // namespace support

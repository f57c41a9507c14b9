// SPDX-License-Identifier: MIT
#pragma once
// Damage to weights in bf16 and i8, under correct checksums: each file breaks one rule of docs/model_file.md,
// sections 4 and 6, and no other.

#include <limits>

#include "damage.hpp"

namespace support {

/// A model of odd widths, so that outputs and inputs are padded: 15 and 33, panels of 15, 1 and 15 outputs; or, for
/// two groups of inputs in bytes, 15 and 133.
struct typed {
  number_type linear, embedding;
  std::uint32_t wide = 33;

  tiny_file sections() const {
    tiny_options shape;
    shape.D = 15, shape.H = 5, shape.F = wide;
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

inline constexpr typed brain{number_type::bf16, number_type::f16},
    bytes_of_layers{number_type::i8, number_type::f32, 133}, bytes_of_words{number_type::f32, number_type::i8};

/// Where the parts of a panel of bf16 and of bytes lie, in elements of their types.
inline constexpr std::size_t brain_at(std::size_t k, std::size_t o) { return 32 + (k / 2 * 16 + o) * 2 + k % 2; }

struct byte_panel {
  std::size_t inputs;

  constexpr std::size_t groups() const { return (inputs + 127) / 128; }
  constexpr std::size_t scale(std::size_t g, std::size_t o) const { return 16 * g + o; }
  constexpr std::size_t sum(std::size_t g, std::size_t o) const { return 16 * (groups() + g) + o; }
  constexpr std::size_t shift(std::size_t o) const { return 32 * groups() + o; }
  constexpr std::size_t bias(std::size_t o) const { return 32 * groups() + 16 + o; }
  constexpr std::size_t weight(std::size_t k, std::size_t o) const {
    return 128 * groups() + 128 + (k / 4 * 16 + o) * 4 + k % 4;
  }
  constexpr std::size_t bytes() const { return 128 * groups() + 128 + 16 * ((inputs + 3) / 4 * 4); }
};
inline constexpr byte_panel of_15{15}, of_133{133};

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

/// Makes the shift of an output that of its scales and sums. `first` is where its panel begins, in such numbers.
inline void set_shift(tiny_file& f, const std::string& field, const byte_panel& at, std::size_t o,
                      std::size_t first = 0) {
  double total = 0;
  for (std::size_t g = 0; g < at.groups(); ++g)
    total += static_cast<double>(f.at<float>(field, first + at.scale(g, o))) *
             f.at<std::int32_t>(field, first + at.sum(g, o));
  f.set(field, static_cast<float>(total), first + at.shift(o));
}

/// The one panel of an output layer, and what damages it: its 133 inputs are two groups, of 128 and 5.
struct output_layer {
  std::string field;

  /// Bytes of inputs, with the sums and the shift that fit them.
  file_maker with_bytes(const std::vector<std::pair<std::size_t, int>>& bytes_of_inputs, std::size_t o) const {
    return bytes_of_layers.edit([=, name = field](tiny_file& f) {
      for (const auto& [k, value] : bytes_of_inputs) {
        const auto before = f.at<std::int8_t>(name, of_133.weight(k, o));
        f.set(name, static_cast<std::int8_t>(value), of_133.weight(k, o));
        const std::size_t sum = of_133.sum(k / 128, o);
        f.set(name, f.at<std::int32_t>(name, sum) - before + value, sum);
      }
      set_shift(f, name, of_133, o);
    });
  }
  file_maker with_sums(int first_by, int second_by, std::size_t o) const {
    return bytes_of_layers.edit([=, name = field](tiny_file& f) {
      f.set(name, f.at<std::int32_t>(name, of_133.sum(0, o)) + first_by, of_133.sum(0, o));
      f.set(name, f.at<std::int32_t>(name, of_133.sum(1, o)) + second_by, of_133.sum(1, o));
      set_shift(f, name, of_133, o);
    });
  }
  file_maker with_shift(const std::function<float(float)>& change, std::size_t o) const {
    return bytes_of_layers.edit([=, name = field](tiny_file& f) {
      f.set(name, change(f.at<float>(name, of_133.shift(o))), of_133.shift(o));
    });
  }
};
inline const output_layer output_0{"layer0.output"};

/// A scale with the shift that fits it.
inline file_maker with_scale(const std::string& field, const byte_panel& at, std::size_t panel, std::size_t g,
                             std::size_t o, float scale) {
  return bytes_of_layers.edit([=](tiny_file& f) {
    const std::size_t first = panel * at.bytes() / sizeof(float);
    f.set(field, scale, first + at.scale(g, o));
    set_shift(f, field, at, o, first);
  });
}

/// Scales that no row and no group may have, and the nearest that they may. No sum of 128 bytes times the largest is
/// more than a float can hold.
inline void add_scale_damages(std::vector<damage>& rows, const std::string& name, const std::string& where,
                              const std::function<file_maker(float)>& with) {
  const float smallest = std::numeric_limits<float>::min(), largest = std::numeric_limits<float>::max() / 16384;
  for (const float bad : {0.0f, -0.0f, -1.0f, std::nextafter(smallest, 0.0f), 1e-45f, HUGE_VALF, -HUGE_VALF,
                          std::numeric_limits<float>::quiet_NaN()})
    rows.push_back({name + ", scale " + std::to_string(bad), fewfit::errc::bad_scale, where, with(bad),
                    with(bad < 1 ? smallest : largest)});
}

inline void add_group_scale_damages(std::vector<damage>& rows) {
  const auto add = [&](const std::string& layer, const char* name, const byte_panel& at, std::size_t panel,
                       std::size_t g, std::size_t o) {
    add_scale_damages(rows, name, name, [=](float scale) {
      return with_scale(layer + "." + name, at, panel, g, o, scale);
    });
  };
  add("layer1", "intermediate", of_15, 0, 0, 15), add("layer0", "query, key, value", of_15, 2, 0, 3);
  add("layer0", "output", of_133, 0, 0, 0), add("layer1", "output", of_133, 0, 1, 14);
}

inline void add_byte_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto& out = output_0;
  for (const std::size_t k : {0u, 1u, 2u, 3u, 127u, 128u, 131u, 132u})
    rows.push_back({"-128 from input " + std::to_string(k), errc::byte_out_of_range, "output",
                    out.with_bytes({{k ^ 1u, k == 132 ? 0 : 1}, {k, -128}}, k % 15),
                    out.with_bytes({{k ^ 1u, k == 132 ? 0 : 1}, {k, -127}}, k % 15)});
  for (const std::size_t k : {0u, 2u, 12u, 126u, 128u, 130u})
    for (const int sign : {1, -1}) {
      rows.push_back({"a pair of 129", errc::pair_out_of_range, "output",
                      out.with_bytes({{k, 127 * sign}, {k + 1, 2 * sign}}, k / 2 % 15),
                      out.with_bytes({{k, 127 * sign}, {k + 1, sign}}, k / 2 % 15)});
      rows.push_back({"a pair of 254", errc::pair_out_of_range, "output",
                      out.with_bytes({{k, 127 * sign}, {k + 1, 127 * sign}}, 14),
                      out.with_bytes({{k, 127 * sign}, {k + 1, -127 * sign}}, 14)});
    }
  for (const std::size_t k : {4u, 126u})
    rows.push_back({"a pair that is not one of neighbours 2 i and 2 i + 1 may be large", errc::pair_out_of_range,
                    "output", out.with_bytes({{k + 1, 127}, {k, 2}, {k + 2, 0}, {k + 3, 0}}, 2),
                    out.with_bytes({{k + 1, 127}, {k + 2, 127}, {k, 0}, {k + 3, 0}}, 2)});
  rows.push_back({"a bias in a panel of bytes", errc::non_finite_weight, "layer",
                  bytes_of_layers.field("layer0.output", -HUGE_VALF, of_133.bias(14)),
                  bytes_of_layers.field("layer0.output", -3e38f, of_133.bias(14)), errc::none, true});
}

inline void add_sum_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto& out = output_0;
  const auto add = [&](const char* what, const file_maker& bad) {
    rows.push_back({what, errc::wrong_byte_sum, "output", bad, bytes_of_layers.whole()});
  };
  for (const std::size_t o : {0u, 14u}) {
    for (const int by : {1, -1, 256, 1 << 16}) {
      add("the sum of the first group is not that of its bytes", out.with_sums(by, 0, o));
      add("the sum of the second group is not that of its bytes", out.with_sums(0, by, o));
    }
    add("sums that are right together", out.with_sums(1, -1, o));
  }
  for (const std::size_t k : {0u, 127u, 128u, 132u})
    add("a byte that its sum does not know", bytes_of_layers.edit([=](tiny_file& f) {
          const auto byte = f.at<std::int8_t>("layer0.output", of_133.weight(k, 14));
          const int other = k % 2 == 0 ? 0 : byte > 0 ? byte - 1 : byte + 1;
          f.set("layer0.output", static_cast<std::int8_t>(other == byte ? 1 : other), of_133.weight(k, 14));
        }));
}

inline void add_shift_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto& out = output_0;
  const auto add = [&](const char* what, const file_maker& bad, const file_maker& good = bytes_of_layers.whole()) {
    rows.push_back({what, errc::wrong_shift, "output", bad, good});
  };
  for (const std::size_t o : {0u, 14u}) {
    add("the next larger shift", out.with_shift([](float x) { return std::nextafter(x, HUGE_VALF); }, o));
    add("the next smaller shift", out.with_shift([](float x) { return std::nextafter(x, -HUGE_VALF); }, o));
    add("a shift of the other sign", out.with_shift([](float x) { return -x; }, o));
    add("a shift of zero", out.with_shift([](float) { return 0.0f; }, o));
    add("an infinite shift", out.with_shift([](float) { return HUGE_VALF; }, o));
    add("a shift that is no number", out.with_shift([](float) { return std::nanf(""); }, o));
  }
  for (const std::size_t g : {0u, 1u})
    add("a scale that the shift does not know", bytes_of_layers.field("layer0.output", 0.5f, of_133.scale(g, 7)),
        with_scale("layer0.output", of_133, 0, g, 7, 0.5f));
  add("a shift without its second group", bytes_of_layers.edit([](tiny_file& f) {
        const std::string name = "layer0.output";
        const auto sum = static_cast<float>(f.at<std::int32_t>(name, of_133.sum(0, 3)));
        f.set(name, f.at<float>(name, of_133.scale(0, 3)) * sum, of_133.shift(3));
      }));
  add("a shift that was added up in floats", bytes_of_layers.edit([](tiny_file& f) {
        const std::string name = "layer0.output";
        for (std::size_t o = 0; o < 15; ++o) {
          float total = 0;
          for (std::size_t g = 0; g < 2; ++g) {
            const auto sum = static_cast<float>(f.at<std::int32_t>(name, of_133.sum(g, o)));
            total += f.at<float>(name, of_133.scale(g, o)) * sum;
          }
          f.set(name, total, of_133.shift(o));
        }
      }));
  const float largest = std::numeric_limits<float>::max();
  rows.push_back({"a shift that is too large for a float", errc::non_finite_weight, "layer",
                  with_scale("layer0.output", of_133, 0, 0, 4, largest),
                  with_scale("layer0.output", of_133, 0, 0, 4, largest / 16384), errc::none, true});
}

inline void add_byte_padding_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto& out = output_0;
  const auto& model = bytes_of_layers;
  const auto padding = [&](const char* what, const file_maker& bad, const file_maker& good) {
    rows.push_back({what, errc::padding_not_zero, "output", bad, good});
  };
  for (const std::size_t k : {133u, 134u, 135u})
    padding("i8: an input from 133 on", out.with_bytes({{k, 1}}, 0), out.with_bytes({{132, 1}}, 0));
  for (const std::size_t k : {0u, 128u}) {
    padding("i8: output 15 of 15, of sum zero", out.with_bytes({{k, 1}, {k + 1, -1}}, 15),
            out.with_bytes({{k, 1}, {k + 1, -1}}, 14));
    padding("i8: output 15 of 15", out.with_bytes({{k + 3, 1}}, 15), out.with_bytes({{k + 3, 1}}, 14));
    padding("i8: a sum of output 15", model.field("layer0.output", 1, of_133.sum(k / 128, 15)), model.whole());
    for (const float scale : {0.5f, std::nextafter(1.0f, 2.0f), 0.0f})
      rows.push_back({"i8: a scale of output 15", errc::bad_scale, "output",
                      model.field("layer0.output", scale, of_133.scale(k / 128, 15)),
                      with_scale("layer0.output", of_133, 0, k / 128, 14, 0.5f)});
  }
  padding("i8: the shift of output 15", model.field("layer0.output", 1e-30f, of_133.shift(15)), model.whole());
  padding("i8: the shift of output 15 is minus zero", model.field("layer0.output", -0.0f, of_133.shift(15)),
          model.whole());
  padding("i8: the bias of output 15", model.field("layer0.output", 1e-30f, of_133.bias(15)),
          model.field("layer0.output", 1e-30f, of_133.bias(14)));
}

inline void add_word_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto& model = bytes_of_words;
  for (const std::size_t row : {0u, 43u})
    add_scale_damages(rows, "word_embeddings", "word_embeddings",
                      [&](float scale) { return model.field("word_embeddings.scale", scale, row); });
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
  add_brain_damages(rows), add_group_scale_damages(rows), add_byte_damages(rows), add_sum_damages(rows);
  add_shift_damages(rows), add_byte_padding_damages(rows), add_word_damages(rows);
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

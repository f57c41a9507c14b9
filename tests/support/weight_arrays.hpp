// SPDX-License-Identifier: MIT
#pragma once
// Every array of numbers in a model file: where its elements lie, padding left out, and how to write one.

#include <string>
#include <vector>

#include "damage.hpp"

namespace support {

enum class stored { f32, f16, bf16, f64, scale };  // a scale is an f32 with rules of its own

struct weight_array {
  std::string field, what;  // "layer0.output", "weights"
  stored as = stored::f32;
  std::vector<std::size_t> places = {};  // of its elements, in elements of its type from the field on
};

/// A number that none may be, and the largest that any may be.
enum class extreme { no_number, infinite, minus_infinite, largest, minus_largest };

inline std::uint64_t bits_of(stored as, extreme number) {
  struct format {
    std::uint64_t infinity, sign;
  };
  const format f = as == stored::f64    ? format{0x7FF0000000000000u, std::uint64_t{1} << 63}
                   : as == stored::f16  ? format{0x7C00u, 0x8000u}
                   : as == stored::bf16 ? format{0x7F80u, 0x8000u}
                                        : format{0x7F800000u, 0x80000000u};
  const bool minus = number == extreme::minus_infinite || number == extreme::minus_largest;
  const bool finite = number == extreme::largest || number == extreme::minus_largest;
  const std::uint64_t size = f.infinity + (number == extreme::no_number ? 1 : 0) - (finite ? 1 : 0);
  return size + (minus ? f.sign : 0);
}

inline void set_extreme(tiny_file& f, const weight_array& a, std::size_t place, extreme number) {
  const std::uint64_t bits = bits_of(a.as, number);
  switch (a.as) {
    case stored::f64: f.set(a.field, bits, place); break;
    case stored::f16:
    case stored::bf16: f.set(a.field, static_cast<std::uint16_t>(bits), place); break;
    case stored::f32:
    case stored::scale: f.set(a.field, static_cast<std::uint32_t>(bits), place); break;
  }
}

/// Where the numbers of a linear layer lie: in each panel biases, weights and, of bytes, scales.
class linear_places {
 public:
  linear_places(number_type type, std::size_t inputs, std::size_t outputs, std::size_t blocks = 1)
      : type_(type), inputs_(inputs), outputs_(outputs), blocks_(blocks) {}

  void add(std::vector<weight_array>& all, const std::string& field) const {
    const std::size_t groups = type_ == number_type::i8 ? (inputs_ + 127) / 128 : 0, lines = 2 * groups + 1;
    const std::size_t before = groups == 0 ? 0 : 16 * lines;  // in floats, in front of the biases
    all.push_back({field, "biases", stored::f32});
    for_each_output(
        [&](std::size_t panel, std::size_t o) { all.back().places.push_back(panel * bytes() / 4 + before + o); });
    all.push_back({field, groups == 0 ? "weights" : "scales", groups == 0 ? type() : stored::scale});
    const std::size_t each = groups == 0 ? inputs_ : groups;
    for_each_output([&](std::size_t panel, std::size_t o) {
      for (std::size_t k = 0; k < each; ++k)
        all.back().places.push_back(groups == 0 ? panel * bytes() / size() + 64 / size() + weight(k, o)
                                                : panel * bytes() / 4 + 16 * k + o);
    });
  }

 private:
  template <class Each>
  void for_each_output(const Each& each) const {
    const std::size_t panels = (outputs_ + 15) / 16;
    for (std::size_t block = 0; block < blocks_; ++block)
      for (std::size_t o = 0; o < outputs_; ++o) each(block * panels + o / 16, o % 16);
  }
  stored type() const {
    return type_ == number_type::f32 ? stored::f32 : type_ == number_type::f16 ? stored::f16 : stored::bf16;
  }
  std::size_t size() const { return type_ == number_type::f32 ? 4 : 2; }
  std::size_t bytes() const {
    if (type_ == number_type::i8) return 128 * ((inputs_ + 127) / 128) + 128 + 16 * ((inputs_ + 3) / 4 * 4);
    return 64 + 16 * size() * (type_ == number_type::f32 ? inputs_ : (inputs_ + 1) / 2 * 2);
  }
  std::size_t weight(std::size_t k, std::size_t o) const {
    return type_ == number_type::bf16 ? (k / 2 * 16 + o) * 2 + k % 2 : k * 16 + o;
  }

  number_type type_;
  std::size_t inputs_, outputs_, blocks_;
};

inline weight_array rows_array(const std::string& field, std::size_t rows, std::size_t width,
                               stored as = stored::f32) {
  weight_array a{field, "rows", as};
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < width; ++i) a.places.push_back(r * up_to_16(width) + i);
  return a;
}

inline weight_array plain_array(const std::string& field, std::size_t n, stored as) {
  weight_array a{field, as == stored::scale ? "scales" : "numbers", as};
  for (std::size_t i = 0; i < n; ++i) a.places.push_back(i);
  return a;
}

inline std::vector<weight_array> weight_arrays(const tiny_parts& p) {
  std::vector<weight_array> all;
  if (p.embedding_type == number_type::i8)
    all.push_back(plain_array("word_embeddings.scale", p.R, stored::scale));
  else
    all.push_back(rows_array("word_embeddings.rows", p.R, p.D,
                             p.embedding_type == number_type::f16 ? stored::f16 : stored::f32));
  const auto norm = [&](const std::string& name) {
    all.push_back(rows_array(name + " weight", 1, p.D)), all.push_back(rows_array(name + " bias", 1, p.D));
  };
  norm("position_embeddings.norm"), all.push_back(rows_array("position_embeddings.rows", p.P, p.D));
  for (std::size_t l = 0; l < p.layers.size(); ++l) {
    const std::string name = "layer" + std::to_string(l) + ".";
    linear_places(p.linear_type, p.D, p.D, 3).add(all, name + "query, key, value");
    linear_places(p.linear_type, p.D, p.D).add(all, name + "attention output");
    norm(name + "attention norm");
    linear_places(p.linear_type, p.D, p.F).add(all, name + "intermediate");
    linear_places(p.linear_type, p.F, p.D).add(all, name + "output");
    norm(name + "output norm");
  }
  for (std::size_t i = 0; i < p.dense.size(); ++i)
    linear_places(number_type::f32, p.dense[i].linear.inputs, p.dense[i].linear.outputs)
        .add(all, "dense" + std::to_string(i) + ".panels");
  all.push_back(plain_array("head.intercept", p.intercept.size(), stored::f64));
  all.push_back(plain_array("head.coefficients", p.coefficients.size(), stored::f64));
  return all;
}

/// Models that between them have each type of weights, dense layers, and every kind of head.
inline std::vector<tiny_parts> models_of_each_type() {
  struct types {
    number_type linear, embedding;
    std::uint32_t wide;  // two groups of inputs in bytes
  };
  std::vector<tiny_parts> models;
  for (const types& t : {types{number_type::f32, number_type::f32, 33}, types{number_type::f16, number_type::f16, 33},
                         types{number_type::bf16, number_type::f16, 33}, types{number_type::i8, number_type::i8, 133},
                         types{number_type::f32, number_type::i8, 33}}) {
    tiny_options o;
    o.D = 15, o.H = 5, o.F = t.wide, o.dense = std::vector<std::uint32_t>{7, 24};
    o.head_kind = static_cast<std::uint32_t>(models.size()) + 1, o.binary = o.head_kind == 2;
    models.push_back(tiny_model(o));
    models.back().linear_type = t.linear, models.back().embedding_type = t.embedding;
  }
  return models;
}

inline const char* name_of(number_type type) {
  constexpr const char* names[] = {"", "f32", "f16", "bf16", "i8"};
  return names[static_cast<std::size_t>(type)];
}

/// Who is named when a number of the array is wrong.
inline std::string section_of(const weight_array& a) {
  const std::string section = a.field.substr(0, a.field.find('.')), name = a.field.substr(section.size() + 1);
  if (section == "head") return section + " " + name;
  const bool numbered = section.back() >= '0' && section.back() <= '9';
  if (a.as == stored::scale && numbered) return name;
  return numbered ? section.substr(0, section.size() - 1) : section;
}

/// Each array's first and last number: not a number or infinite is refused, the largest is not.
inline void add_number_damages(std::vector<damage>& rows, const tiny_parts& p, const weight_array& a) {
  const auto with = [&](std::size_t place, extreme number) {
    return [=] {
      tiny_file f(p);
      set_extreme(f, a, place, number);
      return f.bytes();
    };
  };
  const std::string types = std::string(name_of(p.linear_type)) + "/" + name_of(p.embedding_type) + ": ";
  constexpr const char* bad_names[] = {"nan in ", "inf in ", "-inf in "};
  for (const extreme bad : {extreme::no_number, extreme::infinite, extreme::minus_infinite})
    for (const bool first : {true, false}) {
      const std::size_t place = first ? a.places.front() : a.places.back();
      const std::string name = types + bad_names[static_cast<std::size_t>(bad)] + a.field +
                               (first ? ", the first of the " : ", the last of the ") + a.what;
      if (a.as == stored::scale)
        rows.push_back(
            {name, fewfit::errc::bad_scale, section_of(a), with(place, bad), [p] { return tiny_file(p).bytes(); }});
      else
        rows.push_back({name, fewfit::errc::non_finite_weight, section_of(a), with(place, bad),
                        with(place, extreme::largest), fewfit::errc::none, true});
    }
}

inline const std::vector<damage>& number_damages() {
  static const std::vector<damage> all = [] {
    std::vector<damage> rows;
    for (const tiny_parts& p : models_of_each_type())
      for (const weight_array& a : weight_arrays(p)) add_number_damages(rows, p, a);
    return rows;
  }();
  return all;
}

}  // namespace support

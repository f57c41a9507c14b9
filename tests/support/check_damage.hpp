// SPDX-License-Identifier: MIT
#pragma once
// What is promised of a damaged file, checked: the right error at the right place, nothing lost, little memory taken,
// and the nearest right file loads.

#include <doctest/doctest.h>

#include "damage.hpp"
#include "fewfit/fewfit.hpp"
#include "memory.hpp"

namespace support {

inline fewfit::load_options options(fewfit::verify verify, counting_memory* memory = nullptr) {
  fewfit::load_options o;
  o.verify = verify;
  if (memory != nullptr) o.allocator = memory->allocator();
  return o;
}

inline fewfit::error load_error(const std::string& file, fewfit::verify verify, counting_memory* memory = nullptr) {
  const aligned_bytes bytes(file);
  const auto model = fewfit::model::from_memory(bytes.data(), bytes.size(), options(verify, memory));
  return model ? fewfit::error() : model.error();
}

/// A model that loaded must answer whatever it is asked.
inline void answer_something(const fewfit::model& m) {
  for (const std::string_view text :
       {std::string_view("good day [MASK] [USER] new york \xD0\x9C\xD0\xB8\xD1\x80!\xFF"), std::string_view(""),
        std::string_view("badgooddayababab [CLS[SEP] 12")}) {
    const fewfit::prediction p = m.predict(text);
    if (p.status == fewfit::errc::none) {
      CHECK(p.index < m.labels().size);
      CHECK(p.probability >= 0);
      CHECK(p.probability <= 1);
    } else {
      CHECK(p.status == fewfit::errc::non_finite_output);
      CHECK(p.label.empty());
    }
    CHECK(p.tokens <= m.config().max_length);
    const fewfit::token_ids ids = m.tokenize(text, {true, false});
    for (const std::uint32_t id : ids.ids) CHECK(id < m.config().vocab_size);
  }
}

inline void check_refused(const damage& row, const std::string& spoilt, fewfit::verify verify) {
  counting_memory memory;
  const fewfit::error e = load_error(spoilt, verify, &memory);
  CHECK_MESSAGE(e.code == row.code, "said: ", std::string(message(e)), ", where: ", std::string(e.where),
                ", number: ", e.number);
  CHECK(std::string(e.where) == row.where);
  CHECK(memory.live == 0);
  CHECK(memory.mistakes == 0);
  CHECK(memory.peak <= 65536);
}

inline void check(const damage& row) {
  CAPTURE(row.name);
  const std::string spoilt = row.spoilt();
  check_refused(row, spoilt, fewfit::verify::full);
  if (row.only_full) {
    const aligned_bytes bytes(spoilt);
    const auto model = fewfit::model::from_memory(bytes.data(), bytes.size(), options(fewfit::verify::structure));
    REQUIRE(model);
    answer_something(*model);
  } else {
    check_refused(row, spoilt, fewfit::verify::structure);
  }
  const fewfit::error e = load_error(row.neighbour ? row.neighbour() : tiny_bytes(), fewfit::verify::full);
  CHECK_MESSAGE(e.code == row.neighbour_code, "neighbour: ", std::string(message(e)),
                ", where: ", std::string(e.where), ", number: ", e.number);
}

}  // namespace support

// SPDX-License-Identifier: MIT
// CRC-32C: published values, and every way of computing it against a loop over bits.

#include "fewfit/io/crc32c.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "support/tiny_model.hpp"

using fewfit::crc32c;

namespace {

std::string some_bytes(std::size_t n, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::string out(n, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::uint32_t by_table(std::string_view text) {
  return ~fewfit::detail::crc32c_by_table(~0u, reinterpret_cast<const unsigned char*>(text.data()), text.size());
}

}  // namespace

TEST_SUITE_BEGIN("crc32c");

TEST_CASE("published values") {
  // RFC 3720, appendix B.4; the first is the check value of the catalogue of parametrised CRC algorithms.
  CHECK(crc32c("123456789", 9) == 0xE3069283u);
  CHECK(crc32c("", 0) == 0);
  const std::string zeros(32, '\0'), ones(32, '\xFF');
  CHECK(crc32c(zeros.data(), 32) == 0x8A9136AAu);
  CHECK(crc32c(ones.data(), 32) == 0x62A8AB43u);
  std::string up(32, '\0'), down(32, '\0');
  for (std::size_t i = 0; i < 32; ++i) up[i] = static_cast<char>(i), down[i] = static_cast<char>(31 - i);
  CHECK(crc32c(up.data(), 32) == 0x46DD794Eu);
  CHECK(crc32c(down.data(), 32) == 0x113FDB5Cu);
}

TEST_CASE("the instruction, the tables and a loop over bytes agree for every length, at every alignment") {
  const std::string bytes = some_bytes(3 * 4096 * 3 + 600, 1);
  std::vector<std::size_t> lengths;
  for (std::size_t n = 0; n <= 200; ++n) lengths.push_back(n);
  for (std::size_t rounds = 1; rounds <= 3; ++rounds)  // the instruction works on 3 * 4096 bytes at a time
    for (const int more : {-9, -8, -1, 0, 1, 7, 8, 9, 255})
      lengths.push_back(static_cast<std::size_t>(static_cast<int>(rounds * 3 * 4096) + more));
  for (const std::size_t n : lengths)
    for (std::size_t offset = 0; offset < (n <= 200 ? 9u : 3u); ++offset) {
      const std::string_view part = std::string_view(bytes).substr(offset, n);
      CAPTURE(n);
      REQUIRE(by_table(part) == support::slow_crc32c(part));
      REQUIRE(crc32c(part.data(), n) == support::slow_crc32c(part));
    }
}

TEST_CASE("tables and shifts are what a running program computes, and a shift appends zeros") {
  auto* volatile make = &fewfit::detail::make_crc32c_tables;
  auto* volatile shift = &fewfit::detail::crc32c_shift;
  CHECK(make() == fewfit::detail::crc32c_table);
  const std::string some = some_bytes(100, 7);
  const std::uint32_t before = ~crc32c(some.data(), some.size());
  for (const std::size_t n : {0u, 1u, 7u, 4096u, 8192u, 100000u}) {
    std::uint32_t by_bytes = before;
    for (std::size_t i = 0; i < n; ++i) by_bytes = by_bytes >> 8 ^ fewfit::detail::crc32c_table[0][by_bytes & 255u];
    CHECK(fewfit::detail::crc32c_multiply(shift(n), before) == by_bytes);
  }
}

TEST_CASE("a checksum can be continued anywhere") {
  const std::string bytes = some_bytes(30000, 2);
  const std::uint32_t whole = support::slow_crc32c(bytes);
  for (const std::size_t cut : {0u, 1u, 7u, 8u, 63u, 64u, 4096u, 12288u, 12289u, 24577u, 29999u, 30000u})
    CHECK(crc32c(bytes.data() + cut, bytes.size() - cut, crc32c(bytes.data(), cut)) == whole);
}

TEST_CASE("every single changed byte and every burst of 32 bits shows") {
  std::string bytes = some_bytes(13000, 3);
  const std::uint32_t whole = crc32c(bytes.data(), bytes.size());
  std::mt19937 random(4);
  for (std::size_t at = 0; at + 4 <= bytes.size(); ++at) {
    const auto before = support::get<std::uint32_t>(bytes, at);
    support::put(bytes, at, before ^ (static_cast<std::uint32_t>(random()) | 1u));
    REQUIRE(crc32c(bytes.data(), bytes.size()) != whole);
    support::put(bytes, at, before);
  }
  CHECK(crc32c(bytes.data(), bytes.size()) == whole);
}

TEST_SUITE_END();

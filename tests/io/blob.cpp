// SPDX-License-Identifier: MIT
// The container: every rule has a file that breaks it, and no byte of it can change unseen.

#include "fewfit/io/blob.hpp"

#include "support/check_damage.hpp"
#include "support/container_damages.hpp"

using fewfit::errc;
using fewfit::verify;
using support::tiny_bytes;

TEST_SUITE_BEGIN("blob");

TEST_CASE("each damage to the container is refused by its name, and the nearest right file loads") {
  for (const support::damage& row : support::container_damages()) support::check(row);
}

TEST_CASE("every length of a file that was cut off is refused") {
  const std::string& whole = tiny_bytes();
  const support::aligned_bytes bytes(whole);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    // The same address for all: what lies behind the end must not matter. Shorter copies follow below.
    const auto m = fewfit::model::from_memory(bytes.data(), n);
    REQUIRE(!m);
    const bool right = m.error().code == (n < 64 ? errc::file_too_short : errc::wrong_file_size);
    CHECK_MESSAGE(right, n, ": ", std::string(message(m.error())));
  }
  for (std::size_t n = 0; n < whole.size(); n += n < 512 ? 1 : 509)
    CHECK(support::load_error(whole.substr(0, n), verify::structure).code != errc::none);
}

TEST_CASE("every length of a file that was cut off is refused even when the header agrees") {
  // With the size and all checksums set right, so that only the sections themselves can tell.
  for (std::size_t n = 64; n < tiny_bytes().size(); n += n < 1024 ? 1 : 61) {
    std::string cut = tiny_bytes().substr(0, n);
    support::put(cut, 16, std::uint64_t{n});
    support::repair(cut);
    CAPTURE(n);
    CHECK(support::load_error(cut, verify::structure).code != errc::none);
  }
}

TEST_CASE("1 to 64 bytes behind the end are refused") {
  for (std::size_t n = 1; n <= 64; ++n)
    for (const char c : {'\0', 'x'}) {
      std::string longer = tiny_bytes() + std::string(n, c);
      CHECK(support::load_error(longer, verify::structure).code == errc::wrong_file_size);
      support::put(longer, 16, std::uint64_t{longer.size()});
      support::repair(longer);
      CHECK(support::load_error(longer, verify::structure).code == errc::trailing_bytes);
    }
}

TEST_CASE("every flipped bit of header and directory is refused, checksums of sections unread") {
  const support::tiny_file& file = support::tiny_sections();
  const support::aligned_bytes bytes(tiny_bytes());
  for (std::size_t bit = 0; bit < 8 * file.begin(0); ++bit) {
    const auto mask = static_cast<unsigned char>(1u << bit % 8);
    bytes.data()[bit / 8] ^= mask;
    const auto m = fewfit::model::from_memory(bytes.data(), bytes.size(), support::options(verify::structure));
    bytes.data()[bit / 8] ^= mask;
    CHECK_MESSAGE(!m, "bit ", bit);
  }
  CHECK(fewfit::model::from_memory(bytes.data(), bytes.size()));
}

TEST_CASE("every flipped bit of the magic is a text-mode copy's or a stranger's") {
  for (std::size_t bit = 0; bit < 64; ++bit) {
    std::string b = tiny_bytes();
    b[bit / 8] = static_cast<char>(b[bit / 8] ^ (1 << bit % 8));
    const bool like_text_mode = bit == 7 || bit >= 32;
    CHECK(support::load_error(b, verify::full).code ==
          (like_text_mode ? errc::text_mode_damage : errc::not_a_model_file));
  }
}

TEST_CASE("every burst of up to 32 bits in header and directory is refused") {
  const support::tiny_file& file = support::tiny_sections();
  std::mt19937 random(5);
  for (std::size_t at = 0; at + 4 <= file.begin(0); ++at) {
    std::string b = tiny_bytes();
    const std::uint32_t burst = static_cast<std::uint32_t>(random()) | 1u;
    support::put(b, at, support::get<std::uint32_t>(b, at) ^ burst);
    CHECK(support::load_error(b, verify::structure).code != errc::none);
  }
}

TEST_CASE("an address that is no multiple of 64 is refused before a byte is read") {
  for (std::size_t offset = 1; offset < 64; ++offset) {
    const support::aligned_bytes bytes(tiny_bytes(), offset);
    const auto m = fewfit::model::from_memory(bytes.data(), bytes.size());
    REQUIRE(!m);
    CHECK(m.error().code == errc::misaligned_memory);
  }
  CHECK(fewfit::model::from_memory(nullptr, 0).error().code == errc::file_too_short);
}

TEST_CASE("a container is walked in order") {
  const support::tiny_file& file = support::tiny_sections();
  const support::aligned_bytes bytes(tiny_bytes());
  const auto b = fewfit::blob::parse({bytes.data(), bytes.size()});
  REQUIRE(b);
  REQUIRE(b->sections() == file.sections.size());
  std::size_t i = 0;
  for (fewfit::section_walk walk(*b); !walk.done(); walk.next(), ++i) {
    CHECK(walk.index() == i);
    CHECK(walk.type() == file.sections[i].type);
    const fewfit::section s = walk.content(true);
    const std::string_view content(reinterpret_cast<const char*>(s.content.data), s.content.size);
    CHECK(content == file.sections[i].body);
    CHECK(s.content.data == bytes.data() + file.begin(i));
    CHECK(s.offset == file.begin(i));
  }
  CHECK(i == file.sections.size());
}

TEST_SUITE_END();

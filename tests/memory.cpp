// SPDX-License-Identifier: MIT
// Memory from the caller: asked for with the right size and alignment, given back as it came.

#include "fewfit/memory.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "support/memory.hpp"

using fewfit::detail::owned;

TEST_SUITE_BEGIN("memory");

TEST_CASE("the standard allocator aligns to 64 and takes back null") {
  const fewfit::allocator standard;
  for (const std::size_t bytes : {1u, 63u, 64u, 1000u}) {
    void* p = fewfit::detail::allocate(standard, bytes);
    REQUIRE(p != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(p) % 64 == 0);
    fewfit::detail::release(standard, p, bytes);
  }
  fewfit::detail::release(standard, nullptr, 0);
}

TEST_CASE("an array gives back what it took, once") {
  support::counting_memory memory;
  {
    owned<std::uint32_t> a(memory.allocator(), 10);
    REQUIRE(a);
    CHECK(a.size() == 10);
    CHECK(a.bytes() == 40);
    CHECK(memory.live_bytes == 40);
    a[9] = 7;
    owned<std::uint32_t> b = std::move(a);
    CHECK(!a);
    CHECK(b[9] == 7);
    owned<std::uint32_t> c(memory.allocator(), 3);
    c = std::move(b);
    CHECK(c.size() == 10);
    CHECK(c[9] == 7);
    c = owned<std::uint32_t>();
    CHECK(!c);
    CHECK(memory.live == 1);  // the three of c, in the hands of b, until it goes
  }
  CHECK(memory.live == 0);
  CHECK(memory.calls == 2);
  CHECK(memory.mistakes == 0);
}

TEST_CASE("what cannot be had is null") {
  support::counting_memory memory;
  memory.fail(1, true);
  const owned<double> refused(memory.allocator(), 10);
  CHECK(!refused);
  CHECK(refused.size() == 0);
  CHECK(refused.bytes() == 0);
  // A size that does not fit into size_t is not asked for.
  support::counting_memory unasked;
  const auto is_refused = [&](auto number, std::uint64_t count) {
    const owned<decltype(number)> wrapped(unasked.allocator(), count);
    CHECK(!wrapped);
    CHECK(unasked.calls == 0);
  };
  constexpr std::uint64_t most = std::numeric_limits<std::size_t>::max();
  is_refused(double(), most / 2 / 8 + 1), is_refused(double(), most / 8 + 1), is_refused(double(), UINT64_MAX);
  is_refused(char(), most / 2 + 1), is_refused(char(), most - 62), is_refused(char(), UINT64_MAX);
}

TEST_SUITE_END();

// SPDX-License-Identifier: MIT
// Work in steps of so many microseconds: the bits of the plain call, at least a task a step, and stopped whenever.

#include "fewfit/plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

#include "support/call_faults.hpp"
#include "support/many_texts.hpp"

using fewfit::cut;
using fewfit::errc;
using fewfit::plan;
using support::many_texts;
using support::shared_tiny;
using texts_view = fewfit::span<const std::string_view>;

namespace {

std::size_t all_tasks(const plan& p) {
  std::size_t sum = 0;
  for (std::size_t stage = 0; stage < p.stages(); ++stage) sum += p.tasks(stage);
  return sum;
}

/// Steps until there is nothing left; how many it took.
std::size_t finish(plan& p, std::uint32_t microseconds) {
  std::size_t steps = 1;
  while (!p.step(microseconds)) ++steps;
  return steps;
}

constexpr cut both_cuts[] = {cut::texts, cut::rows};

}  // namespace

TEST_SUITE_BEGIN("plan_step");

TEST_CASE("any budget: the bits of the plain call, a task a step where there is no time, one step where there is") {
  const texts_view texts(many_texts());
  const auto expected = shared_tiny().encode(texts).value();
  for (const cut how : both_cuts)
    for (const std::size_t width : {1u, 3u})
      for (const std::uint32_t budget : {0u, 100u, 1000u, ~0u}) {
        fewfit::workspace scratch(width);
        std::vector<float> v(expected.size(), 5.0f);
        plan p = plan::encode(shared_tiny(), texts, scratch, v, {}, how);
        const std::size_t tasks = all_tasks(p), steps = finish(p, budget);
        CHECK(p.status() == errc::none);
        CHECK(v == expected);
        if (budget == 0) CHECK(steps == tasks);
        if (budget == ~0u) CHECK(steps == 1);
        CHECK(steps <= tasks);
        CHECK(p.step(budget));  // nothing is left
        CHECK(v == expected);
      }
}

TEST_CASE("nothing is written before the last step") {
  const texts_view texts(many_texts());
  fewfit::workspace scratch;
  const std::vector<float> pattern(texts.size * 20, 5.0f);
  std::vector<float> v = pattern;
  plan p = plan::encode(shared_tiny(), texts, scratch, v, {}, cut::rows);
  for (std::size_t left = all_tasks(p); left > 1; --left) {
    REQUIRE(!p.step(0));
    REQUIRE(v == pattern);
  }
  CHECK(p.step(0));
  CHECK(v == shared_tiny().encode(texts).value());
}

TEST_CASE("a step ends before a task that would take longer than the budget has left") {
  support::tiny_options o;
  o.D = 256, o.H = 8, o.F = 1024, o.L = 4;
  const support::tiny_loaded m(support::tiny_model(o));
  const texts_view texts(many_texts());
  fewfit::workspace scratch;
  std::vector<float> v(texts.size * 256);
  std::uint32_t all = ~0u;
  for (int i = 0; i < 3; ++i) {  // the shortest: other programs may have had the processor
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(plan::encode(*m, texts, scratch, v, {}, cut::rows).run_all() == errc::none);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    all = std::min(all, static_cast<std::uint32_t>(took.count()));
  }
  plan p = plan::encode(*m, texts, scratch, v, {}, cut::rows);
  const std::size_t steps = finish(p, all / 20);
  CHECK(p.status() == errc::none);
  MESSAGE(all << " microseconds in " << steps << " steps of at most " << all / 20);
  CHECK(steps >= 5);  // a few more than 20 where nothing else runs; each may be too long by what a task varies
  CHECK(v == m->encode(texts).value());
}

TEST_CASE("a plan can be abandoned after any step, and its workspace serves the next") {
  const texts_view texts(many_texts().data(), 30);
  fewfit::workspace scratch;
  const auto expected = shared_tiny().encode(texts).value();
  std::vector<float> v(expected.size());
  for (const cut how : both_cuts)
    for (std::size_t steps = 0; steps < 8; ++steps) {
      plan left = plan::encode(shared_tiny(), texts, scratch, v, {}, how);
      for (std::size_t i = 0; i < steps; ++i) (void)left.step(0);
      plan p = plan::encode(shared_tiny(), texts, scratch, v, {}, how);
      CHECK(finish(p, 0) == all_tasks(p));
      CHECK(v == expected);
    }
}

TEST_CASE("what failed or was cancelled is done") {
  const texts_view texts(many_texts().data(), 30);
  fewfit::workspace scratch;
  std::vector<float> v(30 * 20, 5.0f);
  plan wrong = plan::encode(shared_tiny(), texts, scratch, {v.data(), 19});
  CHECK(wrong.step(0));
  CHECK(wrong.status() == errc::bad_argument);
  plan stopped = plan::encode(shared_tiny(), texts, scratch, v, {}, cut::rows);
  CHECK(!stopped.step(0));
  stopped.cancel();
  CHECK(stopped.step(0));
  CHECK(stopped.status() == errc::cancelled);
  const support::tiny_loaded m(support::overflowing_model());
  plan overflow = plan::encode(*m, texts, scratch, v, {}, cut::rows);
  CHECK(finish(overflow, 0) < all_tasks(overflow));
  CHECK(overflow.status() == errc::non_finite_output);
  CHECK(v == std::vector<float>(30 * 20, 5.0f));
  plan none = plan::encode(shared_tiny(), {}, scratch, {}, {}, cut::rows);
  CHECK(none.step(0));
  CHECK(none.status() == errc::none);
}

TEST_SUITE_END();

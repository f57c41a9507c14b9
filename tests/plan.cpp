// SPDX-License-Identifier: MIT
// A call cut into tasks: in any order, on any threads, stopped half-way, or with too many at once.

#include "fewfit/plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "support/call_faults.hpp"
#include "support/many_texts.hpp"

using fewfit::errc;
using fewfit::plan;
using fewfit::prediction;
using support::many_texts;
using support::shared_tiny;
using support::same;
using support::tiny_loaded;
using texts_view = fewfit::span<const std::string_view>;

namespace {

/// Runs a stage's tasks one after the other, in an order from a seed.
void run_shuffled(plan& p, std::uint32_t seed) {
  std::mt19937 random(seed);
  for (std::size_t stage = 0; stage < p.stages(); ++stage) {
    std::vector<std::size_t> order(p.tasks(stage));
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t task : order) p.run(stage, task);
  }
}

/// Each task on a thread of its own, all at once.
void run_on_threads(plan& p) {
  for (std::size_t stage = 0; stage < p.stages(); ++stage) {
    std::vector<std::thread> threads;
    for (std::size_t task = 0; task < p.tasks(stage); ++task)
      threads.emplace_back([&p, stage, task] { p.run(stage, task); });
    for (std::thread& t : threads) t.join();
  }
}

}  // namespace

TEST_SUITE_BEGIN("plan");

TEST_CASE("stages and tasks: sixteen texts a task, and one task that hands over") {
  fewfit::workspace scratch;
  for (const std::size_t n : {0u, 1u, 15u, 16u, 17u, 32u, 33u, 100u}) {
    std::vector<prediction> out(n);
    const plan p = plan::predict(shared_tiny(), texts_view(many_texts().data(), n), scratch, out);
    REQUIRE(p.stages() == 2);
    CHECK(p.tasks(0) == (n + 15) / 16);
    CHECK(p.tasks(1) == 1);
    CHECK(p.status() == errc::none);
  }
}

TEST_CASE("in any order and on threads: the bits of the plain call") {
  const texts_view texts(many_texts());
  fewfit::workspace scratch(16);
  const auto vectors = shared_tiny().encode(texts).value();
  const auto probabilities = shared_tiny().predict_proba(texts).value();
  const auto answers = shared_tiny().predict(texts);
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    const bool threads = seed % 2 == 1;
    const auto run = [&](plan p) {
      if (threads)
        run_on_threads(p);
      else
        run_shuffled(p, seed);
      return p.status();
    };
    std::vector<float> v(vectors.size());
    std::vector<double> p(probabilities.size());
    std::vector<prediction> a(answers.size());
    std::vector<fewfit::text_info> info(texts.size);
    CHECK(run(plan::encode(shared_tiny(), texts, scratch, v, info)) == errc::none);
    CHECK(run(plan::predict_proba(shared_tiny(), texts, scratch, p)) == errc::none);
    CHECK(run(plan::predict(shared_tiny(), texts, scratch, a)) == errc::none);
    CHECK(v == vectors);
    CHECK(p == probabilities);
    CHECK(same(a, answers));
    for (std::size_t i = 0; i < texts.size; ++i) CHECK(info[i].tokens == answers[i].tokens);
  }
}

TEST_CASE("an executor gets the tasks, and runs each once") {
  struct log {
    std::vector<std::size_t> tasks;
  } seen;
  const fewfit::executor backwards = {
      [](void* user, std::size_t tasks, void (*task)(void*, std::size_t), void* context) {
        static_cast<log*>(user)->tasks.push_back(tasks);
        for (std::size_t i = tasks; i > 0; --i) task(context, i - 1);
      },
      &seen};
  const texts_view texts(many_texts());
  fewfit::workspace scratch;
  std::vector<float> v(texts.size * 20);
  REQUIRE(shared_tiny().encode(texts, scratch, v, {}, backwards) == errc::none);
  CHECK(v == shared_tiny().encode(texts).value());
  CHECK(seen.tasks == std::vector<std::size_t>{(texts.size + 15) / 16});
  std::vector<prediction> a(texts.size);
  REQUIRE(shared_tiny().predict(texts, scratch, a, backwards) == errc::none);
  CHECK(same(a, shared_tiny().predict(texts)));
}

TEST_CASE("a plan that was cancelled writes nothing, and its workspace can be used again") {
  const texts_view texts(many_texts());
  fewfit::workspace scratch;
  const std::vector<float> pattern(texts.size * 20, 5.0f);
  prediction mark;
  mark.tokens = 4711;
  for (std::size_t after = 0; after <= 4; ++after) {  // so many tasks run before
    std::vector<float> v = pattern;
    std::vector<prediction> a(texts.size, mark);
    plan vectors = plan::encode(shared_tiny(), texts, scratch, v);
    for (std::size_t task = 0; task < after; ++task) vectors.run(0, task);
    vectors.cancel();
    CHECK(vectors.status() == errc::cancelled);
    CHECK(vectors.run_all() == errc::cancelled);
    CHECK(v == pattern);
    plan answers = plan::predict(shared_tiny(), texts, scratch, a);
    for (std::size_t task = 0; task < after; ++task) answers.run(0, task);
    answers.cancel();
    CHECK(answers.run_all() == errc::cancelled);
    CHECK(std::all_of(a.begin(), a.end(), [](const prediction& p) { return p.tokens == 4711; }));
    CHECK(shared_tiny().encode(texts, scratch, v) == errc::none);
    CHECK(v == shared_tiny().encode(texts).value());
  }
  CHECK(support::cancelled_call() == errc::cancelled);
}

TEST_CASE("cancelling from another thread ends the call") {
  struct watch {
    plan* p = nullptr;
    std::size_t begun = 0;
  } w;
  const fewfit::executor run = {[](void* user, std::size_t tasks, void (*task)(void*, std::size_t), void* context) {
                                  auto& self = *static_cast<watch*>(user);
                                  for (std::size_t i = 0; i < tasks; ++i, ++self.begun) {
                                    if (i == 2) std::thread([&self] { self.p->cancel(); }).join();
                                    task(context, i);
                                  }
                                },
                                &w};
  const texts_view texts(many_texts());
  fewfit::workspace scratch;
  std::vector<float> v(texts.size * 20, 5.0f);
  plan p = plan::encode(shared_tiny(), texts, scratch, v);
  w.p = &p;
  CHECK(p.run_all(run) == errc::cancelled);
  CHECK(w.begun == 7);  // the executor goes on, the tasks return at once
  CHECK(v == std::vector<float>(texts.size * 20, 5.0f));
}

TEST_CASE("cancelling what is over or never began changes nothing") {
  const std::string_view text = "good";
  fewfit::workspace scratch;
  std::vector<float> v(20);
  plan p = plan::encode(shared_tiny(), {&text, 1}, scratch, v);
  CHECK(p.run_all() == errc::none);
  p.cancel();
  CHECK(v == shared_tiny().encode(text).value());
  plan wrong = plan::encode(shared_tiny(), {&text, 1}, scratch, {v.data(), 19});
  CHECK(wrong.status() == errc::bad_argument);
  wrong.cancel();
  CHECK(wrong.run_all() == errc::bad_argument);
}

TEST_CASE("more tasks at once than the workspace has arenas") {
  CHECK(support::too_many_tasks_at_once() == errc::workspace_busy);
}

TEST_CASE("a workspace serves one plan after another, of any size and model") {
  support::tiny_options o;
  o.D = 64, o.H = 4, o.F = 200, o.L = 1;
  const tiny_loaded other(support::tiny_model(o));
  fewfit::workspace scratch(2);
  for (const std::size_t n : {1u, 40u, 3u, 100u, 2u}) {
    const texts_view texts(many_texts().data(), n);
    std::vector<float> v(n * 20), w(n * 64);
    REQUIRE(shared_tiny().encode(texts, scratch, v) == errc::none);
    REQUIRE(other->encode(texts, scratch, w) == errc::none);
    CHECK(v == shared_tiny().encode(texts).value());
    CHECK(w == other->encode(texts).value());
  }
}

TEST_CASE("cancelling after the answers were handed over is too late, and is not reported") {
  const std::string_view text = "good";
  fewfit::workspace scratch;
  std::vector<float> out(20);
  plan p = plan::encode(shared_tiny(), {&text, 1}, scratch, out);
  CHECK(p.run_all() == errc::none);
  p.cancel();
  CHECK(p.status() == errc::none);
  CHECK(out == shared_tiny().encode(text).value());
}

TEST_CASE("an empty span of infos is not written to, wherever it points") {
  const std::string_view text = "good";
  fewfit::workspace scratch;
  std::vector<float> out(20);
  fewfit::text_info guard{77, true};
  CHECK(shared_tiny().encode({&text, 1}, scratch, out, fewfit::span<fewfit::text_info>(&guard, 0)) == errc::none);
  CHECK(guard.tokens == 77);
}

TEST_CASE("a wide workspace gets a task for each arena, as far as there are texts") {
  const texts_view texts(many_texts());
  std::vector<prediction> out(texts.size);
  for (const std::size_t width : {1u, 2u, 8u}) {
    fewfit::workspace scratch(width);
    CHECK(plan::predict(shared_tiny(), {texts.data, 8}, scratch, {out.data(), 8}).tasks(0) >= width);
    CHECK(plan::predict(shared_tiny(), texts, scratch, out).tasks(0) >= width);
  }
}

TEST_CASE("texts are dealt each once, sixteen a task, and fewer a task towards the end") {
  for (const std::size_t width : {1u, 2u, 3u, 8u, 4096u})
    for (const std::size_t rows_a_text : {2u, 5u, 20u, 128u})
      for (const std::size_t n : {0u, 1u, 2u, 3u, 15u, 16u, 17u, 32u, 33u, 47u, 48u, 49u, 100u, 300u, 5000u}) {
        const auto dealt = fewfit::detail::text_tasks::deal(n, n * rows_a_text, width);
        const std::size_t tasks = dealt.count(n);
        std::size_t end = 0, last = width == 1 ? 16 : std::min<std::size_t>(16, (n + width - 1) / width);
        for (std::size_t task = 0; task < tasks; ++task) {
          const std::size_t begin = dealt.begin(task, n), size = dealt.begin(task + 1, n) - begin;
          REQUIRE(begin == end);
          REQUIRE((size >= 1 && size <= last));
          end = begin + size, last = size;
        }
        REQUIRE(end == n);
        REQUIRE(dealt.begin(tasks + 1, n) == n);
        if (width == 1) REQUIRE(tasks == (n + 15) / 16);
      }
}

TEST_CASE("calls take lists, temporaries and the caller's array of ids") {
  const auto list = shared_tiny().encode({"good", "day"}).value();
  const auto temporary = shared_tiny().encode(std::vector<std::string_view>{"good", "day"}).value();
  CHECK(list == temporary);
  CHECK(shared_tiny().predict_proba({"good", "day"}).value().size() == 6);
  const auto tokens = shared_tiny().tokenize({"good", "day"});
  REQUIRE(tokens.size() == 2);
  fewfit::workspace scratch;
  std::uint32_t ids[12];
  fewfit::text_info info;
  CHECK(shared_tiny().tokenize("good", scratch, fewfit::span<std::uint32_t>(ids, 12), info) == errc::none);
  CHECK(std::vector<std::uint32_t>(ids, ids + info.tokens) == tokens[0].ids);
  CHECK(shared_tiny().tokenize("good good good", scratch, fewfit::span<std::uint32_t>(ids, 3), info) == errc::none);
  CHECK(info.tokens == 3);
  CHECK(info.truncated);
  CHECK(shared_tiny().tokenize("good", scratch, fewfit::span<std::uint32_t>(ids, 1), info) == errc::bad_argument);
}

TEST_SUITE_END();

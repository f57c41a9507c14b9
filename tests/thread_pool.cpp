// SPDX-License-Identifier: MIT
// The pool that comes along: each task once, any number of calls, the same bits; and one model for many threads.

#include "fewfit/thread_pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <ctime>

#include "support/call_faults.hpp"
#include "support/many_texts.hpp"

using fewfit::errc;
using support::many_texts;
using support::shared_tiny;
using texts_view = fewfit::span<const std::string_view>;

TEST_SUITE_BEGIN("thread_pool");

TEST_CASE("each task runs once, call after call") {
  for (const std::size_t width : {0u, 1u, 2u, 5u}) {
    fewfit::thread_pool pool(width);
    CHECK(pool.width() == (width == 0 ? 1 : width));
    const fewfit::executor run = pool.executor();
    for (const std::size_t tasks : {0u, 1u, 2u, 3u, 100u, 1000u}) {
      std::vector<std::atomic<int>> count(tasks + 1);
      const auto task = [](void* context, std::size_t i) {
        ++(*static_cast<std::vector<std::atomic<int>>*>(context))[i];
      };
      run.run(run.user, tasks, task, &count);
      for (std::size_t i = 0; i < tasks; ++i) REQUIRE(count[i] == 1);
      CHECK(count[tasks] == 0);
    }
  }
}

TEST_CASE("many short calls: none is lost, none returns early") {
  fewfit::thread_pool pool(3);
  const fewfit::executor run = pool.executor();
  std::size_t sum = 0;
  for (int round = 0; round < 2000; ++round) {
    std::size_t parts[4] = {};
    run.run(run.user, 4, [](void* context, std::size_t i) { static_cast<std::size_t*>(context)[i] = i + 1; }, parts);
    for (const std::size_t part : parts) sum += part;
  }
  CHECK(sum == 2000 * 10);
}

TEST_CASE("calls with pauses between them, shorter and longer than threads look for work") {
  fewfit::thread_pool pool(3);
  const fewfit::executor run = pool.executor();
  for (int round = 0; round < 300; ++round) {
    std::atomic<std::size_t> sum{0};
    const auto task = [](void* context, std::size_t i) { *static_cast<std::atomic<std::size_t>*>(context) += i + 1; };
    run.run(run.user, 5, task, &sum);
    REQUIRE(sum == 15);
    std::this_thread::sleep_for(std::chrono::microseconds(round % 4 * 40));
  }
}

TEST_CASE("a thread that sleeps is not waited for if the others have done everything") {
  // Most calls are over before a thread has woken; whoever comes late must find the next call or nothing.
  fewfit::thread_pool pool(4);
  const fewfit::executor run = pool.executor();
  for (int round = 0; round < 3000; ++round) {
    struct {
      std::vector<int> runs = std::vector<int>(7);
      std::size_t tasks = 0;
    } call;
    call.tasks = static_cast<std::size_t>(round) % 7 + 1;
    const auto task = [](void* context, std::size_t i) { ++static_cast<decltype(call)*>(context)->runs[i]; };
    run.run(run.user, call.tasks, task, &call);
    for (std::size_t i = 0; i < 7; ++i) REQUIRE(call.runs[i] == (i < call.tasks ? 1 : 0));
  }
}

TEST_CASE("an idle pool takes no processor time") {
  fewfit::thread_pool pool(4);
  const fewfit::executor run = pool.executor();
  run.run(run.user, 8, [](void*, std::size_t) {}, nullptr);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // longer than threads look for work
  const std::clock_t before = std::clock();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC < 0.1);
}

TEST_CASE("pools come and go") {
  for (int i = 0; i < 50; ++i) fewfit::thread_pool pool(static_cast<std::size_t>(i % 4));
}

TEST_CASE("a call through a pool has the bits of the plain call, and never more tasks at once than its width") {
  const texts_view texts(many_texts());
  const auto vectors = shared_tiny().encode(texts).value();
  const auto answers = shared_tiny().predict(texts);
  for (const std::size_t width : {1u, 2u, 4u}) {
    fewfit::thread_pool pool(width);
    fewfit::workspace scratch(pool.width());
    for (int round = 0; round < 20; ++round) {
      std::vector<float> v(vectors.size());
      std::vector<fewfit::prediction> a(answers.size());
      REQUIRE(shared_tiny().encode(texts, scratch, v, {}, pool.executor()) == errc::none);
      REQUIRE(shared_tiny().predict(texts, scratch, a, pool.executor()) == errc::none);
      CHECK(v == vectors);
      CHECK(support::same(a, answers));
    }
  }
}

TEST_CASE("eight threads, one model, a workspace each") {
  const texts_view texts(many_texts());
  const auto vectors = shared_tiny().encode(texts).value();
  const auto answers = shared_tiny().predict(texts);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      fewfit::workspace scratch;
      std::vector<float> v(vectors.size());
      for (std::size_t round = 0; round < 20; ++round) {
        const std::size_t i = (t * 31 + round * 7) % texts.size;
        if (!support::same(shared_tiny().predict(texts[i], scratch), answers[i])) ++wrong;
        if (shared_tiny().encode(texts, scratch, v) != errc::none || v != vectors) ++wrong;
        if (!support::same(shared_tiny().predict(texts[i]), answers[i])) ++wrong;
        if (shared_tiny().tokenize(texts[i]).ids.size() != answers[i].tokens) ++wrong;
      }
    });
  for (std::thread& t : threads) t.join();
  CHECK(wrong == 0);
}

TEST_CASE("eight threads load, ask and let go of one file") {
  const support::aligned_bytes bytes(support::tiny_bytes());
  const auto expected = shared_tiny().encode("good day").value();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 25; ++round) {
        const auto m = fewfit::model::from_memory(bytes.data(), bytes.size());
        if (!m || m->encode("good day").value() != expected) ++wrong;
      }
    });
  for (std::thread& t : threads) t.join();
  CHECK(wrong == 0);
}

TEST_SUITE_END();

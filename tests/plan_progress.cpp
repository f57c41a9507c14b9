// SPDX-License-Identifier: MIT
// How far a call is: the numbers grow to the total, never two calls at once, and false cancels it.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

#include "fewfit/plan.hpp"
#include "fewfit/thread_pool.hpp"
#include "support/call_faults.hpp"
#include "support/many_texts.hpp"

using fewfit::cut;
using fewfit::errc;
using fewfit::plan;
using fewfit::prediction;
using support::many_texts;
using support::shared_tiny;
using texts_view = fewfit::span<const std::string_view>;

namespace {

/// Listens, and asks to stop at a call.
struct listener {
  std::size_t stop_at = std::numeric_limits<std::size_t>::max();  // 0: the first call
  std::size_t calls = 0, last = 0, total = 0;
  std::size_t mistakes = 0;  // numbers that do not grow, other totals, calls behind the last
  std::atomic<bool> inside{false};
  bool stopped = false, slow = false;

  fewfit::progress report() { return {&hear, this}; }

  static bool hear(void* user, std::size_t done, std::size_t total) {
    auto& self = *static_cast<listener*>(user);
    const bool alone = !self.inside.exchange(true);
    if (!alone || self.stopped || done <= self.last || done > total) ++self.mistakes;
    if (self.calls != 0 && total != self.total) ++self.mistakes;
    self.last = done, self.total = total;
    self.stopped = self.calls++ == self.stop_at;
    if (self.slow) std::this_thread::sleep_for(std::chrono::microseconds(200));  // others come while it is at it
    self.inside = false;
    return !self.stopped;
  }
};

/// Everything that must be true of a call that went well.
void check_heard(const listener& l, std::size_t texts) {
  CHECK(l.mistakes == 0);
  CHECK(l.last == texts);
  CHECK((l.calls > 0) == (texts > 0));
  if (texts > 0) CHECK(l.total == texts);
}

constexpr cut each_cut[] = {cut::texts, cut::rows};

}  // namespace

TEST_SUITE_BEGIN("plan_progress");

TEST_CASE("the numbers add up, whatever is asked and however it is cut") {
  for (const cut how : each_cut)
    for (const std::size_t width : {1u, 3u})
      for (const std::size_t n : {0u, 1u, 16u, 17u, 100u}) {
        const texts_view texts(many_texts().data(), n);
        fewfit::workspace scratch(width);
        std::vector<float> v(n * 20);
        std::vector<double> p(n * 3);
        std::vector<prediction> a(n);
        listener one, two, three;
        CHECK(plan::encode(shared_tiny(), texts, scratch, v, {}, how).on_progress(one.report()).run_all() ==
              errc::none);
        plan::predict_proba(shared_tiny(), texts, scratch, p, {}, how).on_progress(two.report()).run_all();
        plan::predict(shared_tiny(), texts, scratch, a, how).on_progress(three.report()).run_all();
        for (const listener* l : {&one, &two, &three}) check_heard(*l, n);
        CHECK(v == shared_tiny().encode(texts).value());
        if (n == 100) CHECK(one.calls >= 7);  // sixteen texts a batch at most
      }
}

TEST_CASE("a micro-batch is told when it is done, and not before") {
  const texts_view texts(many_texts());
  fewfit::workspace scratch;
  std::vector<float> v(texts.size * 20);
  for (const cut how : each_cut) {
    listener l;
    plan p = plan::encode(shared_tiny(), texts, scratch, v, {}, how);
    p.on_progress(l.report());
    for (std::size_t stage = 0; stage + 1 < p.stages(); ++stage)
      for (std::size_t task = 0; task < p.tasks(stage); ++task) {
        const std::size_t before = l.last;
        p.run(stage, task);
        CHECK(l.last - before <= 16);
        if (how == cut::texts) CHECK(l.last == std::min<std::size_t>(texts.size, 16 * (task + 1)));
      }
    check_heard(l, texts.size);
  }
}

TEST_CASE("texts without an answer are done, too") {
  const std::vector<std::string_view> texts = {"good", support::endless_text(), support::endless_text(), "bad",
                                               support::endless_text()};
  fewfit::workspace scratch;
  std::vector<prediction> out(texts.size());
  for (const cut how : each_cut)
    for (std::size_t first = 0; first < texts.size(); ++first) {
      listener l;
      const texts_view some(texts.data() + first, texts.size() - first);
      plan p = plan::predict(shared_tiny(), some, scratch, {out.data(), some.size}, how);
      CHECK(p.on_progress(l.report()).run_all() == errc::none);
      check_heard(l, some.size);
    }
}

TEST_CASE("false at any call cancels: nothing is written, and nothing is told afterwards") {
  const texts_view texts(many_texts());
  for (const cut how : each_cut)
    for (const bool threads : {false, true}) {
      fewfit::thread_pool pool(threads ? 3 : 1);
      fewfit::workspace scratch(pool.width());
      const std::vector<float> pattern(texts.size * 20, 5.0f);
      std::vector<float> v(texts.size * 20);
      for (std::size_t k = 0;; ++k) {
        listener l;
        l.stop_at = k;
        v = pattern;
        plan p = plan::encode(shared_tiny(), texts, scratch, v, {}, how);
        const errc status = p.on_progress(l.report()).run_all(threads ? pool.executor() : fewfit::executor{});
        CHECK(l.mistakes == 0);
        if (!l.stopped) {  // fewer calls than that
          CHECK(status == errc::none);
          CHECK(l.last == texts.size);
          CHECK(k >= (threads ? 1 : 7));
          break;
        }
        CHECK(status == errc::cancelled);
        CHECK(l.calls == k + 1);
        CHECK(v == pattern);
      }
      CHECK(v == shared_tiny().encode(texts).value());
    }
}

TEST_CASE("the calls of a model tell and stop, with an executor and without") {
  const texts_view texts(many_texts());
  fewfit::thread_pool pool(2);
  fewfit::workspace scratch(2);
  std::vector<float> v(texts.size * 20, 5.0f);
  std::vector<double> p(texts.size * 3, 5.0);
  prediction mark;
  mark.tokens = 4711;
  std::vector<prediction> a(texts.size, mark);
  for (const std::size_t stop_at : {std::size_t{0}, std::numeric_limits<std::size_t>::max()})
    for (const fewfit::executor& run : {fewfit::executor{}, pool.executor()}) {
      const errc expected = stop_at == 0 ? errc::cancelled : errc::none;
      listener l[3];
      for (listener& one : l) one.stop_at = stop_at;
      CHECK(shared_tiny().encode(texts, scratch, v, {}, run, l[0].report()) == expected);
      CHECK(shared_tiny().predict_proba(texts, scratch, p, {}, run, l[1].report()) == expected);
      CHECK(shared_tiny().predict(texts, scratch, a, run, l[2].report()) == expected);
      for (const listener& one : l) {
        CHECK(one.mistakes == 0);
        if (stop_at == 0) CHECK(one.calls == 1);
        if (stop_at != 0) check_heard(one, texts.size);
      }
      CHECK((v[0] == 5.0f) == (stop_at == 0));
      CHECK((p[0] == 5.0) == (stop_at == 0));
      CHECK((a[0].tokens == 4711) == (stop_at == 0));
    }
}

TEST_CASE("from many threads: never two calls at once, and the last says that all is done") {
  const texts_view texts(many_texts());
  fewfit::thread_pool pool(4);
  fewfit::workspace scratch(pool.width());
  std::vector<float> v(texts.size * 20);
  for (int round = 0; round < 200; ++round) {
    listener l;
    l.slow = true;
    const cut how = each_cut[round % 2];
    plan p = plan::encode(shared_tiny(), texts, scratch, v, {}, how);
    REQUIRE(p.on_progress(l.report()).run_all(pool.executor()) == errc::none);
    check_heard(l, texts.size);
  }
}

TEST_CASE("a plan in steps tells, and what failed before it began tells nothing") {
  const texts_view texts(many_texts());
  fewfit::workspace scratch;
  std::vector<float> v(texts.size * 20);
  listener l, none;
  plan p = plan::encode(shared_tiny(), texts, scratch, v, {}, cut::rows);
  p.on_progress(l.report());
  while (!p.step(0)) {
  }
  check_heard(l, texts.size);
  CHECK(shared_tiny().encode(texts, scratch, {v.data(), 19}, {}, {}, none.report()) == errc::bad_argument);
  CHECK(none.calls == 0);
}

TEST_SUITE_END();

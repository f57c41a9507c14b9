// SPDX-License-Identifier: MIT
// Work cut by rows: the bits of the plain call from any number of tasks at once, in any order; and what goes wrong.

#include "fewfit/plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "support/call_faults.hpp"
#include "support/many_texts.hpp"
#include "support/reference.hpp"

using fewfit::cut;
using fewfit::errc;
using fewfit::plan;
using fewfit::prediction;
using support::many_texts;
using support::same;
using support::tiny_loaded;
using texts_view = fewfit::span<const std::string_view>;

namespace {

/// A tiny model that looks at 150 tokens: more than a micro-batch has rows.
support::tiny_parts long_parts(const support::tiny_options& o = {}) {
  support::tiny_parts p = support::tiny_model(o);
  p.P = 160, p.M = 150;
  make_tiny_weights(p, 5);
  return p;
}

const fewfit::model& long_model() {
  static const tiny_loaded m(long_parts());
  return *m;
}

/// Texts of so many tokens, special ones included.
std::string text_of(std::size_t tokens) {
  const char* const words[] = {"good ", "day ", "not ", "a ", "! ", "bad "};
  std::string text;
  for (std::size_t i = 2; i < tokens; ++i) text += words[(i * i + tokens) % 6];
  return text;
}

/// Runs each stage's tasks in an order from a seed, on so many threads.
void run_in_any_order(plan& p, std::uint32_t seed, std::size_t threads) {
  std::mt19937 random(seed);
  for (std::size_t stage = 0; stage < p.stages(); ++stage) {
    std::vector<std::size_t> order(p.tasks(stage));
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i; (i = next++) < order.size();) p.run(stage, order[i]);
    };
    std::vector<std::thread> others;
    for (std::size_t t = 1; t < threads && t < order.size(); ++t) others.emplace_back(work);
    work();
    for (std::thread& t : others) t.join();
  }
}

/// All three goals, cut by rows, against the plain calls.
void check_texts(const fewfit::model& m, texts_view texts, fewfit::workspace& scratch, std::size_t threads,
                 std::uint32_t seed) {
  std::vector<float> v(texts.size * m.config().sentence_size);
  std::vector<double> p(texts.size * m.labels().size);
  std::vector<prediction> a(texts.size);
  std::vector<fewfit::text_info> info(texts.size);
  const auto run = [&](plan work) {
    run_in_any_order(work, seed, threads);
    return work.status();
  };
  CHECK(run(plan::encode(m, texts, scratch, v, info, cut::rows)) == errc::none);
  CHECK(run(plan::predict_proba(m, texts, scratch, p, info, cut::rows)) == errc::none);
  CHECK(run(plan::predict(m, texts, scratch, a, cut::rows)) == errc::none);
  CHECK(v == m.encode(texts).value());
  CHECK(p == m.predict_proba(texts).value());
  CHECK(same(a, m.predict(texts)));
  for (std::size_t i = 0; i < texts.size; ++i) {
    CHECK(info[i].tokens == a[i].tokens);
    CHECK(info[i].truncated == a[i].truncated);
  }
}

std::size_t tasks_of(const plan& p) {
  std::size_t sum = 0;
  for (std::size_t stage = 0; stage < p.stages(); ++stage) sum += p.tasks(stage);
  return sum;
}

}  // namespace

TEST_SUITE_BEGIN("plan_rows");

TEST_CASE("ranges: every row once, 32 in a task at most, and as many tasks for each thread") {
  for (std::size_t width = 1; width < 10; ++width) {
    std::size_t before = 0;
    for (std::size_t rows = 0; rows < 300; ++rows) {
      const std::size_t tasks = fewfit::detail::row_tasks(rows, width);
      REQUIRE(tasks >= before);
      before = tasks;
      REQUIRE((tasks % width == 0 || tasks == (rows + 7) / 8));
      std::size_t end = 0;
      for (std::size_t task = 0; task < tasks; ++task) {
        const fewfit::row_range r = fewfit::detail::rows_of_task(rows, width, task);
        REQUIRE(r.begin == end);
        REQUIRE(r.size() <= 32);
        if (width == 1) REQUIRE((rows < 16 * tasks || r.begin % 8 == 0));
        if (width > 1) REQUIRE((r.size() == rows / tasks || r.size() == rows / tasks + 1));
        end = r.end;
      }
      REQUIRE(end == rows);
      for (const std::size_t none : {tasks, tasks + 1, ~std::size_t{0}})
        REQUIRE(fewfit::detail::rows_of_task(rows, width, none).size() == 0);
    }
  }
}

TEST_CASE("stages: tokens, embeddings, two layers and answers of a group, then the next; one task hands over") {
  fewfit::workspace one, three(3);
  const std::string longest = text_of(128), middling = text_of(6);
  const std::vector<std::string_view> single = {longest}, several(40, middling);
  std::vector<prediction> out(40);
  const plan p = plan::predict(long_model(), single, one, {out.data(), 1}, cut::rows);
  REQUIRE(p.stages() == 6);
  for (const std::size_t stage : {1u, 2u, 3u}) CHECK(p.tasks(stage) == 5);  // it may have 150 tokens
  for (const std::size_t stage : {0u, 4u, 5u}) CHECK(p.tasks(stage) == 1);
  CHECK(plan::predict(long_model(), single, three, {out.data(), 1}, cut::rows).tasks(1) == 6);
  // Five or so bytes a word: at most 24 tokens in the memory's 150 rows, so 6 texts a group.
  const plan q = plan::predict(long_model(), several, one, out, cut::rows);
  const std::size_t group = 150 / (middling.size() + 2);
  CHECK(q.stages() == (40 + group - 1) / group * 5 + 1);
  CHECK(plan::predict(long_model(), {}, one, {}, cut::rows).stages() == 1);
  CHECK(plan::predict(long_model(), {}, one, {}, cut::rows).run_all() == errc::none);
}

TEST_CASE("one text of any length, by one, two, three and eight tasks at once: the bits of the plain call") {
  for (const std::size_t threads : {1u, 2u, 3u, 8u}) {
    fewfit::workspace scratch(threads);
    for (const std::size_t tokens : {2u, 3u, 8u, 9u, 24u, 31u, 33u, 64u, 100u, 128u, 149u, 150u, 151u, 400u}) {
      const std::string text = text_of(tokens);
      const std::string_view view = text;
      REQUIRE(long_model().predict(text).tokens == std::min<std::size_t>(tokens, 150));
      check_texts(long_model(), {&view, 1}, scratch, threads, static_cast<std::uint32_t>(tokens));
    }
  }
}

TEST_CASE("many texts, some empty, some cut off, among shorter and longer ones") {
  std::vector<std::string> storage;
  for (std::size_t i = 0; i < 60; ++i) storage.push_back(text_of(2 + (i * 37) % 90));
  storage[7] = text_of(500), storage[20] = "", storage[59] = "";
  const std::vector<std::string_view> ragged(storage.begin(), storage.end());
  for (const std::size_t threads : {1u, 2u, 8u}) {
    fewfit::workspace scratch(threads);
    check_texts(long_model(), many_texts(), scratch, threads, 1);
    check_texts(long_model(), ragged, scratch, threads, 2);
    check_texts(long_model(), {}, scratch, threads, 3);
  }
}

TEST_CASE("odd widths, one layer, other poolings, every type of weights and every set of kernels") {
  support::tiny_options wide, shallow;
  wide.D = 64, wide.H = 4, wide.F = 200, wide.pooling = 3, wide.normalize = 1, wide.L = 3;
  shallow.D = 5, shallow.H = 1, shallow.F = 7, shallow.L = 1, shallow.pooling = 2;
  std::vector<support::tiny_parts> all = {long_parts(wide), long_parts(shallow)};
  for (const auto type : {fewfit::number_type::f16, fewfit::number_type::bf16, fewfit::number_type::i8}) {
    all.push_back(long_parts(wide)), all.back().linear_type = type;
    all.push_back(long_parts(shallow)), all.back().linear_type = type;
  }
  const std::string text = text_of(77);
  const std::vector<std::string_view> texts = {text, "good day", "", "not bad"};
  for (const support::tiny_parts& p : all)
    for (const fewfit::kernel_table& k : support::all_kernels()) {
      fewfit::load_options o;
      o.kernels = k.name;
      const tiny_loaded m(p, o);
      fewfit::workspace scratch(2);
      check_texts(*m, texts, scratch, 2, 4);
      check_texts(*m, {texts.data(), 1}, scratch, 2, 5);
    }
}

TEST_CASE("unasked, one text is cut by rows if it may have 24 tokens and there are several arenas") {
  fewfit::workspace one, two(2);
  const std::string short_text(21, 'a'), longer(22, 'a');
  const std::vector<std::string_view> texts = {longer, longer};
  prediction out[2];
  const auto stages = [&](std::string_view text, fewfit::workspace& scratch) {
    return plan::predict(long_model(), {&text, 1}, scratch, {out, 1}).stages();
  };
  CHECK(stages(short_text, two) == 2);
  CHECK(stages(longer, two) == 6);
  CHECK(stages(longer, one) == 2);
  CHECK(plan::predict(long_model(), texts, two, out).stages() == 2);
  CHECK(plan::predict(long_model(), {texts.data(), 1}, two, {out, 1}, cut::texts).stages() == 2);
}

TEST_CASE("a call with an executor lets it have one text's rows, one without does not") {
  std::size_t seen = 0;
  const fewfit::executor counting = {
      [](void* user, std::size_t tasks, void (*task)(void*, std::size_t), void* context) {
        *static_cast<std::size_t*>(user) += tasks;
        for (std::size_t i = tasks; i > 0; --i) task(context, i - 1);
      },
      &seen};
  const std::string text = text_of(128);
  const std::string_view view = text;
  fewfit::workspace scratch(2);
  std::vector<float> v(20);
  CHECK(long_model().encode({&view, 1}, scratch, v, {}, counting) == errc::none);
  CHECK(v == long_model().encode(text).value());
  CHECK(seen == 3 * 6);  // it may have 150 tokens
  prediction answer;
  CHECK(long_model().predict({&view, 1}, scratch, {&answer, 1}, counting) == errc::none);
  CHECK(same(answer, long_model().predict(text)));
  CHECK(same(answer, long_model().predict(text, scratch)));
}

TEST_CASE("a text that cannot be read gets its status, and its neighbours their answers") {
  const std::vector<std::string_view> texts = {"good", support::endless_text(), "bad day", "not good"};
  fewfit::workspace scratch(2);
  std::vector<prediction> out(4);
  plan p = plan::predict(long_model(), texts, scratch, out, cut::rows);
  run_in_any_order(p, 1, 2);
  CHECK(p.status() == errc::none);
  for (const std::size_t i : {0u, 2u, 3u}) CHECK(same(out[i], long_model().predict(texts[i])));
  CHECK(out[1].status == errc::text_too_long);
  CHECK(out[1].tokens == 0);
  std::vector<float> v(4 * 20, 5.0f);
  CHECK(plan::encode(long_model(), texts, scratch, v, {}, cut::rows).run_all() == errc::text_too_long);
  CHECK(v == std::vector<float>(4 * 20, 5.0f));
}

TEST_CASE("numbers that overflow are reported, and vectors are not written") {
  support::tiny_parts parts = support::overflowing_model();
  const tiny_loaded m(parts);
  const texts_view texts(many_texts());
  fewfit::workspace scratch(2);
  std::vector<float> v(texts.size * 20, 5.0f);
  std::vector<prediction> a(texts.size);
  plan p = plan::encode(*m, texts, scratch, v, {}, cut::rows);
  run_in_any_order(p, 1, 2);
  CHECK(p.status() == errc::non_finite_output);
  CHECK(v == std::vector<float>(texts.size * 20, 5.0f));
  CHECK(plan::predict(*m, texts, scratch, a, cut::rows).run_all() == errc::none);
  CHECK(same(a, m->predict(texts)));
  CHECK(a[3].status == errc::non_finite_output);
}

TEST_CASE("cancelled before any stage and between tasks: nothing is written, and the workspace serves again") {
  const texts_view texts(many_texts().data(), 30);
  fewfit::workspace scratch;
  const std::vector<float> pattern(texts.size * 20, 5.0f);
  std::vector<prediction> answers(texts.size);
  const std::size_t all = tasks_of(plan::predict(long_model(), texts, scratch, answers, cut::rows));
  for (std::size_t after = 0; after < all; ++after) {
    std::vector<float> v = pattern;
    plan p = plan::encode(long_model(), texts, scratch, v, {}, cut::rows);
    std::size_t done = 0;
    for (std::size_t stage = 0; stage < p.stages(); ++stage)
      for (std::size_t task = 0; task < p.tasks(stage); ++task, ++done) {
        if (done == after) p.cancel();
        p.run(stage, task);
      }
    CHECK(p.status() == errc::cancelled);
    CHECK(v == pattern);
  }
  check_texts(long_model(), texts, scratch, 1, 1);
}

TEST_CASE("stages that are run too early, or that there are not, find nothing to do") {
  const std::string text = text_of(100);
  const std::string_view view = text;
  fewfit::workspace scratch(2);
  std::vector<float> v(20);
  for (int round = 0; round < 2; ++round) {
    plan p = plan::encode(long_model(), {&view, 1}, scratch, v);
    for (std::size_t stage = p.stages() - 1; stage-- > 1;)
      for (std::size_t task = 0; task < p.tasks(stage) + 2; ++task) p.run(stage, task);
    CHECK(p.run_all() == errc::none);
    CHECK(v == long_model().encode(text).value());
  }
}

TEST_CASE("memory: exactly workspace_bytes() at any address, however many tokens a text might have had") {
  const std::string text = text_of(40) + std::string(5000, ' ');
  const std::string_view view = text;
  const auto expected = long_model().encode(text).value();
  for (const std::size_t width : {1u, 2u, 3u, 8u})
    for (const std::size_t tokens : {40u, 39u}) {
      const std::size_t bytes = long_model().workspace_bytes(tokens, width, 1, cut::rows);
      const support::aligned_bytes memory(std::string(bytes, '\xAB'), 1);
      fewfit::workspace scratch(memory.data(), bytes, width);
      std::vector<float> v(20, 5.0f);
      plan p = plan::encode(long_model(), {&view, 1}, scratch, v, {}, cut::rows);
      run_in_any_order(p, 1, width);
      // Where the other cut would take more memory, there is room for more tokens by rows.
      if (tokens == 40 || p.status() == errc::none) {
        CHECK(p.status() == errc::none);
        CHECK(v == expected);
      } else {
        CHECK(p.status() == errc::workspace_too_small);
        CHECK(v == std::vector<float>(20, 5.0f));
      }
      if (width == 1) CHECK((p.status() == errc::none) == (tokens == 40));
    }
}

TEST_CASE("memory: a workspace of several arenas is for both cuts; one of a single arena grows when rows are asked") {
  const texts_view texts(many_texts());
  const std::string text = text_of(128);
  const std::string_view view = text;
  std::vector<prediction> out(texts.size);
  for (const bool rows_first : {false, true}) {
    support::counting_memory memory;
    fewfit::workspace scratch(2, memory.allocator());
    const auto both = [&](bool rows) {
      if (rows) CHECK(plan::predict(long_model(), {&view, 1}, scratch, {out.data(), 1}).run_all() == errc::none);
      if (!rows) CHECK(plan::predict(long_model(), {&view, 1}, scratch, {out.data(), 1}, cut::texts).run_all() ==
                       errc::none);
    };
    both(rows_first);
    const std::size_t calls = memory.calls;
    both(!rows_first);
    CHECK(plan::predict(long_model(), {texts.data, 16}, scratch, {out.data(), 16}).run_all() == errc::none);
    CHECK(memory.calls == calls);
  }
  support::counting_memory memory;
  fewfit::workspace scratch(1, memory.allocator());
  (void)long_model().predict(text, scratch);
  const std::size_t calls = memory.calls, bytes = scratch.bytes();
  CHECK(bytes <= long_model().workspace_bytes(150, 1, 16));
  for (int i = 0; i < 3; ++i)
    CHECK(plan::predict(long_model(), {&view, 1}, scratch, {out.data(), 1}, cut::rows).run_all() == errc::none);
  CHECK(memory.calls == calls + 1);
  CHECK(scratch.bytes() > bytes);
  CHECK(scratch.bytes() <= long_model().workspace_bytes(150, 1, 16, cut::rows));
}

TEST_CASE("memory: workspace_bytes() takes the larger where a call may choose") {
  const fewfit::model& m = long_model();
  for (const std::size_t width : {1u, 2u, 5u}) {
    const std::size_t texts = m.workspace_bytes(128, width, 1, cut::texts);
    const std::size_t rows = m.workspace_bytes(128, width, 1, cut::rows);
    CHECK(m.workspace_bytes(128, width, 1) == (width == 1 ? texts : rows));
    CHECK(rows >= texts);
  }
  CHECK(m.workspace_bytes(128, 1, 1, cut::rows) > m.workspace_bytes(128, 1, 1));
}

TEST_SUITE_END();

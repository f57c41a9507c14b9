// SPDX-License-Identifier: MIT
// After the first call with a workspace nothing allocates: not operator new, not malloc behind Eigen's back, not the
// caller's allocator. A program of its own, because it replaces operator new and compiles Eigen another way.

#include <atomic>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "support/stop.hpp"

// Eigen asserts where it allocates although that is forbidden; here the assertion throws, in every kind of build.
#define EIGEN_RUNTIME_NO_MALLOC
#define eigen_assert(condition) \
  if (!(condition)) support::stop(std::logic_error(#condition))
#include <Eigen/Core>

#include <doctest/doctest.h>

#include "support/call_faults.hpp"
#include "support/many_texts.hpp"
#include "support/tiny_head.hpp"

#if !defined(FEWFIT_MODEL)
#define FEWFIT_MODEL ""
#endif

namespace {

std::atomic<std::size_t> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) noexcept {
  ++allocations;
  return std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
}

// Not inlined: g++ would see free() meet operator new, and warn of what is meant.
[[gnu::noinline]] void give_back(void* p) noexcept { std::free(p); }

void* counted_or_throw(std::size_t bytes, std::size_t alignment) {
  void* p = counted(bytes, alignment);
  if (p == nullptr) support::stop(std::bad_alloc());
  return p;
}

}  // namespace

void* operator new(std::size_t n) { return counted_or_throw(n, 16); }
void* operator new[](std::size_t n) { return counted_or_throw(n, 16); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return counted(n, 16); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return counted(n, 16); }
void* operator new(std::size_t n, std::align_val_t a) { return counted_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new[](std::size_t n, std::align_val_t a) { return counted_or_throw(n, static_cast<std::size_t>(a)); }
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return counted(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return counted(n, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { give_back(p); }
void operator delete[](void* p) noexcept { give_back(p); }
void operator delete(void* p, std::size_t) noexcept { give_back(p); }
void operator delete[](void* p, std::size_t) noexcept { give_back(p); }
void operator delete(void* p, std::align_val_t) noexcept { give_back(p); }
void operator delete[](void* p, std::align_val_t) noexcept { give_back(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { give_back(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { give_back(p); }

namespace {

using texts_view = fewfit::span<const std::string_view>;

/// Allocations of operator new while `call` runs, Eigen's forbidden.
template <class Call>
std::size_t allocations_of(const Call& call) {
  const std::size_t before = allocations;
  Eigen::internal::set_is_malloc_allowed(false);
  call();
  Eigen::internal::set_is_malloc_allowed(true);
  return allocations - before;
}

struct buffers {
  std::vector<fewfit::prediction> answers;
  std::vector<double> probabilities;
  std::vector<float> vectors;
  std::vector<fewfit::text_info> info;
  std::vector<fewfit::word_evidence> words;

  buffers(const fewfit::model& m, std::size_t n)
      : answers(n),
        probabilities(n * m.labels().size),
        vectors(n * m.config().sentence_size),
        info(n),
        words(m.config().max_length) {}
};

/// Every form that takes a workspace, once.
void all_calls(const fewfit::model& m, texts_view texts, fewfit::workspace& scratch, buffers& out) {
  if (m.predict(texts, scratch, out.answers) != fewfit::errc::none) std::abort();
  if (m.predict_proba(texts, scratch, out.probabilities, out.info) != fewfit::errc::none) std::abort();
  if (m.encode(texts, scratch, out.vectors, out.info) != fewfit::errc::none) std::abort();
  std::uint32_t ids[12];
  fewfit::byte_range offsets[12];
  for (const std::string_view text : texts) {
    out.answers[0] = m.predict(text, scratch);
    if (m.explain(text, scratch, out.words).status != fewfit::errc::none) std::abort();
    if (m.tokenize(text, scratch, ids, out.info[0], offsets) != fewfit::errc::none) std::abort();
  }
}

void check_all(const fewfit::model& m, texts_view texts) {
  support::counting_memory memory;
  fewfit::workspace scratch(1, memory.allocator()), standard;
  buffers out(m, texts.size);
  all_calls(m, texts, scratch, out);
  all_calls(m, texts, standard, out);
  const std::size_t calls = memory.calls;
  CHECK(allocations_of([&] { all_calls(m, texts, scratch, out); }) == 0);
  CHECK(memory.calls == calls);
  CHECK(allocations_of([&] { all_calls(m, texts, standard, out); }) == 0);
  CHECK(allocations_of([&] { out.answers[0] = m.predict(texts[0], standard); }) == 0);  // fewer texts need no more
}

}  // namespace

TEST_SUITE_BEGIN("allocations");

TEST_CASE("the counting counts, and Eigen's allocations are noticed") {
  CHECK(allocations_of([] { std::vector<int> v(100); }) == 1);
  CHECK(allocations_of([] {
          ::operator delete (::operator new (5, std::align_val_t{64}, std::nothrow), std::align_val_t{64});
        }) == 1);
  Eigen::internal::set_is_malloc_allowed(false);
  CHECK_THROWS_AS(Eigen::VectorXf::Zero(1000).eval(), std::logic_error);
  Eigen::internal::set_is_malloc_allowed(true);
}

TEST_CASE("nothing allocates after the first call with a workspace") {
  support::tiny_options largest_of_rows;  // words are left out one by one to explain a text
  largest_of_rows.pooling = 3;
  for (const support::tiny_parts& parts : {support::tiny(), support::tiny_model(largest_of_rows)}) {
    const support::tiny_loaded m(parts);
    check_all(*m, texts_view(support::many_texts()));
  }
}

TEST_CASE("nor does explaining what another head says, with up to 64 labels") {
  const support::tiny_loaded m(support::tiny());
  support::tiny_parts p = support::other_head();
  p.labels.clear();
  for (int k = 0; k < 64; ++k) p.labels.push_back("label " + std::to_string(k));
  p.intercept.assign(64, 0.1), p.coefficients.assign(64 * 20, 0.5);
  const support::aligned_bytes bytes(support::tiny_head(p).bytes());
  const auto head = fewfit::head::from_memory(bytes.data(), bytes.size(), *m);
  REQUIRE(head);
  std::vector<unsigned char> memory(m->workspace_bytes(12));
  fewfit::workspace scratch;
  std::vector<fewfit::word_evidence> out(12);
  const auto explain_all = [&] {
    for (const std::string_view text : support::many_texts())
      for (const auto how : {fewfit::evidence_kind::automatic, fewfit::evidence_kind::occlusion})
        if (m->explain(text, scratch, out, 63, how, &*head).status != fewfit::errc::none) std::abort();
  };
  explain_all();
  CHECK(allocations_of(explain_all) == 0);
  CHECK(allocations_of([&] {
          scratch = fewfit::workspace(memory.data(), memory.size());
          explain_all();
        }) == 0);
}

TEST_CASE("in the caller's memory not even the first call allocates") {
  const support::tiny_loaded m(support::tiny());
  const texts_view texts(support::many_texts());
  std::vector<unsigned char> memory(m->workspace_bytes(12, 1, texts.size));
  buffers out(*m, texts.size);
  CHECK(allocations_of([&] {
          fewfit::workspace scratch(memory.data(), memory.size());
          all_calls(*m, texts, scratch, out);
        }) == 0);
}

TEST_CASE("loading in place takes three allocations, and refusing takes at most as many") {
  const support::aligned_bytes good(support::tiny_bytes());
  std::string spoilt = support::tiny_bytes();
  spoilt[100] = static_cast<char>(spoilt[100] ^ 1);
  const support::aligned_bytes bad(spoilt);
  bool loaded = false, refused = false;
  CHECK(allocations_of([&] { loaded = static_cast<bool>(fewfit::model::from_memory(good.data(), good.size())); }) ==
        3);
  CHECK(allocations_of([&] { refused = !fewfit::model::from_memory(bad.data(), bad.size()); }) == 0);
  CHECK(loaded);
  CHECK(refused);
}

TEST_CASE("a plan allocates nothing, on any thread") {
  const support::tiny_loaded m(support::tiny());
  const texts_view texts(support::many_texts());
  fewfit::workspace scratch(2);
  buffers out(*m, texts.size);
  for (const fewfit::cut how : {fewfit::cut::texts, fewfit::cut::rows}) {
    const auto run = [&] {
      fewfit::plan p = fewfit::plan::encode(*m, texts, scratch, out.vectors, {}, how);
      for (std::size_t stage = 0; stage < p.stages(); ++stage)
        for (std::size_t task = 0; task < p.tasks(stage); ++task) p.run(stage, task);
      if (p.status() != fewfit::errc::none) std::abort();
    };
    run();
    CHECK(allocations_of(run) == 0);
  }
}

TEST_CASE("a long text allocates nothing, however long it is, and neither does a listener") {
  const support::tiny_loaded m(support::tiny());
  std::string text, longer;
  while (text.size() < 2000) text += "good day, not bad! ";  // more windows than go through the model at once
  while (longer.size() < 300000) longer += text;
  for (const fewfit::reduce how : {fewfit::reduce::first, fewfit::reduce::mean_vector, fewfit::reduce::top_mean}) {
    support::counting_memory memory;
    fewfit::workspace scratch(1, memory.allocator());
    fewfit::long_text_options options;
    options.how = how, options.overlap = 2;
    fewfit::long_text_reader reader(*m, options);
    if (reader.predict(text, scratch).status != fewfit::errc::none) std::abort();
    const std::size_t calls = memory.calls;
    std::size_t windows = 0;
    CHECK(allocations_of([&] { windows = reader.predict(longer, scratch).windows; }) == 0);
    CHECK(memory.calls == calls);
    CHECK(windows > (how == fewfit::reduce::first ? 0 : 5000));
  }
  const texts_view texts(support::many_texts());
  fewfit::workspace scratch;
  buffers out(*m, texts.size);
  std::size_t last = 0;
  const fewfit::progress report = {[](void* user, std::size_t done, std::size_t) {
                                     *static_cast<std::size_t*>(user) = done;
                                     return true;
                                   },
                                   &last};
  const auto call = [&] { return m->predict(texts, scratch, out.answers, {}, report); };
  if (call() != fewfit::errc::none) std::abort();
  CHECK(allocations_of(call) == 0);
  CHECK(last == texts.size);
}

TEST_CASE("nor does the demonstration model") {
  if (FEWFIT_MODEL[0] == '\0') return;
  const auto m = fewfit::model::load(FEWFIT_MODEL);
  REQUIRE(m);
  std::string text = "\xD0\xBC\xD0\xB8\xD1\x80 and a good day, 1999! ";
  const std::string longer = text + text + text + text + text + text + text + text + text;
  const std::vector<std::string_view> some = {text, longer, "", "\xE4\xB8\xAD\xE6\x96\x87 [MASK]",
                                              "e\xCC\x81t\xC3\xA9"};
  check_all(*m, texts_view(some));
}

TEST_SUITE_END();

// SPDX-License-Identifier: MIT
// One model for many threads, models that come and go, threads with small stacks, a child of fork(): always the bits
// of one thread. ThreadSanitizer runs this file, too.

#include <doctest/doctest.h>

#include <atomic>
#include <climits>
#include <cstdio>
#include <functional>
#include <thread>

#include "fewfit/thread_pool.hpp"
#include "support/call_faults.hpp"
#include "support/many_texts.hpp"
#include "support/taught_texts.hpp"
#include "support/temporary.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#define FEWFIT_POSIX_THREADS 1
#else
#define FEWFIT_POSIX_THREADS 0
#endif

// AddressSanitizer puts a margin around each variable, and is slow.
#if defined(__SANITIZE_ADDRESS__)
#define FEWFIT_WIDE_FRAMES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FEWFIT_WIDE_FRAMES 1
#endif
#endif
#if !defined(FEWFIT_WIDE_FRAMES)
#define FEWFIT_WIDE_FRAMES 0
#endif

using fewfit::errc;
using fewfit::prediction;
using support::many_texts;
using support::same;
using support::shared_tiny;

namespace {

using thread_body = std::function<void(std::size_t)>;

void on_threads(std::size_t count, const thread_body& run) {
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < count; ++t) threads.emplace_back([&run, t] { run(t); });
  for (std::thread& t : threads) t.join();
}

/// Asks a model `rounds` times on each of eight threads, each beginning at another text; returns how many answers
/// were not those of one thread.
std::size_t differing_answers(const fewfit::model& m, const std::vector<std::string_view>& texts,
                              std::size_t rounds) {
  const std::vector<prediction> expected = m.predict(texts);
  std::atomic<std::size_t> differing{0};
  on_threads(8, [&](std::size_t t) {
    fewfit::workspace scratch;
    std::size_t wrong = 0;
    for (std::size_t round = 0; round < rounds; ++round) {
      const std::size_t i = (t * 31 + round) % texts.size();
      if (!same(m.predict(texts[i], scratch), expected[i])) ++wrong;
    }
    differing += wrong;
  });
  return differing;
}

/// Texts for the demonstration model, of 2 to 60 tokens.
std::vector<std::string_view> spoken_texts() {
  static const std::string long_text =
      "We doubled our revenue in a year, and then nobody knew why; so we asked our customers, and they told us that "
      "\xD0\xBC\xD0\xB8\xD1\x80 was what they had bought, e\xCC\x81t\xC3\xA9 was when they did, and 1999 was what it "
      "cost.";
  return {"Good morning!", long_text, "", "[MASK] \xE4\xB8\xAD\xE6\x96\x87",
          std::string_view(long_text).substr(0, 60)};
}

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("eight threads, 160000 predictions: the answers of one thread") {
  CHECK(differing_answers(shared_tiny(), many_texts(), FEWFIT_WIDE_FRAMES ? 2000 : 20000) == 0);
}

TEST_CASE("eight threads ask the demonstration model") {
  if (FEWFIT_MODEL[0] == '\0') return;
  const auto m = fewfit::model::load(FEWFIT_MODEL);
  REQUIRE(m);
  CHECK(differing_answers(*m, spoken_texts(), FEWFIT_WIDE_FRAMES ? 10 : 100) == 0);
}

TEST_CASE("eight threads teach, and ask heads that one of them has taught") {
  const support::taught_texts& l = support::lessons();
  const auto taught = [&] { return support::taught_body()->teach(l.some(0, 30), l.labels_of(0, 30)); };
  const fewfit::head head = std::move(*taught());
  const std::string file = support::file_of(head);
  const std::vector<float> vectors = support::taught_body()->encode(l.texts).value();
  std::vector<prediction> expected(l.texts.size());
  REQUIRE(head.predict(vectors, expected) == errc::none);
  std::atomic<int> wrong{0};
  on_threads(8, [&](std::size_t) {
    std::vector<prediction> answers(expected.size());
    for (int round = 0; round < 5; ++round) {
      const auto own = taught();
      if (!own || support::file_of(*own) != file) ++wrong;
      if (head.predict(vectors, answers) != errc::none || !same(answers, expected)) ++wrong;
      const auto more = support::taught_body()->teach(l.some(30, 2), l.labels_of(30, 2), head);
      if (!more || more->examples() != 32) ++wrong;
    }
  });
  CHECK(wrong == 0);
}

TEST_CASE(
    "a thousand models are loaded, asked and let go on eight threads: one file, files of their own, one memory") {
  const support::temporary_folder folder;
  const std::string shared = folder.file("shared", support::tiny_bytes());
  const support::aligned_bytes bytes(support::tiny_bytes());
  const prediction expected = shared_tiny().predict("good day");
  std::atomic<int> wrong{0}, loaded{0};
  on_threads(8, [&](std::size_t t) {
    const std::string own = folder.file("own" + std::to_string(t), support::tiny_bytes());
    for (int round = 0; round < 125; ++round) {
      const auto m = round % 4 == 0   ? fewfit::model::load(shared)
                     : round % 4 == 1 ? fewfit::model::load(own)
                     : round % 4 == 2 ? fewfit::model::load_copy(shared)
                                      : fewfit::model::from_memory(bytes.data(), bytes.size());
      loaded += m ? 1 : 0;
      // A label lies in its model, so it is compared while there is one.
      if (!m || !same(m->predict("good day"), expected)) ++wrong;
    }
  });
  CHECK(loaded == 1000);
  CHECK(wrong == 0);
}

#if FEWFIT_POSIX_THREADS

namespace {

/// Runs on a thread with a stack of 64 KB; false where there is no such thread.
bool on_small_stack(const thread_body& run) {
  pthread_attr_t attributes;
  pthread_t thread;
  if (pthread_attr_init(&attributes) != 0) return false;
  const auto start = [](void* what) -> void* { return (*static_cast<const thread_body*>(what))(0), nullptr; };
  void* const argument = const_cast<thread_body*>(&run);
  const auto least = static_cast<std::size_t>(PTHREAD_STACK_MIN);  // more than 64 KB on some machines
  const std::size_t size = FEWFIT_WIDE_FRAMES ? std::size_t{1} << 19 : std::size_t{1} << 16;
  const bool started = pthread_attr_setstacksize(&attributes, size > least ? size : least) == 0 &&
                       pthread_create(&thread, &attributes, start, argument) == 0;
  pthread_attr_destroy(&attributes);
  return started && pthread_join(thread, nullptr) == 0;
}

/// What a model is asked in a child of this process: whether all answers are the expected ones.
bool child_says(const std::function<bool()>& ask) {
  std::fflush(nullptr);  // or the child might print again what has been said
  const pid_t child = fork();
  if (child == 0) {
    alarm(120);  // whoever waits for it is not to wait for ever
    _exit(ask() ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Loads the file, asks all that can be asked of it, and teaches it something; returns what went wrong.
int everything(const std::string& path, const std::vector<std::string_view>& texts) {
  int wrong = 0;
  const auto m = fewfit::model::load(path);
  const auto copy = fewfit::model::load_copy(path);
  if (!m || !copy) return 1;
  fewfit::workspace scratch;
  std::vector<prediction> answers(texts.size());
  std::vector<fewfit::word_evidence> words(m->config().max_length);
  std::vector<std::uint32_t> ids(m->config().max_length);
  std::vector<fewfit::byte_range> offsets(ids.size());
  fewfit::text_info info;
  wrong += m->predict(texts, scratch, answers) != errc::none;
  for (const std::string_view text : texts) {
    wrong += m->tokenize(text, scratch, ids, info, offsets) != errc::none;
    for (const auto how : {fewfit::evidence_kind::automatic, fewfit::evidence_kind::occlusion})
      wrong += m->explain(text, scratch, words, fewfit::predicted_label, how).status != errc::none;
  }
  fewfit::teach_options options;
  options.leave_one_out = true, options.most_errors = 0.1;
  const std::string_view lessons[] = {"good", "good day", "very good", "bad", "not bad", "bad day"};
  const std::string_view labels[] = {"a", "a", "a", "b", "b", "b"};
  const auto head = m->teach(lessons, labels, options);
  wrong += !head || !m->forget(*head, 1, options) || !m->relabel(*head, 2, "b");
  wrong += !same(copy->predict(texts), answers);
  return wrong;
}

}  // namespace

TEST_CASE("a stack of 64 KB is enough for everything") {
  const support::temporary_folder folder;
  const std::string tiny = folder.file("tiny", support::tiny_bytes());
  int wrong = 1;
  REQUIRE(on_small_stack([&](std::size_t) { wrong = everything(tiny, many_texts()); }));
  CHECK(wrong == 0);
  if (FEWFIT_MODEL[0] == '\0') return;
  wrong = 1;
  REQUIRE(on_small_stack([&](std::size_t) { wrong = everything(FEWFIT_MODEL, spoken_texts()); }));
  CHECK(wrong == 0);
}

TEST_CASE("the child of a fork goes on asking the mapped model, whatever other threads were at") {
  const support::temporary_folder folder;
  const auto m = fewfit::model::load(folder.file("tiny", support::tiny_bytes()));
  REQUIRE(m);
  const std::vector<prediction> expected = m->predict(many_texts());
  fewfit::workspace scratch;
  CHECK(same(m->predict("good day", scratch), m->predict("good day")));
  const auto ask = [&] {
    for (std::size_t i = 0; i < expected.size(); ++i)
      if (!same(m->predict(many_texts()[i], scratch), expected[i])) return false;
    return same(m->predict(many_texts()), expected);
  };
  CHECK(child_says(ask));
  CHECK(!child_says([&] { return !ask(); }));
  std::atomic<bool> enough{false}, warm{false};
  std::thread busy([&] {
    fewfit::workspace own;
    for (; !enough; warm = true) (void)m->predict("good day", own);
  });
  while (!warm) std::this_thread::yield();  // no thread may hold an allocator's lock while this process is doubled
  for (int i = 0; i < 10; ++i) CHECK(child_says(ask));
  enough = true;
  busy.join();
  CHECK(ask());
}

#endif

TEST_SUITE_END();

// SPDX-License-Identifier: MIT
// Whichever allocation is refused, the program's or the caller's, once or from then on: an error value, nothing lost,
// and the next answer has the bits it would have had. A program of its own, because it replaces operator new and
// malloc, and built twice: without exceptions an operator new that throws would end it.

#include "support/refusals.hpp"

#include <doctest/doctest.h>

#include <system_error>

#include "fewfit/long_text.hpp"
#include "fewfit/thread_pool.hpp"
#include "fewfit/wide_text.hpp"
#include "support/call_faults.hpp"
#include "support/taught_texts.hpp"
#include "support/temporary.hpp"

using fewfit::errc;
using fewfit::span;
using support::memory_watch;
using texts_view = span<const std::string_view>;

namespace {

template <class T>
void keep(T& place, fewfit::result<T>&& made) {
  place = std::move(made.value());
}

support::tiny_parts many_labels() {
  support::tiny_parts p = support::other_head(4);
  p.labels.clear();
  for (int k = 0; k < 100; ++k) p.labels.push_back("label " + std::to_string(k));
  p.intercept.assign(100, -1), p.coefficients.assign(100 * 20, 0.25), p.intercept[70] = 2;
  return p;
}

fewfit::teach_options all_of_it() {
  fewfit::teach_options o;
  o.leave_one_out = o.keep_texts = true, o.most_errors = 0.1;
  return o;
}

std::string text_of_windows() {
  std::string text;
  while (text.size() < 2000) text += "good day, not bad! ";
  return text;
}

/// All that a call needs, made while there is memory, and room for what it says.
struct world {
  fewfit::allocator memory;
  fewfit::load_options options;
  support::temporary_folder folder;
  support::aligned_bytes file{support::tiny_bytes()}, multi_file{support::tiny_file(many_labels()).bytes()},
      head_file{support::tiny_head(many_labels()).bytes()};
  std::string path = folder.file("tiny", support::tiny_bytes()), long_text = text_of_windows(), head_path;
  fewfit::model m, multi;
  fewfit::head known, many;
  fewfit::thread_pool pool{3};
  fewfit::long_text_reader reader;
  texts_view texts{support::many_texts().data(), 20};  // more than a task's, so that a workspace grows
  std::vector<fewfit::prediction> answers;
  std::vector<double> probabilities;
  std::vector<float> vectors, some_vectors;
  std::vector<std::uint8_t> decisions;
  std::vector<std::uint32_t> ids;
  std::vector<fewfit::byte_range> offsets;
  std::vector<fewfit::word_evidence> words;
  std::vector<unsigned char> said;
  std::size_t said_bytes = 0;

  explicit world(fewfit::allocator a)
      : memory(a),
        m((options.allocator = a, fewfit::model::load(path, options).value())),
        multi(fewfit::model::from_memory(multi_file.data(), multi_file.size(), options).value()),
        known(m.teach(support::lessons().some(0, 8), support::lessons().labels_of(0, 8), all_of_it()).value()),
        many(fewfit::head::from_memory(head_file.data(), head_file.size(), m, options).value()),
        reader(m),
        answers(20),
        probabilities(20 * 200),
        vectors(20 * 20),
        some_vectors(m.encode({"good day", "bad"}).value()),
        decisions(20 * 100),
        ids(12),
        offsets(12),
        words(12),
        said(1u << 20) {
    head_path = folder.file("head", support::file_of(known));
  }

  errc say(errc e) { return e; }
  template <class T, class... Rest>
  errc say(errc e, span<const T> what, const Rest&... rest) {
    if (e != errc::none) return e;
    if (what.size * sizeof(T) > said.size() - said_bytes) std::abort();
    if (what.size != 0) std::memcpy(said.data() + said_bytes, what.data, what.size * sizeof(T));
    said_bytes += what.size * sizeof(T);
    return say(e, rest...);
  }
  errc say(const fewfit::prediction& p) {
    return say(p.status, span<const double>(&p.probability, 1), span<const std::uint32_t>(&p.index, 1),
               span<const char>(p.label.data(), p.label.size()));
  }
  errc say_all(errc e) {
    for (const fewfit::prediction& p : answers)
      if (e == errc::none) e = say(p);
    return e;
  }
  errc say(const fewfit::result<fewfit::model>& loaded) {
    if (!loaded) return loaded.error().code;
    const std::size_t bytes = loaded->footprint().private_bytes;
    return say(errc::none, span<const std::size_t>(&bytes, 1));
  }
  errc say(const fewfit::result<fewfit::head>& made) {
    if (!made) return made.error().code;
    return say(errc::none, made->contents(), made->held_out());
  }
};

struct call {
  const char* name;
  errc (*run)(world&);
};

template <class T>
span<const T> all(const std::vector<T>& v) {
  return {v.data(), v.size()};
}

/// Calls that throw nothing, each with a workspace of its own, so that it is a first one.
const call calls[] = {
    {"load", [](world& w) { return w.say(fewfit::model::load(w.path, w.options)); }},
    {"load_copy", [](world& w) { return w.say(fewfit::model::load_copy(w.path, w.options)); }},
    {"from_memory",
     [](world& w) { return w.say(fewfit::model::from_memory(w.file.data(), w.file.size(), w.options)); }},
    {"head::load", [](world& w) { return w.say(fewfit::head::load(w.head_path, w.m, w.options)); }},
    {"head::from_memory",
     [](world& w) {
       return w.say(fewfit::head::from_memory(w.head_file.data(), w.head_file.size(), w.m, w.options));
     }},
    {"predict, easily", [](world& w) { return w.say(w.m.predict("good day")); }},
    {"predict, first",
     [](world& w) {
       fewfit::workspace scratch(1, w.memory);
       return w.say(w.m.predict("good day", scratch));
     }},
    {"predict, a batch behind one text",
     [](world& w) {
       fewfit::workspace scratch(1, w.memory);
       if (const errc e = w.say(w.m.predict("good day", scratch)); e != errc::none) return e;
       return w.say_all(w.m.predict(w.texts, scratch, w.answers));
     }},
    {"predict, on three threads",
     [](world& w) {
       fewfit::workspace scratch(3, w.memory);
       return w.say_all(w.m.predict(w.texts, scratch, w.answers, w.pool.executor()));
     }},
    {"predict_proba",
     [](world& w) {
       fewfit::workspace scratch(1, w.memory);
       const span<double> out(w.probabilities.data(), w.texts.size * w.m.probabilities_size());
       return w.say(w.m.predict_proba(w.texts, scratch, out), span<const double>(out.data, out.size));
     }},
    {"predict_multi",
     [](world& w) {
       fewfit::workspace scratch(1, w.memory);
       return w.say(w.multi.predict_multi(w.texts, scratch, w.decisions), all(w.decisions));
     }},
    {"encode",
     [](world& w) {
       fewfit::workspace scratch(1, w.memory);
       return w.say(w.m.encode(w.texts, scratch, w.vectors), all(w.vectors));
     }},
    {"a plan cut by rows",
     [](world& w) {
       fewfit::workspace scratch(3, w.memory);
       fewfit::plan p = fewfit::plan::encode(w.m, w.texts, scratch, w.vectors, {}, fewfit::cut::rows);
       return w.say(p.run_all(w.pool.executor()), all(w.vectors));
     }},
    {"a plan in steps",
     [](world& w) {
       fewfit::workspace scratch(1, w.memory);
       fewfit::plan p = fewfit::plan::predict(w.m, w.texts, scratch, w.answers);
       while (!p.step(100)) {
       }
       return w.say_all(p.status());
     }},
    {"predict_of and its like",
     [](world& w) {
       const span<fewfit::prediction> two(w.answers.data(), 2);
       if (const errc e = w.m.predict_of(w.some_vectors, two); e != errc::none) return e;
       const span<double> p(w.probabilities.data(), 2 * w.multi.probabilities_size());
       return w.say(w.multi.predict_proba_of(w.some_vectors, p), span<const double>(p.data, p.size));
     }},
    {"tokenize",
     [](world& w) {
       fewfit::workspace scratch(1, w.memory);
       fewfit::text_info info;
       return w.say(w.m.tokenize("good new york days", scratch, w.ids, info, w.offsets), all(w.ids));
     }},
    {"explain",
     [](world& w) {
       fewfit::workspace scratch(1, w.memory);
       return w.say(w.m.explain("good new york days", scratch, w.words).status, all(w.words));
     }},
    {"explain what a head of many labels says",
     [](world& w) {
       fewfit::workspace scratch(1, w.memory);
       const auto said = w.m.explain("good new york days", scratch, w.words, fewfit::predicted_label,
                                     fewfit::evidence_kind::occlusion, &w.many);
       return w.say(said.status, all(w.words));
     }},
    {"self_test",
     [](world& w) {
       const auto report = w.m.self_test();
       if (!report) return report.error().code;
       return w.say(errc::none, span<const std::uint32_t>(&report->digest, 1));
     }},
    {"a long text",
     [](world& w) {
       fewfit::workspace scratch(1, w.memory);
       const fewfit::long_answer& a = w.reader.predict(w.long_text, scratch);
       return w.say(a.status, all(a.probabilities));
     }},
    {"a head's predict",
     [](world& w) {
       if (const errc e = w.say(w.many.predict({w.some_vectors.data(), 20})); e != errc::none) return e;
       return w.say_all(w.many.predict(w.some_vectors, {w.answers.data(), 2}));
     }},
    {"a head's predict_multi",
     [](world& w) {
       return w.say(w.many.predict_multi(w.some_vectors, {w.decisions.data(), 200}), all(w.decisions));
     }},
    {"teach",
     [](world& w) {
       return w.say(w.m.teach(support::lessons().some(0, 8), support::lessons().labels_of(0, 8), all_of_it()));
     }},
    {"teach on three threads",
     [](world& w) {
       fewfit::workspace scratch(3, w.memory);
       return w.say(w.m.teach(support::lessons().some(0, 8), support::lessons().labels_of(0, 8), {}, nullptr, scratch,
                              w.pool.executor()));
     }},
    {"teach more",
     [](world& w) {
       return w.say(w.m.teach(support::lessons().some(8, 2), support::lessons().labels_of(8, 2), w.known));
     }},
    {"relabel", [](world& w) { return w.say(w.m.relabel(w.known, 3, "blame")); }},
    {"forget", [](world& w) { return w.say(w.m.forget(w.known, 3, all_of_it())); }},
};

/// What a call says while allocation `at` is refused, and the blocks it has kept; `w.said` holds its answer.
struct outcome {
  errc code;
  std::ptrdiff_t lost;
};

outcome with_refusal(world& w, const call& c, std::size_t at, bool for_ever) {
  w.said_bytes = 0;
  const std::ptrdiff_t before = memory_watch.live;
  memory_watch.begin(at, for_ever);
  const errc e = c.run(w);
  memory_watch.on = false;
  return {e, memory_watch.live - before};
}

/// Refuses each allocation of a call in turn; returns how many there are.
std::size_t check_refusals(world& w, const call& c) {
  const std::string name = c.name;
  CAPTURE(name);
  for (int i = 0; i < 2; ++i)  // the system keeps the stacks of its first threads
    REQUIRE(with_refusal(w, c, 0, false).code == errc::none);
  const std::size_t count = memory_watch.calls;
  const std::vector<unsigned char> expected(w.said.data(), w.said.data() + w.said_bytes);
  CHECK(!expected.empty());
  for (std::size_t at = 1; at <= count; ++at) {
    CAPTURE(at);
    for (const bool for_ever : {false, true}) {
      const outcome refused = with_refusal(w, c, at, for_ever);
      CHECK(refused.code == errc::out_of_memory);
      CHECK(refused.lost == 0);
    }
    const outcome next = with_refusal(w, c, 0, false);
    CHECK(next.code == errc::none);
    CHECK(next.lost == 0);
    REQUIRE(w.said_bytes == expected.size());
    CHECK(std::memcmp(w.said.data(), expected.data(), expected.size()) == 0);
  }
  return count;
}

/// Those that take no memory, wherever it comes from.
bool is_frugal(const std::string& name) { return name == "predict_of and its like"; }

}  // namespace

TEST_SUITE_BEGIN("no memory");

TEST_CASE("what is refused is refused, and seen by whoever watches") {
  memory_watch.begin(2, false);
  void* const first = ::operator new(5, std::nothrow);
  void* const second = ::operator new[](5, std::align_val_t{64}, std::nothrow);
  void* const third = fewfit::detail::allocate(support::watched_allocator(), 5);
  memory_watch.on = false;
  CHECK(first != nullptr);
  CHECK(second == nullptr);
  CHECK(third != nullptr);
  CHECK(memory_watch.calls == 3);
  ::operator delete(first), fewfit::detail::release(support::watched_allocator(), third, 5);
#if FEWFIT_OWN_MALLOC
  memory_watch.begin(1, true);
  void* volatile none = std::malloc(5);
  void* volatile neither = std::calloc(5, 5);
  memory_watch.on = false;
  CHECK(none == nullptr);
  CHECK(neither == nullptr);
#endif
}

TEST_CASE("the program has no memory: each call says so, none reaches an operator new that throws") {
  world w{fewfit::allocator()};
  for (const call& c : calls) {
    const std::size_t count = check_refusals(w, c);
    CHECK(memory_watch.throwing == 0);
    CHECK((count == 0) == is_frugal(c.name));
  }
}

TEST_CASE("the caller's allocator has none: each call says so, none has asked the program") {
  world w(support::watched_allocator());
  memory_watch.callers_alone = true;
  for (const call& c : calls) {
    const std::size_t count = check_refusals(w, c);
    CAPTURE(c.name);
    CHECK(memory_watch.strangers == 0);
    CHECK((count == 0) == is_frugal(c.name));
  }
  memory_watch.callers_alone = false;
}

TEST_CASE("a workspace that could not grow answers later as it would have") {
  world w{fewfit::allocator()};
  const auto expected = w.m.encode(w.texts).value();
  fewfit::workspace scratch;
  REQUIRE(w.m.predict("good", scratch).status == errc::none);
  for (const bool for_ever : {true, false}) {
    w.vectors.assign(w.vectors.size(), 5.0f);
    memory_watch.begin(1, for_ever);
    const errc batch = w.m.encode(w.texts, scratch, w.vectors), one = w.m.predict("good", scratch).status;
    memory_watch.on = false;
    CHECK(batch == errc::out_of_memory);
    CHECK(one == (for_ever ? errc::out_of_memory : errc::none));
    CHECK(w.vectors == std::vector<float>(expected.size(), 5.0f));
  }
  CHECK(w.m.encode(w.texts, scratch, w.vectors) == errc::none);
  CHECK(w.vectors == expected);
}

#if FEWFIT_EXCEPTIONS

namespace {

/// Runs what may throw; whatever says that there is no memory is the code that says it.
template <class Call>
errc caught(const Call& run) {
  try {
    return run();
  } catch (const std::bad_alloc&) {
    return errc::out_of_memory;
  } catch (const std::system_error&) {  // a thread that could not be started
    return errc::out_of_memory;
  }
}

template <class T>
errc say(world& w, const fewfit::result<std::vector<T>>& r) {
  return r ? w.say(errc::none, all(*r)) : r.error().code;
}

errc say(world& w, const fewfit::token_ids& t) { return w.say(t.status, all(t.ids), all(t.offsets)); }

errc say(world& w, const std::vector<fewfit::prediction>& all_of_them) {
  errc e = errc::none;
  for (const fewfit::prediction& p : all_of_them)
    if (e == errc::none) e = w.say(p);
  return e;
}

constexpr std::u16string_view wide_text = u"good new york days, good new york days";

/// Calls that return vectors, and objects that hold them.
const call throwing_calls[] = {
    {"predict",
     [](world& w) {
       return say(w, w.m.predict({"good day", "bad", "not"}));
     }},
    {"predict_proba",
     [](world& w) {
       return say(w, w.m.predict_proba({"good day", "bad"}));
     }},
    {"predict_multi", [](world& w) { return say(w, w.multi.predict_multi("good day")); }},
    {"encode", [](world& w) { return say(w, w.m.encode("good day")); }},
    {"explain",
     [](world& w) {
       const fewfit::explanation e = w.m.explain("good new york days");
       return w.say(e.status, all(e.words));
     }},
    {"explain a head",
     [](world& w) {
       const fewfit::explanation e = w.m.explain("good new york days", w.many);
       return w.say(e.status, all(e.words));
     }},
    {"tokenize",
     [](world& w) {
       return say(w, w.m.tokenize(w.long_text, {true, false, true}));
     }},
    {"tokenize many",
     [](world& w) {
       errc e = errc::none;
       for (const fewfit::token_ids& t : w.m.tokenize({"good", "day", w.long_text}))
         if (e == errc::none) e = say(w, t);
       return e;
     }},
    {"a reader of long texts",
     [](world& w) {
       fewfit::long_text_reader reader(w.m, {fewfit::reduce::top_mean, 0, 2, 3});
       fewfit::workspace scratch;
       const fewfit::long_answer& a = reader.predict(w.long_text, scratch);
       return w.say(a.status, all(a.probabilities));
     }},
    {"predict a wide text", [](world& w) { return w.say(fewfit::predict(w.m, wide_text)); }},
    {"predict wide texts",
     [](world& w) {
       const std::u16string_view two[] = {wide_text, wide_text.substr(20)};
       return say(w, fewfit::predict(w.m, two));
     }},
    {"tokenize a wide text",
     [](world& w) {
       return say(w, fewfit::tokenize(w.m, wide_text, {true, true, true}));
     }},
    {"the best labels",
     [](world& w) {
       const double p[] = {0.25, 0.5, 0.25};
       return w.say(errc::none, span<const double>(&fewfit::top(p, 2)[0].probability, 1),
                    span<const double>(&fewfit::at_least(p, 0.3)[0].probability, 1));
     }},
    {"a pool of threads",
     [](world& w) {
       fewfit::thread_pool pool(3);
       fewfit::workspace scratch(3);
       return w.say_all(w.m.predict(w.texts, scratch, w.answers, pool.executor()));
     }},
};

}  // namespace

TEST_CASE("calls that return vectors say so or let std::bad_alloc out, and lose nothing") {
  static world w{fewfit::allocator()};
  for (const call& c : throwing_calls) {
    static errc (*run)(world&);
    run = c.run;
    CHECK(check_refusals(w, {c.name, [](world& of) { return caught([&] { return run(of); }); }}) > 0);
  }
}

#endif

TEST_SUITE_END();

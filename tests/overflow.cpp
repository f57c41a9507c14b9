// SPDX-License-Identifier: MIT
// Numbers that are none, and sums that become none: refused with the file, or by every call; never a label.

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "support/call_faults.hpp"
#include "support/check_damage.hpp"
#include "support/weight_arrays.hpp"

using fewfit::errc;
using support::stored;
using texts_view = fewfit::span<const std::string_view>;

namespace {

const std::string_view known_text = "good day [USER] new york", other_text = "bad";

template <class Numbers>
bool are_finite(const Numbers& numbers) {
  for (const auto x : numbers)
    if (!std::isfinite(x)) return false;
  return true;
}

/// None, or what is right of a call whose numbers overflow.
bool is_honest(errc said) { return said == errc::none || said == errc::non_finite_output; }

void check_label(const fewfit::prediction& p) {
  CHECK(is_honest(p.status));
  CHECK((p.status == errc::none) == !p.label.empty());
  CHECK((p.status == errc::none) == (p.index != fewfit::no_label));
  CHECK(std::isfinite(p.probability));
}

/// What a text's vector is said to be: as the one text of a call and as one of several.
errc vector_of(const fewfit::model& m, std::vector<float>& vector) {
  const auto alone = m.encode(known_text);
  if (alone) vector = *alone;
  const std::string_view texts[] = {known_text, other_text, known_text};
  CHECK(is_honest(alone.error().code));
  CHECK(are_finite(vector));
  const auto together = m.encode(texts_view(texts));
  CHECK(is_honest(together.error().code));
  if (!alone) CHECK(!together);
  if (together) CHECK(are_finite(*together));
  return alone.error().code;
}

/// Every call that needs a vector has the error that the vector has.
void check_without_vector(const fewfit::model& m) {
  CHECK(m.predict(known_text).status == errc::non_finite_output);
  CHECK(m.predict_proba(known_text).error().code == errc::non_finite_output);
  CHECK(m.self_test().error().code == errc::non_finite_output);
  const std::string_view texts[] = {known_text, other_text}, labels[] = {"a", "b"};
  CHECK(m.teach(texts, labels).error().code == errc::non_finite_output);
}

void check_every_call(const fewfit::model& m) {
  const fewfit::prediction alone = m.predict(known_text);
  check_label(alone);
  for (const fewfit::prediction& p : m.predict({known_text, other_text, known_text})) check_label(p);
  CHECK(m.predict({other_text, known_text})[1].status == alone.status);
  const auto probabilities = m.predict_proba(known_text);
  CHECK(is_honest(probabilities.error().code));
  CHECK(static_cast<bool>(probabilities) == (alone.status == errc::none));
  if (probabilities) CHECK(are_finite(*probabilities));
  if (m.target() == fewfit::target::multi)
    CHECK(static_cast<bool>(m.predict_multi(known_text)) == (alone.status == errc::none));
  const fewfit::explanation why = m.explain(known_text);
  CHECK(is_honest(why.status));
  CHECK((why.status == errc::none) == !why.label.empty());
  if (alone.status != errc::none) CHECK(why.status == errc::non_finite_output);
  CHECK(are_finite(std::vector<double>{why.intercept, why.rest}));
  for (const fewfit::word_evidence& word : why.words) CHECK(std::isfinite(word.contribution));
  const auto tested = m.self_test();
  CHECK(is_honest(tested.error().code));
  if (alone.status != errc::none) CHECK(!tested);
}

/// All numbers of an array the largest, or by turns the largest and the smallest.
std::string filled(const support::tiny_parts& p, const support::weight_array& a, bool by_turns) {
  support::tiny_file f(p);
  for (std::size_t i = 0; i < a.places.size(); ++i)
    support::set_extreme(f, a, a.places[i],
                         by_turns && i % 2 != 0 ? support::extreme::minus_largest : support::extreme::largest);
  return f.bytes();
}

}  // namespace

TEST_SUITE_BEGIN("overflow");

TEST_CASE("the first and the last number of every array: not a number or infinite is refused, the largest is not") {
  for (const support::damage& row : support::number_damages()) support::check(row);
}

TEST_CASE("the largest numbers in any array: every call answers, or says that numbers overflow") {
  std::size_t vectors = 0, labels = 0, answers = 0;
  for (support::tiny_parts p : support::models_of_each_type()) {
    p.test_texts = std::vector<std::string>{std::string(known_text)};
    p.test_probabilities.assign(p.labels.size(), 0.5);
    for (const support::weight_array& a : support::weight_arrays(p))
      for (const bool by_turns : {false, true}) {
        if (a.as == stored::scale && (by_turns || a.field != "word_embeddings.scale")) continue;  // bound to sums
        const std::string name = a.field + ", " + a.what + ", " + support::name_of(p.linear_type);
        CAPTURE(name);
        CAPTURE(by_turns);
        const support::aligned_bytes bytes(filled(p, a, by_turns));
        const auto m = fewfit::model::from_memory(bytes.data(), bytes.size());
        REQUIRE(m);
        std::vector<float> vector;
        const errc said = vector_of(*m, vector);
        if (said != errc::none) check_without_vector(*m);
        check_every_call(*m);
        ++(said != errc::none ? vectors : m->predict(known_text).status != errc::none ? labels : answers);
      }
  }
  // Else these files would show nothing.
  CHECK(vectors > 50);
  CHECK(labels > 4);
  CHECK(answers > 50);
}

TEST_SUITE_END();

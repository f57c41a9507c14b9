// SPDX-License-Identifier: MIT
// Includes all of fewfit, or with GUEST_LIGHT its declarations, and asks a model everything, with nothing but local
// names of its own.

#include <cstdio>
#include <string>

#if defined(GUEST_LIGHT)
#include "fewfit/api.hpp"
#include "fewfit/io/crc32c.hpp"
#else
#include "fewfit/fewfit.hpp"
#endif
#include "registry.hpp"

namespace {

using texts_view = fewfit::span<const std::string_view>;

/// More tokens than any model of ours looks at.
const std::string& long_text() {
  static const std::string text = [] {
    std::string words;
    for (int i = 0; i < 70; ++i) words += "good days, bad nights ";
    return words;
  }();
  return text;
}

constexpr std::string_view texts[] = {"one text", "I don't know; ISTANBUL, 34 % \xC4\xB0\xC4\xB1", "",
                                      "\xD0\x97\xD0\xB0 \xD0\xB3\xD0\xBE\xD0\xB4 1.000,5 and 12:30, na\xC3\xAFve!",
                                      "the plan is to go on and on and on and on and on and on and on, [MASK]"};
constexpr std::string_view labels[] = {"a", "b", "c", "a", "b"};

/// CRC-32C of whatever bytes are added.
struct checksum {
  std::string bytes;
  template <class T>
  void add(const T* numbers, std::size_t n) {
    bytes.append(reinterpret_cast<const char*>(numbers), n * sizeof(T));
  }
  unsigned value() const { return fewfit::crc32c(bytes.data(), bytes.size()); }
};

void* load(const char* path, int kernels) {
  fewfit::load_options options;
  options.kernels = static_cast<fewfit::kernels>(kernels);
  auto loaded = fewfit::model::load(path, options);
  return loaded ? new fewfit::model(std::move(*loaded)) : nullptr;
}

void unload(void* model) { delete static_cast<fewfit::model*>(model); }

bool add_answers(const fewfit::model& m, checksum& sum) {
  const auto vectors = m.encode(texts_view(texts));
  const auto probabilities = m.predict_proba(texts_view(texts));
  if (!vectors || !probabilities) return false;
  sum.add(vectors->data(), vectors->size()), sum.add(probabilities->data(), probabilities->size());
  for (const std::string_view text : texts) {
    const fewfit::token_ids cut = m.tokenize(text, {true, true, true});
    sum.add(cut.ids.data(), cut.ids.size()), sum.add(cut.offsets.data(), cut.offsets.size());
    const fewfit::explanation why = m.explain(text);
    if (cut.status != fewfit::errc::none || why.status != fewfit::errc::none) return false;
    sum.add(&why.logit, 1), sum.add(&why.rest, 1);
    for (const fewfit::word_evidence& word : why.words) sum.add(&word.contribution, 1);
  }
  const fewfit::prediction whole = m.predict(long_text());
  sum.add(&whole.probability, 1), sum.add(&whole.index, 1);
  return whole.status == fewfit::errc::none && whole.truncated && whole.tokens == m.config().max_length;
}

bool add_lesson(const fewfit::model& m, checksum& sum) {
  const std::string_view taught[] = {texts[0], texts[1], texts[3], texts[4], "good day"};
  const auto head = m.teach(taught, labels);
  if (!head) return false;
  sum.add(head->contents().data, head->contents().size);
  return true;
}

unsigned digest(const void* model) {
  const fewfit::model& m = *static_cast<const fewfit::model*>(model);
  checksum sum;
  return add_answers(m, sum) && add_lesson(m, sum) ? sum.value() : 0;
}

struct entry {
  guest::unit self{&load, &unload, &digest, guest::units()};
  entry() { guest::units() = &self; }
} here;

}  // namespace

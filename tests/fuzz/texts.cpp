// SPDX-License-Identifier: MIT
// Any bytes as a text: the ids of the plain reference, in range, cut where they are to be cut; and a prediction.
//
// The first byte chooses a tokenizer: whether text is cleaned, ideographs stand alone, accents and case go, how long
// a word may be, and whether added tokens are awkward ones or BERT's. The reference is asked about every sixteenth
// text, for it takes longer than all the rest.

#include <cstdlib>
#include <cstring>
#include <memory>

#include "fewfit/fewfit.hpp"
#include "seeds.hpp"
#include "support/adversarial_texts.hpp"
#include "support/owned_tokenizer.hpp"

namespace {

using ids_t = std::vector<std::uint32_t>;

void require(bool holds) {
  if (!holds) std::abort();
}

support::owned_tokenizer& tokenizer(unsigned choice) {
  static std::unique_ptr<support::owned_tokenizer> all[32];
  std::unique_ptr<support::owned_tokenizer>& one = all[choice % 32];
  if (one) return *one;
  support::tokenizer_options o;
  o.added = support::bert_specials();
  if ((choice & 16) != 0) o = support::awkward_options();
  o.clean_text = (choice & 1) == 0, o.handle_chinese_chars = (choice & 2) == 0;
  o.strip_accents = (choice & 4) == 0, o.lowercase = (choice & 8) == 0;
  o.max_input_chars_per_word = choice % 3 == 0 ? 7 : 100;
  one = std::make_unique<support::owned_tokenizer>(o);
  return *one;
}

/// All of it, one place to cut, and where wanted with ranges and beside the reference.
void tokenize(support::owned_tokenizer& t, std::string_view text, bool with_ranges, bool reference) {
  std::vector<fewfit::byte_range> ranges;
  const ids_t all = t.all_ids(text);
  if (reference) require(all == t.reference().ids(text));
  for (const std::uint32_t id : all) require(id < 50000);
  if (with_ranges) require(all == t.all_ids(text, false, &ranges) && ranges.size() == all.size());
  for (const fewfit::byte_range r : ranges) require(r.begin <= r.end && r.end <= text.size());
  const std::size_t most = 2 + text.size() % 11;
  bool truncated = false;
  const ids_t cut = t.ids(text, most, &truncated);
  require(cut.size() <= most && cut.size() >= 2 && truncated == (all.size() + 2 > most));
  require(cut.front() == t.view().config.cls && cut.back() == t.view().config.sep);
  require(std::equal(cut.begin() + 1, cut.end() - 1, all.begin()));
}

void predict(std::string_view text) {
  static const support::aligned_bytes bytes(fuzz::seeds().front());
  static const fewfit::model m = fewfit::model::from_memory(bytes.data(), bytes.size()).value();
  static fewfit::workspace scratch;
  const fewfit::prediction p = m.predict(text, scratch);
  require(p.status == fewfit::errc::none && p.index < m.labels().size && p.probability > 0 && p.probability <= 1);
  require(p.tokens >= 2 && p.tokens <= m.config().max_length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::unique_ptr<char[]> exact(new char[size - 1]);  // with nothing behind it
  std::memcpy(exact.get(), data + 1, size - 1);
  const std::string_view text(exact.get(), size - 1);
  std::uint32_t hash = 2166136261u;  // FNV-1a: the fuzzer cannot choose what is asked
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ data[i]) * 16777619u;
  tokenize(tokenizer(data[0]), text, (hash >> 29) % 4 == 0, hash >> 28 == 0);
  if ((hash >> 27) % 2 == 0) predict(text);
  return 0;
}

// The vocabulary takes seconds to build under sanitizers, which is no fault of the first text.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  for (unsigned choice = 0; choice < 32; ++choice) tokenizer(choice);
  return 0;
}

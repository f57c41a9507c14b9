// SPDX-License-Identifier: MIT
// Any bytes as a model's or a head's file: refused, or answered with, in bounded memory.
//
// Checksums are set right first (container.hpp), so nothing depends on them. What loads is asked: labels and ids are
// in range, probabilities are probabilities, numbers that overflow are an error and never a label.

#include "cpuid_once.hpp"  // first

#include <cstdlib>
#include <memory>

#include "container.hpp"
#include "fewfit/fewfit.hpp"
#include "seeds.hpp"
#include "support/memory.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// No file may make a loader take more than its own size and 16 MB, nor a call more than 64 MB.
void require_bounded(const support::counting_memory& memory, std::size_t most) {
  require(memory.live == 0 && memory.mistakes == 0 && memory.peak <= most);
}

const std::string_view texts[] = {"good day [MASK] [USER] new york \xD0\x9C\xD0\xB8\xD1\x80!\xFF", "",
                                  "badgooddayababab [CLS[SEP] 12 very not good a b c d e o t 1 2 ! . #"};

void check(const fewfit::prediction& p, std::size_t labels) {
  if (p.status == fewfit::errc::none) return require(p.index < labels && p.probability >= 0 && p.probability <= 1);
  require(p.label.empty());
  require(p.status == fewfit::errc::non_finite_output || p.status == fewfit::errc::no_head);
}

using fewfit::detail::is_finite_number;

bool may_happen(fewfit::errc status) {
  return status == fewfit::errc::none || status == fewfit::errc::non_finite_output ||
         status == fewfit::errc::no_head || status == fewfit::errc::out_of_memory;
}

/// Evidence is for a label, or there is none; of numbers, or there is no label.
void explain(const fewfit::model& m, std::string_view text, fewfit::workspace& scratch,
             std::vector<fewfit::word_evidence>& words) {
  const fewfit::evidence e = m.explain(text, scratch, words);
  require(may_happen(e.status) && (e.status == fewfit::errc::none || e.label.empty()));
  if (e.status != fewfit::errc::none) return;
  require(is_finite_number(e.logit) && is_finite_number(e.intercept) && is_finite_number(e.rest));
  for (std::size_t i = 0; i < e.word_count && i < words.size(); ++i) require(is_finite_number(words[i].contribution));
}

/// Probabilities, or an error.
void ask_all(const fewfit::model& m, fewfit::workspace& scratch) {
  std::vector<double> all(3 * m.probabilities_size());
  const fewfit::errc status = m.predict_proba(texts, scratch, all);
  require(may_happen(status));
  if (status == fewfit::errc::none)
    for (const double p : all) require(p >= 0 && p <= 1);
}

void ask(const fewfit::model& m, unsigned choice, fewfit::workspace scratch) {
  std::vector<fewfit::word_evidence> words(m.config().max_length);
  for (const std::string_view text : texts) {
    const fewfit::prediction p = m.predict(text, scratch);
    check(p, m.labels().size);
    require(p.tokens <= m.config().max_length);
    if (choice % 4 == 0) explain(m, text, scratch, words);
    std::uint32_t ids[40];
    fewfit::text_info info;
    if (m.tokenize(text, scratch, ids, info) != fewfit::errc::none) continue;
    for (std::size_t i = 0; i < info.tokens && i < 40; ++i) require(ids[i] < m.config().vocab_size);
  }
  if (choice % 8 == 1) (void)m.self_test();
  if (choice % 8 == 5) ask_all(m, scratch);
  if (choice % 16 == 2) {
    const std::string_view labels[] = {"a", "b", "b"};
    if (const auto head = m.teach(texts, labels)) (void)head->predict(head->example_vector(0));
  }
  for (std::uint32_t id = 0; id < 50; id += 7) (void)m.token(id);
  (void)m.about("name");
}

void ask(const fewfit::model& m, unsigned choice) {
  support::counting_memory memory;
  ask(m, choice, fewfit::workspace(1, memory.allocator()));
  require_bounded(memory, std::size_t{64} << 20);
}

const fewfit::model& body() {
  static const support::aligned_bytes bytes(fuzz::seeds().front());
  static const fewfit::model m = fewfit::model::from_memory(bytes.data(), bytes.size()).value();
  return m;
}

void ask(const fewfit::head& h, unsigned choice) {
  const std::vector<float> vector(h.sentence_size(), 0.25f);
  const fewfit::prediction p = h.predict(vector);
  check(p, h.labels().size);
  if (h.target() == fewfit::target::single) (void)h.is_answer(p);
  std::vector<double> probabilities(h.probabilities_size());
  (void)h.predict_proba(vector, probabilities);
  for (std::size_t i = 0; i < h.examples(); ++i)
    require(!h.example_label(i).empty() && h.example_vector(i).size == h.sentence_size()), (void)h.example_text(i);
  if (choice % 8 == 0 && h.examples() > 1) (void)body().forget(h, 0);
  if (choice % 4 == 1) (void)body().explain("good day", h);
}

/// Whether it loads; what does not must say why.
bool load_and_ask(const support::aligned_bytes& bytes, unsigned choice) {
  support::counting_memory memory;
  fewfit::load_options options;
  options.verify = choice % 2 == 0 ? fewfit::verify::full : fewfit::verify::structure;
  options.kernels = choice % 4 < 3 ? fewfit::kernels::automatic : fewfit::kernels::portable;
  options.allocator = memory.allocator();
  const auto all = [&](const auto& loaded) {
    if (loaded) ask(*loaded, choice);
    require(loaded || loaded.error().code != fewfit::errc::none);
    return static_cast<bool>(loaded);
  };
  const bool is_head = bytes.size() > 24 && bytes.data()[24] == 2;
  const bool loads = is_head ? all(fewfit::head::from_memory(bytes.data(), bytes.size(), body(), options))
                             : all(fewfit::model::from_memory(bytes.data(), bytes.size(), options));
  require_bounded(memory, bytes.size() + (std::size_t{16} << 20));
  return loads;
}

}  // namespace

static std::size_t accepted = 0;
extern "C" std::size_t fuzz_accepted() { return accepted; }
extern "C" std::size_t fuzz_right_inputs(const std::string*& first) {
  first = fuzz::seeds().data();
  return fuzz::seeds().size();
}

// Right files are answered with, however they are asked: else nothing would be tested beyond the first check.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  for (const std::string& one : fuzz::seeds())
    for (unsigned choice = 0; choice < 16; ++choice) require(load_and_ask(support::aligned_bytes(one), choice));
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size % 32 != 0) size = size / 64 * 64;
  const support::aligned_bytes bytes(std::string_view(reinterpret_cast<const char*>(data), size));
  fuzz::repair(bytes.data(), size);
  accepted +=
      load_and_ask(bytes, size > 60 ? bytes.data()[60] : 0) ? 1 : 0;  // a byte of the checksum: as good as random
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                               unsigned seed) {
  fuzz::random_numbers random(seed);
  if (random() % 64 == 0) return LLVMFuzzerMutate(data, size, most);
  const std::vector<std::string>& seeds = fuzz::seeds();
  fuzz::container file, other;
  other.read(seeds[random() % seeds.size()]);
  if (random() % 4 == 0 || !file.read({reinterpret_cast<const char*>(data), size})) file = other;
  for (std::size_t n = 1 + random() % 4; n > 0; --n) file.change(random, other);
  const std::string out = file.write();
  if (out.size() > most) return size;
  std::memcpy(data, out.data(), out.size());
  return out.size();
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size, const std::uint8_t* b,
                                                 std::size_t b_size, std::uint8_t* out, std::size_t most,
                                                 unsigned seed) {
  fuzz::random_numbers random(seed);
  fuzz::container file, other;
  if (!file.read({reinterpret_cast<const char*>(a), a_size})) return 0;
  if (!other.read({reinterpret_cast<const char*>(b), b_size})) return 0;
  file.cross(random, other);
  const std::string bytes = file.write();
  if (bytes.size() > most) return 0;
  std::memcpy(out, bytes.data(), bytes.size());
  return bytes.size();
}

// SPDX-License-Identifier: MIT
// What sections say: every rule has a file that breaks it under correct checksums, and whatever else is changed there
// is refused or answers.

#include "fewfit/io/sections.hpp"

#include <algorithm>
#include <cfenv>
#include <random>
#include <string>
#include <vector>

#include "support/check_damage.hpp"
#include "support/content_damages.hpp"
#include "support/strange_files.hpp"

using fewfit::errc;
using fewfit::verify;
using support::tiny_bytes;

TEST_SUITE_BEGIN("sections");

TEST_CASE("each lie of a section is refused by its name, and the nearest right file loads") {
  for (const support::damage& row : support::content_damages()) support::check(row);
}

TEST_CASE("files that look wrong and are right load, and answer as they say") {
  for (const support::strange_file& file : support::strange_files()) {
    CAPTURE(file.name);
    const support::aligned_bytes bytes(file.make());
    const auto m = fewfit::model::from_memory(bytes.data(), bytes.size());
    REQUIRE(m);
    support::answer_something(*m);
    const auto report = m->self_test();
    REQUIRE(report);
    CHECK((report->largest_difference < 1e-5) == file.same_answers);
  }
}

TEST_CASE("a weight that is no number is named by its section and place") {
  const support::tiny_file& right = support::tiny_sections();
  const auto error_of = [](const std::string& field, auto value, std::size_t index) {
    support::tiny_file f = support::tiny_sections();
    f.set(field, value, index);
    return support::load_error(f.bytes(), verify::full);
  };
  for (const char* name : {"rows", "norm weight", "norm bias"}) {
    const std::string field = std::string("position_embeddings.") + name;
    const fewfit::error e = error_of(field, support::not_a_number, 5);
    CHECK(e.code == errc::non_finite_weight);
    CHECK(e.number == right.offset(field) / sizeof(float) + 5);
  }
  // The search looks at blocks of 4096 numbers: the last of one, the first of the next, the very last.
  const std::size_t floats = right.sections[5].body.size() / sizeof(float);
  REQUIRE(floats > 4097);
  for (const std::size_t at : {std::size_t{0}, std::size_t{4095}, std::size_t{4096}, floats - 13}) {
    support::tiny_file f = support::tiny_sections();
    support::put(f.sections[5].body, at * sizeof(float), support::infinity);
    const fewfit::error e = support::load_error(f.bytes(), verify::full);
    CHECK(e.code == errc::non_finite_weight);
    CHECK(std::string(e.where) == "layer");
    CHECK(e.number == at);
  }
  CHECK(error_of("head.intercept", std::nan(""), 2).number == 2);
  CHECK(error_of("head.coefficients", HUGE_VAL, 59).number == 59);
}

TEST_CASE("a string that is no UTF-8 is named by its number, also where the next one makes it whole") {
  const auto number = [](const std::vector<std::string>& labels) {
    support::tiny_parts p = support::tiny_model();
    p.labels = labels;
    const fewfit::error e = support::load_error(support::tiny_file(p).bytes(), verify::full);
    CHECK(e.code == errc::bad_utf8);
    return e.number;
  };
  CHECK(number({"\xFF", "b", "c"}) == 0);
  CHECK(number({"a", "\xFF", "c"}) == 1);
  CHECK(number({"a", "b", "\xFF"}) == 2);
  CHECK(number({"a", "b\xC3", "\xA9"}) == 1);
  CHECK(number({"\xA9", "\xC3\xA9", "\xC3"}) == 0);
}

TEST_CASE("panels and rows of bf16 and i8 that break a rule are named by their number") {
  const auto number = [](const support::typed& model, const std::string& field, auto value, std::size_t index) {
    return support::load_error(model.field(field, value, index)(), verify::structure).number;
  };
  const std::size_t numbers = support::of_15.bytes() / sizeof(float), halves = 32 + 16 * 16;
  CHECK(number(support::brain, "layer0.query, key, value", std::uint16_t{1}, 2 * halves + 40) == 2);
  CHECK(number(support::bytes_of_layers, "layer0.intermediate", 0.0f, numbers + 1) == 1);
  CHECK(number(support::bytes_of_layers, "layer0.intermediate", 77777, 2 * numbers + support::of_15.sum(0, 0)) == 2);
  CHECK(number(support::bytes_of_layers, "layer1.intermediate", 0.5f, 8 * numbers + support::of_15.shift(4)) == 8);
  CHECK(number(support::bytes_of_words, "word_embeddings.scale", 0.0f, 7) == 7);
  CHECK(number(support::bytes_of_words, "word_embeddings.rows", std::int8_t{-128}, 9 * 16 + 3) == 9);
}

TEST_CASE("a changed byte, sum or shift of i8 panels is found without checksums, a scale if it changes the shift") {
  support::tiny_file f = support::bytes_of_layers.sections();
  for (const auto& [field, panel] :
       {std::pair("layer1.attention output", support::of_15), std::pair("layer1.output", support::of_133)}) {
    const std::size_t sums = 4 * panel.sum(0, 0), biases = 4 * panel.bias(0), weights = biases + 64;
    std::size_t loaded = 0, unseen = 0;
    for (std::size_t at = 0; at < panel.bytes(); ++at) {
      const auto before = f.at<unsigned char>(field, at);
      f.set(field, static_cast<unsigned char>(before ^ 1u), at);
      const std::size_t output = at / 4 % 16;
      support::tiny_file fitting = f;
      support::set_shift(fitting, field, panel, output);
      const bool same = fitting.at<int>(field, panel.shift(output)) == f.at<int>(field, panel.shift(output));
      const bool free = output < 15 && ((at < sums && same) || (at >= biases && at < weights));
      const bool loads = support::load_error(f.bytes(), verify::full).code == errc::none;
      f.set(field, before, at);
      CHECK_MESSAGE(loads == free, at);
      loaded += loads ? 1 : 0, unseen += loads && at < sums ? 1 : 0;
    }
    CHECK(loaded == 4 * 15 + unseen);
    CHECK(unseen < 15 * panel.groups());
  }
}

TEST_CASE("the panels of a layer are the converter's: tools/tests/test_weights.py holds it to the same checksums") {
  support::tiny_linear w{299, 21, {}, {}};
  for (int o = 0; o < 21; ++o) {
    w.bias.push_back(static_cast<float>(o - 7) / 8);
    for (int k = 0; k < 299; ++k)
      w.weight.push_back(static_cast<float>((o * 37 + k * 101 + k / 128 * 5) % 255 - 127) / 63);
  }
  const auto checksum = [&](fewfit::number_type type) { return support::slow_crc32c(support::panels_of(w, type)); };
  CHECK(checksum(fewfit::number_type::f32) == 0x672B3BFDu);
  CHECK(checksum(fewfit::number_type::f16) == 0x0423F4B8u);
  CHECK(checksum(fewfit::number_type::bf16) == 0xB0F599DEu);
  CHECK(checksum(fewfit::number_type::i8) == 0x09F07376u);
}

TEST_CASE("a shift is rounded to the nearest, whatever the caller's floating-point settings") {
  // Two groups that nearly cancel: a shift that is subnormal, which nobody may flush.
  support::tiny_file f = support::bytes_of_layers.sections();
  const std::string field = "layer0.output", odd = f.bytes();
  const support::byte_panel& panel = support::of_133;
  for (std::size_t k = 0; k < panel.inputs; ++k)
    f.set(field, static_cast<std::int8_t>(k == 0 ? 1 : k == 128 ? -1 : 0), panel.weight(k, 3));
  f.set(field, 1, panel.sum(0, 3)).set(field, -1, panel.sum(1, 3));
  f.set(field, 0x1.004p-126f, panel.scale(0, 3)).set(field, 0x1p-126f, panel.scale(1, 3));
  f.set(field, 0x1p-136f, panel.shift(3));
  const std::string tiny = f.bytes();
  CHECK(support::load_error(tiny, verify::full).code == errc::none);
  const std::uint64_t before = FEWFIT_FP_CONTROL_READ();
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO})
    for (const std::string& file : {tiny, odd}) {
      std::fesetround(mode);
      FEWFIT_FP_CONTROL_WRITE(FEWFIT_FP_CONTROL_READ() | (FEWFIT_FP_CONTROL_CLEAR == 0xE040u ? 0x8040u : 0u));
      const errc code = support::load_error(file, verify::full).code;
      FEWFIT_FP_CONTROL_WRITE(before);
      std::fesetround(FE_TONEAREST);
      CHECK(code == errc::none);
    }
}

TEST_CASE("sums and extremes of bytes, for every number of blocks and in every place") {
  using fewfit::detail::byte_extremes;
  std::mt19937 random(5);
  for (std::size_t blocks = 1; blocks <= 32; ++blocks) {
    std::vector<unsigned char> w(64 * blocks);
    for (const unsigned largest : {3u, 256u}) {
      for (unsigned char& byte : w) byte = static_cast<unsigned char>(random() % largest);
      if (largest == 3) w[random() % w.size()] = 0x81;
      std::int32_t sums[16] = {}, output[16];
      int least = 0, least_pair = 0, largest_pair = 0;
      const auto value = [&](std::size_t i) { return int{static_cast<signed char>(w[i])}; };
      for (std::size_t i = 0; i < w.size(); ++i) sums[i / 4 % 16] += value(i), least = std::min(least, value(i));
      for (std::size_t i = 0; i < w.size(); i += 2) {
        least_pair = std::min(least_pair, value(i) + value(i + 1));
        largest_pair = std::max(largest_pair, value(i) + value(i + 1));
      }
      byte_extremes found;
      fewfit::detail::sum_bytes(w.data(), blocks, output, found);
      CHECK(std::equal(sums, sums + 16, output));
      CHECK(*std::min_element(found.least, found.least + 16) == least);
      CHECK(*std::min_element(found.least_pair, found.least_pair + 16) == least_pair);
      CHECK(*std::max_element(found.largest_pair, found.largest_pair + 16) == largest_pair);
      CHECK(byte_extremes::all_between(found.least, least, 0));
      CHECK(!byte_extremes::all_between(found.least, least + 1, 0));
      CHECK(!byte_extremes::all_between(found.largest_pair, 0, largest_pair - 1));
      CHECK(fewfit::detail::any_outside(w.data(), w.size()) == (least == -128));
    }
    byte_extremes found;
    for (const int all : {127, -128, -127}) {
      std::int32_t output[16];
      std::fill(w.begin(), w.end(), static_cast<unsigned char>(all));
      fewfit::detail::sum_bytes(w.data(), blocks, output, found);
      for (const std::int32_t sum : output) CHECK(sum == all * 4 * static_cast<int>(blocks));
    }
    // The extremes of all three.
    CHECK(byte_extremes::all_between(found.least, -128, -128));
    CHECK(byte_extremes::all_between(found.least_pair, -256, -256));
    CHECK(byte_extremes::all_between(found.largest_pair, 254, 254));
  }
}

TEST_CASE("one number out of its range is found wherever it lies") {
  for (const std::size_t n : {1u, 31u, 1023u, 1024u, 1025u, 4096u}) {
    std::vector<unsigned char> bytes(n, 0x7F);
    CHECK(!fewfit::detail::any_outside(bytes.data(), n));
    for (std::size_t i = 0; i < n; ++i) {
      bytes[i] = 0x80;
      CHECK(fewfit::detail::any_outside(bytes.data(), n));
      bytes[i] = 0x81;
    }
  }
  std::vector<std::uint16_t> numbers(1024);
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const std::size_t at = bits % numbers.size();
    numbers[at] = static_cast<std::uint16_t>(bits);
    const bool subnormal = (bits & 0x7F80u) == 0 && (bits & 0x7Fu) != 0;
    const auto* const data = reinterpret_cast<const unsigned char*>(numbers.data());
    if (fewfit::detail::any_subnormal(data, numbers.size()) != subnormal) FAIL_CHECK(bits);
    numbers[at] = 0x3F80;
  }
}

TEST_CASE("every single-byte change of all but the weights is refused when checksums are read") {
  // Header and directory; config, tokenizer, vocabulary; head, about, self-test: with the zeros behind each.
  const support::tiny_file& file = support::tiny_sections();
  const support::aligned_bytes bytes(tiny_bytes());
  for (const auto& [begin, end] : {std::pair(std::size_t{0}, file.begin(3)), {file.begin(7), bytes.size()}}) {
    std::size_t missed = 0;
    for (std::size_t at = begin; at < end; ++at)
      for (const int pattern : {0x01, 0x80, 0xFF}) {
        const unsigned char before = bytes.data()[at];
        bytes.data()[at] = static_cast<unsigned char>(before ^ pattern);
        if (fewfit::model::from_memory(bytes.data(), bytes.size())) ++missed;
        bytes.data()[at] = before;
      }
    CHECK(missed == 0);
  }
  CHECK(fewfit::model::from_memory(bytes.data(), bytes.size()));
}

TEST_CASE("single-byte changes of the weights are refused when checksums are read") {
  const support::tiny_file& file = support::tiny_sections();
  const support::aligned_bytes bytes(tiny_bytes());
  std::mt19937 random(11);
  for (int i = 0; i < 2000; ++i) {
    const std::size_t at = file.begin(3) + random() % (file.begin(7) - file.begin(3));
    const auto pattern = static_cast<unsigned char>(1 + random() % 255);
    bytes.data()[at] ^= pattern;
    const auto m = fewfit::model::from_memory(bytes.data(), bytes.size());
    bytes.data()[at] ^= pattern;
    REQUIRE(!m);
    CHECK(m.error().code != errc::none);
  }
}

namespace {

/// Loads what may be anything: an error that is one, or a model that answers.
bool loads_and_answers(const std::string& file, verify how) {
  support::counting_memory memory;
  bool loaded = false;
  {
    const support::aligned_bytes bytes(file);
    const auto m = fewfit::model::from_memory(bytes.data(), bytes.size(), support::options(how, &memory));
    if (m) {
      loaded = true;
      support::answer_something(*m);
      (void)m->self_test();
      (void)m->about("name");
      for (std::uint32_t id = 0; id < 50; ++id) (void)m->token(id);
    } else {
      CHECK(m.error().code != errc::none);
    }
  }
  CHECK(memory.live == 0);
  CHECK(memory.mistakes == 0);
  return loaded;
}

}  // namespace

TEST_CASE("nodes that lead in a circle are no lie about any string, and no walk through them is endless") {
  std::size_t circles = 0;
  for (const char* array : {"tokenizer.raw trie", "tokenizer.normalized trie", "vocabulary.trie"}) {
    support::tiny_file right = support::tiny_sections();
    const std::string count = array == std::string("vocabulary.trie") ? "vocabulary.nodes"
                              : array[10] == 'r'                      ? "tokenizer.raw nodes"
                                                                      : "tokenizer.normalized nodes";
    for (std::uint32_t node = 256; node < right.at<std::uint32_t>(count); ++node) {
      const auto link = right.at<std::uint32_t>(array, 2 * node);
      if ((link & 0x100u) == 0 || link >> 9 != 0) continue;  // only a leaf's links are free
      support::tiny_file f = right;
      f.set(array, (node ^ (link & 0xFFu)) << 9 | (link & 0x1FFu), 2 * node);
      CHECK(loads_and_answers(f.bytes(), verify::full));
      ++circles;
    }
  }
  CHECK(circles > 30);
}

TEST_SUITE_END();
TEST_SUITE_BEGIN("sections, exhaustive");

TEST_CASE("each byte changed under repaired checksums: refused, or a model that answers") {
  const support::tiny_file& file = support::tiny_sections();
  const unsigned char patterns[] = {0x01, 0x80, 0xFF, 0x08};
  std::size_t loaded = 0, refused = 0;
  for (const std::size_t section : {0u, 1u, 2u, 7u, 8u, 9u})
    for (std::size_t at = file.begin(section); at < file.begin(section) + file.sections[section].body.size(); ++at) {
      std::string b = tiny_bytes();
      b[at] = static_cast<char>(b[at] ^ patterns[at % 4]);
      support::repair(b);
      ++(loads_and_answers(b, at % 2 == 0 ? verify::full : verify::structure) ? loaded : refused);
    }
  CHECK(loaded > 500);
  CHECK(refused > 10000);
}

TEST_CASE("numbers changed at random under repaired checksums: refused, or a model that answers") {
  std::mt19937 random(17);
  const std::uint32_t interesting[] = {0,     1,     2,          3,          255,        256,        257, 0x100,
                                       0x1FF, 0x200, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7F800000, 64};
  std::size_t loaded = 0;
  for (int i = 0; i < 8000; ++i) {
    support::tiny_file f = support::tiny_sections();
    for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
      std::string& body = f.sections[random() % f.sections.size()].body;
      const std::size_t at =
          random() % (body.size() < 256 || random() % 2 == 0 ? std::min<std::size_t>(body.size(), 128) : body.size());
      const std::uint32_t value =
          random() % 2 == 0 ? interesting[random() % 15] : static_cast<std::uint32_t>(random());
      if (at / 4 * 4 + 4 <= body.size()) support::put(body, at / 4 * 4, value);
      if (random() % 50 == 0) body.resize(random() % (body.size() + 65));
    }
    loaded += loads_and_answers(f.bytes(), i % 3 == 0 ? verify::full : verify::structure) ? 1 : 0;
  }
  CHECK(loaded > 100);
}

TEST_CASE("bytes of weights in bf16 and i8 changed at random under repaired checksums: refused, or loaded") {
  std::mt19937 random(19);
  const support::typed models[] = {support::brain, support::bytes_of_layers, support::bytes_of_words};
  const char* const names[] = {"layer0", "layer1", "word_embeddings"};
  std::size_t loaded[3] = {};
  for (std::size_t model = 0; model < 3; ++model) {
    const support::tiny_file right = models[model].sections();
    for (int i = 0; i < 3000; ++i) {
      support::tiny_file f = right;
      std::string& body = f.section(names[model == 2 ? 2 : random() % 2]).body;
      for (std::size_t changes = 1 + random() % 3; changes > 0; --changes)
        body[random() % body.size()] = static_cast<char>(random());
      if (random() % 10 == 0) body.resize(random() % (body.size() + 65));
      const fewfit::error e = support::load_error(f.bytes(), i % 3 == 0 ? verify::full : verify::structure);
      loaded[model] += e.code == errc::none ? 1 : 0;
    }
  }
  for (const std::size_t n : loaded) CHECK(n > 100);
}

TEST_SUITE_END();

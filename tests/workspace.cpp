// SPDX-License-Identifier: MIT
// Scratch memory: its size is known beforehand, to the byte, and it grows only where it may.

#include "fewfit/workspace.hpp"

#include <doctest/doctest.h>

#include <cstring>

#include "support/call_faults.hpp"
#include "support/many_texts.hpp"

using fewfit::errc;
using support::many_texts;
using support::shared_tiny;
using support::tiny_loaded;
using texts_view = fewfit::span<const std::string_view>;

namespace {

/// Memory that begins `offset` bytes behind a multiple of 64 and is exactly as long as said: a sanitizer sees more.
class exact_memory {
 public:
  exact_memory(std::size_t bytes, std::size_t offset)
      : memory_(static_cast<unsigned char*>(::operator new (bytes + offset, std::align_val_t{64}))), offset_(offset) {
    std::memset(memory_, 0xAB, bytes + offset);
  }
  exact_memory(const exact_memory&) = delete;
  exact_memory& operator=(const exact_memory&) = delete;
  ~exact_memory() { ::operator delete (memory_, std::align_val_t{64}); }
  unsigned char* data() const { return memory_ + offset_; }

 private:
  unsigned char* memory_;
  std::size_t offset_;
};

errc encode_in(const fewfit::model& m, texts_view texts, std::size_t bytes, std::size_t offset, std::size_t width) {
  const exact_memory memory(bytes, offset);
  fewfit::workspace scratch(memory.data(), bytes, width);
  std::vector<float> out(texts.size * m.config().sentence_size);
  const errc e = m.encode(texts, scratch, out);
  if (e == errc::none) CHECK(out == m.encode(texts).value());
  return e;
}

}  // namespace

TEST_SUITE_BEGIN("workspace");

TEST_CASE("the caller's memory of workspace_bytes() suffices at any address, and not a byte of the sum is idle") {
  const std::string long_text = "good good good good good good good good good good good good";
  support::tiny_options wide;
  wide.D = 64, wide.H = 4;
  const tiny_loaded wide_model(support::tiny_model(wide));
  for (const fewfit::model* m : {&shared_tiny(), &*wide_model})
    for (const std::size_t width : {1u, 3u, 70u})
      for (const std::size_t n : {1u, 2u, 17u, 100u}) {
        std::vector<std::string_view> texts(many_texts().begin(), many_texts().begin() + static_cast<long>(n));
        texts[0] = long_text;
        const std::size_t bytes = m->workspace_bytes(12, width, n);
        CAPTURE(n);
        CAPTURE(width);
        for (const std::size_t offset : {0u, 1u, 8u, 63u}) {
          // 64 bytes are set aside for alignment; up to 63 are needed for it.
          const std::size_t slack = offset == 0 ? 0 : 64 - offset, least = bytes - 64 + slack;
          CHECK(encode_in(*m, texts, bytes, offset, width) == errc::none);
          CHECK(encode_in(*m, texts, least, offset, width) == errc::none);
          CHECK(encode_in(*m, texts, least - 1, offset, width) == errc::workspace_too_small);
        }
      }
}

TEST_CASE("memory for a text's true number of tokens suffices, however many bytes it has") {
  const std::string long_word(300, 'a'), spaces = "good" + std::string(200, ' ') + "day";
  for (const std::string& text : {long_word, spaces}) {
    const auto tokens = shared_tiny().predict(text).tokens;
    REQUIRE(tokens < 12);
    const std::string_view view(text);
    const std::size_t enough = shared_tiny().workspace_bytes(tokens),
                      less = shared_tiny().workspace_bytes(tokens - 1);
    const exact_memory memory(enough, 0), scarce(less, 0);
    fewfit::workspace scratch(memory.data(), enough), tight(scarce.data(), less);
    std::vector<float> out(20), untouched(20, 5.0f);
    CHECK(shared_tiny().encode({&view, 1}, scratch, out) == errc::none);
    CHECK(out == shared_tiny().encode(text).value());
    CHECK(shared_tiny().encode({&view, 1}, tight, untouched) == errc::workspace_too_small);
    CHECK(untouched == std::vector<float>(20, 5.0f));
  }
}

TEST_CASE("each kind of call fits into workspace_bytes()") {
  // The largest answer to a text is a vector, probabilities, and with five columns and two classes a prediction.
  for (const std::uint32_t classes : {3u, 40u, 2u}) {
    support::tiny_options o;
    o.D = classes == 2 ? 5 : 20;
    support::tiny_parts p = support::tiny_model(o);
    p.labels.assign(classes, "x");
    p.intercept.assign(classes, 0.5), p.coefficients.assign(std::size_t{classes} * p.D, 0.25);
    const tiny_loaded m(p);
    const texts_view texts(many_texts());
    const std::size_t bytes = m->workspace_bytes(12, 1, texts.size);
    const exact_memory memory(bytes, 63);
    fewfit::workspace scratch(memory.data(), bytes);
    std::vector<fewfit::prediction> answers(texts.size);
    std::vector<double> probabilities(texts.size * classes);
    std::vector<float> vectors(texts.size * p.D);
    std::vector<fewfit::text_info> info(texts.size);
    CHECK(m->predict(texts, scratch, answers) == errc::none);
    CHECK(support::same(answers, m->predict(texts)));
    CHECK(m->predict_proba(texts, scratch, probabilities, info) == errc::none);
    CHECK(probabilities == m->predict_proba(texts).value());
    CHECK(m->encode(texts, scratch, vectors, info) == errc::none);
    CHECK(vectors == m->encode(texts).value());
    CHECK(scratch.bytes() <= bytes);
  }
}

TEST_CASE("workspace_bytes() grows with tokens up to the model's length, with width and with texts") {
  const fewfit::model& m = shared_tiny();
  for (std::size_t tokens = 2; tokens < 12; ++tokens)
    CHECK(m.workspace_bytes(tokens) <= m.workspace_bytes(tokens + 1));
  CHECK(m.workspace_bytes(2) < m.workspace_bytes(12));
  CHECK(m.workspace_bytes(12) == m.workspace_bytes(1000000));
  CHECK(m.workspace_bytes(0) == m.workspace_bytes(2));
  CHECK(m.workspace_bytes(12, 0, 0) == m.workspace_bytes(12, 1, 1));
  CHECK(m.workspace_bytes(12, 2) > m.workspace_bytes(12, 1));
  CHECK(m.workspace_bytes(12, 1, 2) > m.workspace_bytes(12, 1, 1));
}

TEST_CASE("memory too small for anything at all") {
  const std::string_view text = "good";
  std::vector<float> out(20, 5.0f);
  for (const std::size_t bytes : {0u, 1u, 63u, 64u, 200u}) {
    const exact_memory memory(bytes, 1);
    fewfit::workspace scratch(memory.data(), bytes);
    CHECK(shared_tiny().encode({&text, 1}, scratch, out) == errc::workspace_too_small);
    CHECK(shared_tiny().predict(text, scratch).status == errc::workspace_too_small);
    CHECK(out == std::vector<float>(20, 5.0f));
  }
  fewfit::workspace none(nullptr, 0);
  CHECK(shared_tiny().predict(text, none).status == errc::workspace_too_small);
  CHECK(none.bytes() == 0);
}

TEST_CASE("a workspace of its own grows on first use and stays; a larger call makes it grow once more") {
  support::counting_memory memory;
  {
    fewfit::workspace scratch(1, memory.allocator());
    const std::size_t empty = scratch.bytes();
    CHECK(memory.live_bytes == empty);
    (void)shared_tiny().predict("good", scratch);
    const std::size_t small = scratch.bytes(), calls = memory.calls;
    CHECK(small > empty);
    CHECK(small <= shared_tiny().workspace_bytes(12, 1, 16));
    (void)shared_tiny().predict("day", scratch);
    CHECK(memory.calls == calls);
    std::vector<fewfit::prediction> out(100);
    CHECK(shared_tiny().predict(texts_view(many_texts()), scratch, out) == errc::none);
    CHECK(memory.calls == calls + 1);
    CHECK(scratch.bytes() > small);
    CHECK(scratch.bytes() <= shared_tiny().workspace_bytes(12, 1, 100));
    (void)shared_tiny().predict("good", scratch);
    CHECK(memory.calls == calls + 1);
    CHECK(memory.live_bytes == scratch.bytes());
    CHECK(memory.live == 2);
  }
  CHECK(memory.live == 0);
  CHECK(memory.mistakes == 0);
}

TEST_CASE("after the first call no text makes a workspace grow, however long") {
  support::counting_memory memory;
  fewfit::workspace scratch(1, memory.allocator());
  (void)shared_tiny().predict("", scratch);
  const std::size_t calls = memory.calls;
  for (const std::size_t size : {1u, 40u, 400u, 4000u}) (void)shared_tiny().predict(std::string(size, '.'), scratch);
  std::vector<fewfit::prediction> out(16);
  CHECK(shared_tiny().predict({many_texts().data(), 16}, scratch, out) == errc::none);
  CHECK(memory.calls == calls);
}

TEST_CASE("workspaces move") {
  support::counting_memory memory;
  {
    fewfit::workspace first(2, memory.allocator());
    (void)shared_tiny().predict("good", first);
    const std::size_t bytes = first.bytes();
    fewfit::workspace second = std::move(first);
    CHECK(first.bytes() == 0);
    CHECK(second.bytes() == bytes);
    CHECK(shared_tiny().predict("good", first).status != errc::none);  // what was moved from answers with an error
    fewfit::workspace third(1, memory.allocator());
    third = std::move(second);
    CHECK(third.bytes() == bytes);
    CHECK(shared_tiny().predict("good", third).status == errc::none);
  }
  CHECK(memory.live == 0);
  CHECK(memory.mistakes == 0);
}

TEST_CASE("widths of 0 and of far too many are made right") {
  for (const std::size_t width : {std::size_t{0}, std::size_t{5000}, ~std::size_t{0}}) {
    fewfit::workspace scratch(width);
    CHECK(scratch.bytes() > 0);
    CHECK(scratch.bytes() < 10000);
  }
  fewfit::workspace none(0);
  CHECK(shared_tiny().predict("good", none).status == errc::none);
}

TEST_SUITE_END();

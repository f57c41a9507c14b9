// SPDX-License-Identifier: MIT
// The caller's floating-point settings: they change no bit of an answer, and they are the caller's again afterwards.

#include <cfenv>
#include <doctest/doctest.h>

#include "fewfit/fewfit.hpp"

TEST_CASE("fp_environment: rounding mode and flush-to-zero of the caller change nothing and are restored") {
  const auto model = fewfit::model::load(FEWFIT_MODEL).value();
  const char* text = "Flush-to-zero, please.";
  const auto expected = model.encode(text).value();
  const std::uint64_t before = FEWFIT_FP_CONTROL_READ();
  for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    // On x86-64: flush-to-zero and denormals-are-zero. Elsewhere the rounding mode alone is tested.
    const std::uint64_t flags = FEWFIT_FP_CONTROL_CLEAR == 0xE040u ? 0x8040u : 0u;
    FEWFIT_FP_CONTROL_WRITE(FEWFIT_FP_CONTROL_READ() | flags);
    const std::uint64_t callers = FEWFIT_FP_CONTROL_READ();
    fewfit::workspace scratch;
    std::vector<float> found(expected.size());
    const std::string_view view(text);
    const fewfit::errc status = model.encode({&view, 1}, scratch, found);
    const std::uint64_t after = FEWFIT_FP_CONTROL_READ();
    FEWFIT_FP_CONTROL_WRITE(before);
    std::fesetround(FE_TONEAREST);
    CHECK(status == fewfit::errc::none);
    CHECK(found == expected);
    constexpr std::uint64_t sticky = 0x3F;  // exception flags are set by arithmetic itself
    CHECK((after & ~sticky) == (callers & ~sticky));
  }
}

TEST_CASE("bytes_of_panel: constants and the filled up inputs of 16 outputs, a multiple of 64") {
  using fewfit::number_type;
  for (std::size_t k = 1; k < 400; ++k) {
    const std::size_t k2 = (k + 1) / 2 * 2, k4 = (k + 3) / 4 * 4, groups = (k + 127) / 128;
    CHECK(fewfit::bytes_of_panel(number_type::f32, k) == 64 + 64 * k);
    CHECK(fewfit::bytes_of_panel(number_type::f16, k) == 64 + 32 * k2);
    CHECK(fewfit::bytes_of_panel(number_type::bf16, k) == 64 + 32 * k2);
    CHECK(fewfit::bytes_of_panel(number_type::i8, k) == 128 + 128 * groups + 16 * k4);
  }
}

TEST_CASE("padded: the next multiple of sixteen") {
  CHECK(fewfit::padded(1) == 16);
  CHECK(fewfit::padded(16) == 16);
  CHECK(fewfit::padded(17) == 32);
  CHECK(fewfit::padded(384) == 384);
}

// SPDX-License-Identifier: MIT
// A model that was warmed up is the same model, however it was loaded.

#include "fewfit/calls.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "support/call_faults.hpp"
#include "support/temporary.hpp"

namespace {

/// Every way to load a file, without checking its checksums.
template <class Check>
void for_each_way(const std::string& path, const std::string& content, const Check& check) {
  fewfit::load_options quick;
  quick.verify = fewfit::verify::structure;
  const support::aligned_bytes bytes(content);
  for (int way = 0; way < 3; ++way) {
    CAPTURE(way);
    const auto m = way == 0   ? fewfit::model::load(path, quick)
                   : way == 1 ? fewfit::model::load_copy(path, quick)
                              : fewfit::model::from_memory(bytes.data(), bytes.size(), quick);
    REQUIRE(m);
    check(*m);
  }
}

}  // namespace

TEST_SUITE_BEGIN("calls");

TEST_CASE("warm_up: on every kind of load, once or again, before and between calls; no bit changes") {
  const std::string content = support::tiny_bytes();
  const support::temporary_folder folder;
  const support::tiny_loaded cold(support::tiny());
  const auto expected = cold->encode("good day").value();
  for_each_way(folder.file("m", content), content, [&](const fewfit::model& m) {
    m.warm_up();
    CHECK(m.encode("good day").value() == expected);
    m.warm_up();
    CHECK(m.encode("good day").value() == expected);
  });
}

TEST_CASE("warm_up: word rows of more than 4 MB are left out, and everything around them is in the file") {
  if (FEWFIT_MODEL[0] == '\0') return;
  std::ifstream in(FEWFIT_MODEL, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::uint32_t digest = 0;
  for_each_way(FEWFIT_MODEL, content, [&](const fewfit::model& m) {
    m.warm_up();
    const auto report = m.self_test().value();
    CHECK(report.different_labels == 0);
    if (digest != 0) CHECK(report.digest == digest);
    digest = report.digest;
  });
}

TEST_SUITE_END();

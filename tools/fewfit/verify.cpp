// SPDX-License-Identifier: MIT
#include <cstdio>

#include "commands.hpp"
#include "common.hpp"
#include "output.hpp"

namespace tool {
namespace {

// Of a probability, between this machine and the original. What f32 and f16 files are held to; those in bf16 and i8
// are to give the original's labels, where it was sure of them.
constexpr double tolerance = 1e-5;

bool is_rounded(const fewfit::model_config& c) {
  const auto f16 = static_cast<std::uint32_t>(fewfit::number_type::f16);
  return c.linear_type > f16 || c.embedding_type > f16;
}

void say(const char* what, const std::string& result) {
  write_line(std::string(what) + result);
  flush();  // the next check may be the one that fails
}

std::string hexadecimal(std::uint32_t number) {
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(number));
  return digits;
}

void check_self_test(const options& options, const fewfit::model& model) {
  const auto report = model.self_test();
  if (!report && report.error().code == fewfit::errc::no_self_test) return say("self-test  ", "none in this file");
  if (!report) throw failure(bad_file, options.model + ": " + sentence(report.error()));
  std::string line = std::to_string(report->texts) + " texts, " + std::to_string(report->different_labels) +
                     " other labels, probabilities within ";
  append_number(line, report->largest_difference);
  say("self-test  ", line);
  say("digest     ", hexadecimal(report->digest));
  if (is_rounded(model.config())) {
    if (report->different_clear_labels == 0) return;
    throw failure(bad_file,
                  options.model + ": the self-test has other labels where the original's lead is more than 0.05");
  }
  if (!(report->largest_difference <= tolerance)) {  // so written, a NaN fails too
    throw failure(bad_file, options.model + ": the self-test's answers are farther than 1e-5 from the original's");
  }
}

}  // namespace

void verify(const options& options) {
  load_model(options.model, fewfit::verify::structure);
  say("structure  ", "ok");
  const fewfit::model model = load_model(options.model, fewfit::verify::full);
  say("checksums  ", "ok");
  check_self_test(options, model);
}

}  // namespace tool

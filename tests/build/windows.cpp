// SPDX-License-Identifier: MIT
// Loads a model under its own name and under one that is not ASCII, and prints what the self-test says; windows.sh.

#include <cstdio>
#include <fewfit/fewfit.hpp>

namespace {

int check(const char* path) {
  const auto mapped = fewfit::model::load(path), copied = fewfit::model::load_copy(path);
  if (!mapped || !copied) return std::printf("%s: %s\n", path, message(mapped.error())), 1;
  const auto report = mapped->self_test();
  if (!report || report->different_labels != 0 || report->digest != copied->self_test()->digest) return 1;
  return std::printf("digest %08x\n", static_cast<unsigned>(report->digest)), 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  const bool missing = fewfit::model::load("no such file").error().code == fewfit::errc::file_not_found;
  const bool folder = fewfit::model::load(".").error().code == fewfit::errc::not_a_regular_file;
  if (!missing || !folder) return 1;
  return check(argv[1]) + check("\xD0\xBC\xD0\xBE\xD0\xB4\xD0\xB5\xD0\xBB\xD1\x8C.fewfit");
}

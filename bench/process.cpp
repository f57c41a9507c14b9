// SPDX-License-Identifier: MIT
// A process that loads a model, asks one text and prints the label; process.py builds it several ways and times it.
//
//   process MODEL TEXT            the label, and no more: what a user's program does
//   process MODEL TEXT memory     then what of this process' memory is where
//   process MODEL TEXT calls      then milliseconds of the first call, the tenth, a warm one, one with cold caches
//   process                       nothing at all: what starting a program costs

#if defined(FEWFIT_PROCESS_LIGHT)  // the library is another file, optimised where this one is not
#include "fewfit/api.hpp"
#else
#include "fewfit/fewfit.hpp"
#endif

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

double milliseconds_of(const fewfit::model& m, std::string_view text, fewfit::workspace& scratch) {
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = m.predict(text, scratch);
  const auto end = std::chrono::steady_clock::now();
  if (answer.status != fewfit::errc::none) std::printf("failed %s\n", message(answer.status));
  return std::chrono::duration<double, std::milli>(end - begin).count();
}

double median(std::vector<double> x) {
  std::nth_element(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2), x.end());
  return x[x.size() / 2];
}

void print_times(const fewfit::model& m, std::string_view text) {
  fewfit::workspace scratch;
  std::vector<double> first, warm, cold;
  for (int i = 0; i < 10; ++i) first.push_back(milliseconds_of(m, text, scratch));
  for (int i = 0; i < 30; ++i) warm.push_back(milliseconds_of(m, text, scratch));
  std::vector<unsigned char> others(std::size_t{64} << 20);
  for (int i = 0; i < 20; ++i) {
    for (std::size_t at = 0; at < others.size(); at += 64) ++others[at];
    cold.push_back(milliseconds_of(m, text, scratch));
  }
  std::printf("first %.4f\ntenth %.4f\nwarm %.4f\ncold %.4f\n", first[0], first[9], median(warm), median(cold));
}

/// Prints `name` and the kilobytes of each line of /proc/self/`file` that begins with `field`, below one with `path`.
void print_kilobytes(const char* name, const char* file, std::string_view field, std::string_view path = {}) {
  std::ifstream in(std::string("/proc/self/") + file);
  std::string line;
  unsigned long sum = 0;
  bool inside = path.empty();
  while (std::getline(in, line)) {
    const bool opens = line.find('-') < line.find(' ');  // "7f00-7f01 r--p ... /path": a mapping begins
    if (opens && !path.empty()) inside = line.size() > path.size() && line.substr(line.size() - path.size()) == path;
    if (inside && line.compare(0, field.size(), field) == 0) sum += std::stoul(line.substr(field.size()));
  }
  std::printf("%s %lu\n", name, sum);
}

void print_memory(const std::string& path) {
  print_kilobytes("peak", "status", "VmHWM:");  // not ru_maxrss, which begins with that of the process before exec
  print_kilobytes("resident", "smaps_rollup", "Rss:");
  print_kilobytes("private_dirty", "smaps_rollup", "Private_Dirty:");
  print_kilobytes("mapped_file", "smaps", "Rss:", path);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 0;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) return std::printf("%s\n", message(model.error())), 1;
  if (argc == 3) return std::printf("%s\n", std::string(model->predict(argv[2]).label).c_str()), 0;
  if (std::strcmp(argv[3], "calls") == 0) return print_times(*model, argv[2]), 0;
  std::printf("tokens %u\n", model->predict(argv[2]).tokens);
  print_memory(argv[1]);
}

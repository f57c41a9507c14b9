// SPDX-License-Identifier: MIT
#pragma once
// Asks the processor each question once, and is included before fewfit. Every load asks what the processor can do; a
// guest of a hypervisor leaves its machine for each answer, and the dozen questions of a tiny file took half of the
// fuzzer's time.

#if defined(__x86_64__) && !defined(_MSC_VER)
#include <cpuid.h>

#include <array>
#include <map>
#include <utility>

namespace fuzz {

inline int cpuid_count(unsigned leaf, unsigned subleaf, unsigned* a, unsigned* b, unsigned* c, unsigned* d) {
  static std::map<std::pair<unsigned, unsigned>, std::array<unsigned, 5>> answers;
  const auto found = answers.find({leaf, subleaf});
  if (found == answers.end()) {
    std::array<unsigned, 5> r = {};
    r[4] = static_cast<unsigned>(__get_cpuid_count(leaf, subleaf, &r[0], &r[1], &r[2], &r[3]));
    answers[{leaf, subleaf}] = r;
    return cpuid_count(leaf, subleaf, a, b, c, d);
  }
  const std::array<unsigned, 5>& r = found->second;
  *a = r[0], *b = r[1], *c = r[2], *d = r[3];
  return static_cast<int>(r[4]);
}
inline int cpuid(unsigned leaf, unsigned* a, unsigned* b, unsigned* c, unsigned* d) {
  return cpuid_count(leaf, 0, a, b, c, d);
}

}  // namespace fuzz

#define __get_cpuid_count fuzz::cpuid_count
#define __get_cpuid fuzz::cpuid
#endif

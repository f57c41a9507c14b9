// SPDX-License-Identifier: MIT
// Prints what every unit says of every model that every unit has loaded, all on a thread of 64 KB. guest.py links it
// with units that were compiled in different ways and calls it in different surroundings.
//
//   guest ROUNDING FLUSH KERNELS MODEL...     of the caller: what fesetround is given, whether subnormal numbers are
//                                             flushed; kernels 0 or 1, automatic or portable

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cfenv>
#include <climits>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <locale>

#include "registry.hpp"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace {

// What POSIX asks for at least, where that is more.
const std::size_t stack_size = std::max<std::size_t>(64 * 1024, static_cast<std::size_t>(PTHREAD_STACK_MIN));
constexpr unsigned char untouched = 0xA5;

struct arguments {
  int count;
  char** values;
  int rounding() const { return std::atoi(values[1]); }
  bool flush() const { return values[2][0] == '1'; }
  int kernels() const { return std::atoi(values[3]); }
};

void disturb(const arguments& given) {
  std::fesetround(given.rounding());
#if defined(__SSE2__)
  if (given.flush()) _mm_setcsr(_mm_getcsr() | 0x8040u);
#endif
}

/// Prints a line a model.
void ask_all(const arguments& given) {
  disturb(given);
  for (int i = 4; i < given.count; ++i) {
    for (const guest::unit* loads = guest::units(); loads != nullptr; loads = loads->next) {
      void* const model = loads->load(given.values[i], given.kernels());
      for (const guest::unit* asks = guest::units(); asks != nullptr; asks = asks->next)
        std::printf("%08x ", model != nullptr ? asks->digest(model) : 0);
      loads->unload(model);
    }
    std::printf("\n");
  }
}

/// Memory for a stack, full of a pattern, with a page below it that faults.
unsigned char* make_stack() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const all = mmap(nullptr, page + stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED || mprotect(all, page, PROT_NONE) != 0) std::abort();
  unsigned char* const stack = static_cast<unsigned char*>(all) + page;
  std::memset(stack, untouched, stack_size);
  return stack;
}

std::size_t used(const unsigned char* stack) {
  std::size_t i = 0;
  while (i < stack_size && stack[i] == untouched) ++i;
  return stack_size - i;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 64;
  if (std::setlocale(LC_ALL, "") == nullptr) return std::fputs("no such locale\n", stderr), 1;
  std::locale::global(std::locale(""));
  tzset();
  arguments given{argc, argv};
  unsigned char* const stack = make_stack();
  pthread_attr_t how;
  pthread_t thread;
  const auto start = [](void* user) -> void* { return ask_all(*static_cast<arguments*>(user)), nullptr; };
  if (pthread_attr_init(&how) != 0 || pthread_attr_setstack(&how, stack, stack_size) != 0) return 2;
  if (pthread_create(&thread, &how, start, &given) != 0 || pthread_join(thread, nullptr) != 0) return 2;
  std::printf("%zu bytes of stack, locale %s, %s\n", used(stack), std::setlocale(LC_ALL, nullptr), tzname[0]);
}

// SPDX-License-Identifier: MIT
#pragma once
// An array at the very edge of memory: the byte behind it, or in front of it, belongs to a page that faults.

#include <cstddef>
#include <cstring>
#include <new>

#include "stop.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#define FEWFIT_TESTS_CAN_GUARD 1
#else
#include <cstdlib>
#define FEWFIT_TESTS_CAN_GUARD 0
#endif

namespace support {

constexpr bool can_guard() { return FEWFIT_TESTS_CAN_GUARD != 0; }

/// n elements, zero at first.
template <class T>
class guarded {
 public:
  guarded(std::size_t n, bool before) {
    const std::size_t bytes = n * sizeof(T);
#if FEWFIT_TESTS_CAN_GUARD
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t whole = (bytes + page - 1) / page * page;
    size_ = whole + 2 * page;
    base_ = static_cast<unsigned char*>(mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (base_ == MAP_FAILED) stop(std::bad_alloc());
    if (whole != 0 && mprotect(base_ + page, whole, PROT_READ | PROT_WRITE) != 0) stop(std::bad_alloc());
    data_ = base_ + page + (before ? 0 : whole - bytes);
#else
    static_cast<void>(before);
    base_ = static_cast<unsigned char*>(std::calloc(bytes + 1, 1));
    data_ = base_;
#endif
  }
  guarded(const guarded&) = delete;
  guarded& operator=(const guarded&) = delete;
  ~guarded() {
#if FEWFIT_TESTS_CAN_GUARD
    munmap(base_, size_);
#else
    std::free(base_);
#endif
  }
  T* data() const { return reinterpret_cast<T*>(data_); }

 private:
  unsigned char *base_ = nullptr, *data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace support

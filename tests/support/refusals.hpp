// SPDX-License-Identifier: MIT
#pragma once
// Every allocation of the program, counted and refused on demand: operator new in all its forms, malloc where the C
// library lets a program have its own, and an allocator for the library to be given. For one file of a program.
//
// Without exceptions an operator new that may not return null ends the program when it is refused.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "fewfit/types.hpp"

// Sanitizers have a malloc of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FEWFIT_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define FEWFIT_OWN_MALLOC 0
#endif
#endif
#if !defined(FEWFIT_OWN_MALLOC) && defined(__GLIBC__)
#define FEWFIT_OWN_MALLOC 1
#elif !defined(FEWFIT_OWN_MALLOC)
#define FEWFIT_OWN_MALLOC 0
#endif

namespace support {

/// What is refused, and what has been asked for, while the watch is on.
struct watch_over_memory {
  std::atomic<bool> on{false};
  std::atomic<bool> callers_alone{false};  // the program's own allocations are strangers, and are not refused
  std::size_t fail_at = 0;                 // refuse this one (1 is the first), 0: none
  bool for_ever = false;                   // and all behind it
  std::atomic<std::size_t> calls{0};
  std::atomic<std::size_t> strangers{0};  // by whoever had the caller's allocator, past it
  std::atomic<std::size_t> throwing{0};   // by an operator new that may not return null
  std::atomic<std::ptrdiff_t> live{0};    // blocks of operator new and of the allocator, always

  void begin(std::size_t at, bool and_all_behind) noexcept {
    fail_at = at, for_ever = and_all_behind;
    calls = 0, strangers = 0, throwing = 0;
    on = true;
  }
  bool refuses() noexcept {
    const std::size_t call = ++calls;
    return fail_at != 0 && (call == fail_at || (for_ever && call > fail_at));
  }
  bool refuses_program() noexcept {
    if (!on) return false;
    return callers_alone ? ++strangers, false : refuses();
  }
};

inline watch_over_memory memory_watch;

inline void* take_block(std::size_t bytes, std::size_t alignment) noexcept {
  void* const p = std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
  if (p != nullptr) ++memory_watch.live;
  return p;
}
// Not inlined: g++ would see free() meet operator new, and warn of what is meant.
[[gnu::noinline]] inline void give_back_block(void* p) noexcept {
  if (p != nullptr) --memory_watch.live;
  std::free(p);
}

inline void* take_or_null(std::size_t bytes, std::size_t alignment) noexcept {
  return memory_watch.refuses_program() ? nullptr : take_block(bytes, alignment);
}
inline void* take_or_throw(std::size_t bytes, std::size_t alignment) {
  if (memory_watch.on) ++memory_watch.throwing;
  void* const p = take_or_null(bytes, alignment);
  if (p != nullptr) return p;
#if FEWFIT_EXCEPTIONS
  throw std::bad_alloc();
#else
  std::fputs("an operator new that throws was refused\n", stderr);
  std::abort();
#endif
}

/// An allocator that is refused as the program is.
inline fewfit::allocator watched_allocator() noexcept {
  return {[](std::size_t bytes, std::size_t alignment, void*) -> void* {
            return memory_watch.on && memory_watch.refuses() ? nullptr : take_block(bytes, alignment);
          },
          [](void* memory, std::size_t, std::size_t, void*) { give_back_block(memory); }, nullptr};
}

}  // namespace support

void* operator new(std::size_t n) { return support::take_or_throw(n, 16); }
void* operator new[](std::size_t n) { return support::take_or_throw(n, 16); }
void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return support::take_or_null(n, 16); }
void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return support::take_or_null(n, 16); }
void* operator new(std::size_t n, std::align_val_t a) {
  return support::take_or_throw(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a) {
  return support::take_or_throw(n, static_cast<std::size_t>(a));
}
void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return support::take_or_null(n, static_cast<std::size_t>(a));
}
void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return support::take_or_null(n, static_cast<std::size_t>(a));
}
void operator delete(void* p) noexcept { support::give_back_block(p); }
void operator delete[](void* p) noexcept { support::give_back_block(p); }
void operator delete(void* p, std::size_t) noexcept { support::give_back_block(p); }
void operator delete[](void* p, std::size_t) noexcept { support::give_back_block(p); }
void operator delete(void* p, std::align_val_t) noexcept { support::give_back_block(p); }
void operator delete[](void* p, std::align_val_t) noexcept { support::give_back_block(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { support::give_back_block(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { support::give_back_block(p); }

#if FEWFIT_OWN_MALLOC
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* malloc(std::size_t n) { return support::memory_watch.refuses_program() ? nullptr : __libc_malloc(n); }
void* calloc(std::size_t n, std::size_t size) {
  return support::memory_watch.refuses_program() ? nullptr : __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t n) {
  return support::memory_watch.refuses_program() ? nullptr : __libc_realloc(p, n);
}
}
#endif

// SPDX-License-Identifier: MIT
#pragma once
// An allocator that counts, checks that memory comes back as it was given, and refuses on demand.

#include <cstdint>
#include <cstring>
#include <new>

#include "fewfit/api.hpp"

namespace support {

/// Not for several threads at once.
class counting_memory {
 public:
  std::size_t calls = 0;       // allocations asked for
  std::size_t live = 0;        // blocks not given back
  std::size_t live_bytes = 0;
  std::size_t peak = 0;        // of live_bytes
  std::size_t mistakes = 0;    // given back with another size, alignment or user; not aligned to 64
  std::size_t fail_at = 0;     // refuse this call (1 is the next), 0: none
  bool fail_for_ever = false;  // and all behind it
  std::size_t largest = SIZE_MAX;  // refuse what is larger
  void (*before)(void*) = nullptr;  // called at each allocation
  void* before_user = nullptr;

  fewfit::allocator allocator() noexcept { return {&take, &give_back, this}; }
  void fail(std::size_t at, bool for_ever) { calls = 0, fail_at = at, fail_for_ever = for_ever; }

 private:
  struct note {
    std::size_t bytes, alignment;
    counting_memory* owner;
  };

  static void* take(std::size_t bytes, std::size_t alignment, void* user) {
    auto& self = *static_cast<counting_memory*>(user);
    ++self.calls;
    if (self.before != nullptr) self.before(self.before_user);
    if (alignment != 64) ++self.mistakes;
    if (bytes > self.largest) return nullptr;
    if (self.fail_at != 0 && (self.calls == self.fail_at || (self.fail_for_ever && self.calls > self.fail_at)))
      return nullptr;
    auto* block = static_cast<unsigned char*>(::operator new(64 + bytes, std::align_val_t{64}));
    new (block) note{bytes, alignment, &self};
    std::memset(block + 64, 0xCD, bytes);  // memory is never clean
    ++self.live, self.live_bytes += bytes;
    self.peak = self.live_bytes > self.peak ? self.live_bytes : self.peak;
    return block + 64;
  }
  static void give_back(void* memory, std::size_t bytes, std::size_t alignment, void* user) {
    auto& self = *static_cast<counting_memory*>(user);
    auto* block = static_cast<unsigned char*>(memory) - 64;
    note n{};
    std::memcpy(&n, block, sizeof n);
    if (n.bytes != bytes || n.alignment != alignment || n.owner != &self) ++self.mistakes;
    --self.live, self.live_bytes -= n.bytes;
    ::operator delete(block, std::align_val_t{64});
  }
};

}  // namespace support

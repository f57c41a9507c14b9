// SPDX-License-Identifier: MIT
#pragma once
// What a unit of guest.py's programs can do, and the list in which each unit enters itself: the same file, compiled
// with other flags, is another unit, and a program is any number of them.

namespace guest {

struct unit {
  /// A model from a file, with these kernels; null where there is none or the processor lacks them.
  void* (*load)(const char* path, int kernels);
  void (*unload)(void* model);
  /// A checksum over the bits of all that it says; 0 where anything goes wrong.
  unsigned (*digest)(const void* model);
  const unit* next;
};

/// The units of this program, the last to be linked first.
inline const unit*& units() {
  static const unit* first = nullptr;
  return first;
}

}  // namespace guest

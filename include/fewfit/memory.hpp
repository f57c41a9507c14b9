// SPDX-License-Identifier: MIT
#pragma once
// Memory from the caller's allocator, given back when its owner goes. Running out is a null pointer, never an abort.

#include <new>
#include <utility>

#include "fewfit/types.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Bytes aligned to 64, or null.
inline void* allocate(const allocator& from, std::size_t bytes) noexcept {
  if (from.alloc != nullptr) return from.alloc(bytes, 64, from.user);
  return ::operator new(bytes, std::align_val_t{64}, std::nothrow);
}

inline void release(const allocator& from, void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  if (from.alloc != nullptr) {  // an arena may have nothing to give back to
    if (from.free != nullptr) from.free(memory, bytes, 64, from.user);
    return;
  }
  ::operator delete(memory, std::align_val_t{64});
}

/// An array of trivial things that gives its memory back.
template <class T>
class owned {
 public:
  owned() noexcept = default;
  /// 64 bits: where size_t has 32, the product of two sizes or the size of a file may not fit into it.
  owned(const allocator& from, std::uint64_t count) noexcept : from_(from) {
    // Half, because allocators round up: libstdc++'s takes SIZE_MAX bytes at 64 for none, and gives them.
    if (count > static_cast<std::size_t>(-1) / 2 / sizeof(T)) return;
    data_ = static_cast<T*>(allocate(from, static_cast<std::size_t>(count) * sizeof(T)));
    size_ = data_ != nullptr ? static_cast<std::size_t>(count) : 0;
  }
  owned(owned&& other) noexcept : from_(other.from_), data_(other.data_), size_(other.size_) {
    other.data_ = nullptr;
  }
  owned& operator=(owned&& other) noexcept {
    std::swap(from_, other.from_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~owned() { release(from_, data_, size_ * sizeof(T)); }

  T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t bytes() const noexcept { return size_ * sizeof(T); }
  T& operator[](std::size_t i) const noexcept { return data_[i]; }
  explicit operator bool() const noexcept { return data_ != nullptr; }

 private:
  allocator from_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace detail
}  // namespace v0
}  // namespace fewfit

// SPDX-License-Identifier: MIT
#pragma once
// Takes numbers and arrays out of a section, front to back: what bytes of it may be read is decided here
// alone.
//
// Whoever wants every byte checked has two questions of each: the checksum's, and the rule of the number it belongs
// to. A model is larger than any cache, so the reader sums in blocks, just ahead of what it hands out, and large
// arrays are handed out in pieces: the second look finds the first one's bytes in the first-level cache. (Two passes
// took the demonstration model in f32 8.3 ms on a Xeon, this takes 6.5.)

#include "fewfit/io/blob.hpp"

namespace fewfit {
inline namespace v0 {

/// What is asked of every field is not inlined: it would be 20 KB of a program.
///
/// The first failure sticks: everything taken after it is zero or null, so a caller may take all and ask once.
class section_reader {
 public:
  section_reader(const section& s, const char* name) noexcept : section_(s), name_(name) {}

  bool ok() const noexcept { return error_.code == errc::none; }
  /// Whether every number is to be looked at.
  bool full() const noexcept { return section_.full; }
  const char* name() const noexcept { return name_; }
  const fewfit::error& error() const noexcept { return error_; }
  FEWFIT_NEVER_INLINE void fail(errc code, const char* where, std::uint64_t number) noexcept {
    if (ok()) error_ = {code, where, number};
  }
  /// Where in the section a place lies that was handed out.
  std::uint64_t offset_of(const void* place) const noexcept {
    return static_cast<std::uint64_t>(static_cast<const unsigned char*>(place) - section_.content.data);
  }

  template <class T>
  T take() noexcept {
    const unsigned char* p = advance(sizeof(T));
    return p != nullptr ? detail::read_at<T>(p) : T{};
  }
  /// A u32 between two bounds.
  FEWFIT_NEVER_INLINE std::uint32_t take_between(std::uint32_t low, std::uint32_t high, errc otherwise,
                                                 const char* field) noexcept {
    const auto value = take<std::uint32_t>();
    if (ok() && (value < low || value > high)) fail(otherwise, field, value);
    return ok() ? value : 0;
  }
  std::uint32_t take_flag(const char* field) noexcept { return take_between(0, 1, errc::bad_flag, field); }
  /// Reserved bytes.
  FEWFIT_NEVER_INLINE void take_zeros(std::uint64_t n) noexcept {
    const unsigned char* p = advance(n);
    if (p != nullptr && !detail::all_zero(p, n)) fail(errc::reserved_not_zero, name_, at_ - n);
  }
  /// `n` elements in place, from the next multiple of 64 on. Null when they are not all there.
  template <class T>
  const T* take_array(std::uint64_t n) noexcept {
    take_padding();
    return reinterpret_cast<const T*>(advance(n, sizeof(T)));
  }
  /// The same of `n` elements of `size` bytes, of which a few at a time are shown to `look(bytes, first, count)`, in
  /// order. Null, too, when a look fails.    needs  size > 0
  template <class Look>
  const unsigned char* take_and_look(std::uint64_t n, std::uint64_t size, const Look& look) noexcept;
  string_table take_strings(std::uint32_t n, std::uint32_t max_bytes) noexcept;
  /// Every byte has been taken. What a checksum says comes before any other failure: they speak of files as they were
  /// written, it of those that were damaged since.
  void finish() noexcept;

 private:
  // Two rounds of the checksum's three streams, and half of a first-level cache or more.
  static constexpr std::uint64_t block = 2 * 3 * 4096;

  /// Whether `n` elements of `size` bytes are there. The one look at the end: divided, so that no product can wrap.
  bool reaches(std::uint64_t n, std::uint64_t size) noexcept {
    if (n > (section_.content.size - at_) / size) fail(errc::section_size, name_, at_);
    return ok();
  }
  FEWFIT_NEVER_INLINE const unsigned char* advance(std::uint64_t n, std::uint64_t size = 1) noexcept {
    if (!reaches(n, size)) return nullptr;
    const unsigned char* p = section_.content.data + at_;
    at_ += n * size;
    sum_up_to(at_);
    return p;
  }
  FEWFIT_NEVER_INLINE void take_padding() noexcept {
    const std::uint64_t n = detail::align_up(at_) - at_;
    const unsigned char* p = advance(n);
    if (p != nullptr && !detail::all_zero(p, n)) fail(errc::padding_not_zero, name_, at_ - n);
  }
  void sum_up_to(std::uint64_t end) noexcept {
    const std::uint64_t whole =
        detail::align_up(section_.content.size);  // who parsed the file has seen that it is there
    while (section_.full && summed_ < end) {
      const std::uint64_t n = whole - summed_ < block ? whole - summed_ : block;
      sum_ = section_.sum(sum_, section_.content.data + summed_, static_cast<std::size_t>(n));
      summed_ += n;
    }
  }

  section section_;
  const char* name_;
  std::uint64_t at_ = 0, summed_ = 0;
  std::uint32_t sum_ = ~0u;
  fewfit::error error_;
};

template <class Look>
const unsigned char* section_reader::take_and_look(std::uint64_t n, std::uint64_t size, const Look& look) noexcept {
  take_padding();
  if (!reaches(n, size)) return nullptr;
  const unsigned char* const all = section_.content.data + at_;
  const std::uint64_t together = size < block ? block / size : 1;
  for (std::uint64_t done = 0; done < n && ok(); done += together) {
    const std::uint64_t few = n - done < together ? n - done : together;
    look(advance(few, size), done, few);
  }
  return ok() ? all : nullptr;
}

inline string_table section_reader::take_strings(std::uint32_t n, std::uint32_t max_bytes) noexcept {
  const auto* offsets = take_array<std::uint32_t>(std::uint64_t{n} + 1);
  if (offsets == nullptr) return {};
  if (offsets[0] != 0) return fail(errc::bad_string_table, name_, 0), string_table{};
  for (std::uint32_t i = 0; i < n; ++i) {
    if (offsets[i + 1] < offsets[i]) return fail(errc::bad_string_table, name_, i), string_table{};
    if (offsets[i + 1] - offsets[i] > max_bytes) return fail(errc::string_too_long, name_, i), string_table{};
  }
  const auto* pool = take_array<char>(offsets[n]);
  return ok() ? string_table{offsets, pool, n} : string_table{};
}

inline void section_reader::finish() noexcept {
  if (ok() && at_ != section_.content.size) fail(errc::section_size, name_, at_);
  sum_up_to(detail::align_up(section_.content.size));
  if (section_.full && ~sum_ != section_.checksum) error_ = {errc::section_checksum, name_, section_.offset};
}

}  // namespace v0
}  // namespace fewfit

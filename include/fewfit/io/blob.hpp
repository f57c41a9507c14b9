// SPDX-License-Identifier: MIT
#pragma once
// One model, one file, read in place: the container. docs/model_file.md shows the same rules as tables.
//
// Header (64 bytes), directory (16 bytes a section), sections. Everything starts at a multiple of 64 and the bytes
// between are zero. No offset is stored: each section begins where the one before ended, so none can overlap another,
// leave a gap or point outside, and the last one's padding is the end of the file, so nothing can hide behind it.
// Header and directory have one checksum, each section has one. Nothing is used before everything is checked, and
// nothing here relies on a checksum: whoever means harm repairs them.

#include <cstring>

#include "fewfit/io/crc32c.hpp"
#include "fewfit/result.hpp"
#include "fewfit/strings.hpp"

namespace fewfit {
inline namespace v0 {

/// Somebody else's bytes.
struct bytes {
  const unsigned char* data = nullptr;
  std::uint64_t size = 0;
};

/// Types of sections, ascending in a file; from `optional` on, a reader passes over what it does not know.
enum class section_type : std::uint32_t {
  config = 1,
  tokenizer,
  vocabulary,
  word_embeddings,
  position_embeddings,
  layer,
  head,
  about,
  self_test,
  optional = 0x80000000u
};

constexpr const char* section_name(std::uint32_t type) noexcept {
  constexpr const char* names[] = {
      "section", "config", "tokenizer", "vocabulary", "word_embeddings", "position_embeddings",
      "layer",   "head",   "about",     "self_test"};
  if (type >= static_cast<std::uint32_t>(section_type::optional)) return "optional section";
  return type < sizeof(names) / sizeof(names[0]) ? names[type] : "section";
}

namespace detail {

inline constexpr unsigned char magic[8] = {0x89, 'F', 'F', 'T', '\r', '\n', 0x1A, '\n'};
inline constexpr std::uint64_t header_bytes = 64, entry_bytes = 16, alignment = 64;
inline constexpr std::uint32_t max_sections = 4096;

constexpr std::uint64_t align_up(std::uint64_t n) noexcept { return (n + alignment - 1) / alignment * alignment; }

template <class T>
T read_at(const unsigned char* p) noexcept {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

inline bool all_zero(const unsigned char* p, std::uint64_t n) noexcept {
  for (std::uint64_t i = 0; i < n; ++i)
    if (p[i] != 0) return false;
  return true;
}

}  // namespace detail

/// A checked container. A view: the bytes outlive it.
class blob {
 public:
  /// Checks header, directory, padding and, if asked to, every checksum.    cost  one pass over the file when `full`
  static result<blob> parse(bytes file, bool full) noexcept;
  /// What the first 64 bytes alone tell: whether it is worth reading the rest of a file of this size.
  static error check_start(const unsigned char* header, std::uint64_t file_size) noexcept;

  std::uint32_t sections() const noexcept { return count_; }
  std::uint32_t type(std::uint32_t i) const noexcept { return detail::read_at<std::uint32_t>(entry(i)); }
  std::uint64_t size(std::uint32_t i) const noexcept { return detail::read_at<std::uint64_t>(entry(i) + 8); }

 private:
  friend class section_walk;
  explicit blob(bytes file) noexcept : file_(file) {}
  const unsigned char* entry(std::uint32_t i) const noexcept {
    return file_.data + detail::header_bytes + i * detail::entry_bytes;
  }
  std::uint64_t first_section() const noexcept {
    return detail::header_bytes + detail::align_up(count_ * detail::entry_bytes);
  }
  error check_header() noexcept;
  error check_directory() const noexcept;
  error check_sections(bool full) const noexcept;

  bytes file_;
  std::uint32_t count_ = 0;
};

/// Goes through the sections of a blob in order.
class section_walk {
 public:
  explicit section_walk(const blob& b) noexcept : blob_(b), at_(b.first_section()) {}
  bool done() const noexcept { return i_ == blob_.sections(); }
  std::uint32_t type() const noexcept { return done() ? 0 : blob_.type(i_); }
  std::uint32_t index() const noexcept { return i_; }
  bytes content() const noexcept { return {blob_.file_.data + at_, blob_.size(i_)}; }
  void next() noexcept { at_ += detail::align_up(blob_.size(i_++)); }

 private:
  const blob& blob_;
  std::uint64_t at_;
  std::uint32_t i_ = 0;
};

inline result<blob> blob::parse(bytes file, bool full) noexcept {
  if (reinterpret_cast<std::uintptr_t>(file.data) % detail::alignment != 0) return errc::misaligned_memory;
  if (file.size < detail::header_bytes) return error{errc::file_too_short, "header", file.size};
  blob b(file);
  if (const error e = b.check_header(); e.code != errc::none) return e;
  if (const error e = b.check_directory(); e.code != errc::none) return e;
  if (const error e = b.check_sections(full); e.code != errc::none) return e;
  return b;
}

inline error blob::check_start(const unsigned char* h, std::uint64_t file_size) noexcept {
  const auto u32 = [h](std::size_t offset) { return detail::read_at<std::uint32_t>(h + offset); };
  if (std::memcmp(h, detail::magic, sizeof detail::magic) != 0) {
    // What a text-mode copy does to the magic: \r\n becomes \n, or \n becomes \r\n, or the top bit is lost.
    const bool damaged = std::memcmp(h + 1, "FFT", 3) == 0 && (h[0] == 0x89 || h[0] == 0x09);
    return {damaged ? errc::text_mode_damage : errc::not_a_model_file, "magic", 0};
  }
  if (u32(8) == 0x04030201u) return {errc::wrong_byte_order, "byte order", 8};
  if (u32(8) != 0x01020304u) return {errc::not_a_model_file, "byte order", 8};
  if (u32(12) != 1) return {errc::unsupported_version, "version", u32(12)};
  if (detail::read_at<std::uint64_t>(h + 16) != file_size) return {errc::wrong_file_size, "file size", file_size};
  return {};
}

inline error blob::check_header() noexcept {
  const unsigned char* h = file_.data;
  const auto u32 = [h](std::size_t offset) { return detail::read_at<std::uint32_t>(h + offset); };
  if (const error e = check_start(h, file_.size); e.code != errc::none) return e;
  if (u32(28) < 1 || u32(28) > detail::max_sections) return {errc::bad_section_count, "section count", u32(28)};
  count_ = u32(28);
  if (first_section() > file_.size) return {errc::file_too_short, "directory", file_.size};
  const std::uint32_t head = crc32c(h, 60);
  if (crc32c(h + detail::header_bytes, static_cast<std::size_t>(first_section() - detail::header_bytes), head) !=
      u32(60))
    return {errc::header_checksum, "header", 60};
  if (u32(24) != 1) return {errc::unsupported_kind, "kind", u32(24)};
  if (u32(32) != 0) return {errc::unsupported_flags, "required flags", u32(32)};
  if (!detail::all_zero(h + 40, 20)) return {errc::reserved_not_zero, "header", 40};
  return {};
}

inline error blob::check_directory() const noexcept {
  std::uint64_t at = first_section();
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (i > 0 && type(i) < type(i - 1)) return {errc::section_order, "directory", i};
    if (size(i) > file_.size - at) return {errc::section_out_of_bounds, section_name(type(i)), size(i)};
    at += detail::align_up(size(i));  // cannot wrap: size(i) is at most the file's
    if (at > file_.size) return {errc::section_out_of_bounds, section_name(type(i)), size(i)};
  }
  if (at != file_.size) return {errc::trailing_bytes, "file", at};
  const std::uint64_t used = detail::header_bytes + count_ * detail::entry_bytes;
  if (!detail::all_zero(file_.data + used, first_section() - used))
    return {errc::padding_not_zero, "directory", used};
  return {};
}

inline error blob::check_sections(bool full) const noexcept {
  for (section_walk walk(*this); !walk.done(); walk.next()) {
    const bytes content = walk.content();
    const std::uint64_t whole = detail::align_up(content.size);
    const auto where = static_cast<std::uint64_t>(content.data - file_.data);
    if (!detail::all_zero(content.data + content.size, whole - content.size))
      return {errc::padding_not_zero, section_name(walk.type()), where + content.size};
    const std::uint32_t expected = detail::read_at<std::uint32_t>(entry(walk.index()) + 4);
    if (full && crc32c(content.data, static_cast<std::size_t>(whole)) != expected)
      return {errc::section_checksum, section_name(walk.type()), where};
  }
  return {};
}

/// Takes numbers and arrays out of a section, front to back; the only code that touches raw bytes.
///
/// The first failure sticks: everything taken after it is zero or null, so a caller may take all and ask once.
class section_reader {
 public:
  section_reader(bytes content, const char* name) noexcept : content_(content), name_(name) {}

  bool ok() const noexcept { return error_.code == errc::none; }
  const fewfit::error& error() const noexcept { return error_; }
  void fail(errc code, const char* where, std::uint64_t number) noexcept {
    if (ok()) error_ = {code, where, number};
  }

  template <class T>
  T take() noexcept {
    const unsigned char* p = advance(sizeof(T));
    return p != nullptr ? detail::read_at<T>(p) : T{};
  }
  /// A u32 between two bounds.
  std::uint32_t take_between(std::uint32_t low, std::uint32_t high, errc otherwise, const char* field) noexcept {
    const auto value = take<std::uint32_t>();
    if (ok() && (value < low || value > high)) fail(otherwise, field, value);
    return ok() ? value : 0;
  }
  std::uint32_t take_flag(const char* field) noexcept { return take_between(0, 1, errc::bad_flag, field); }
  /// Reserved bytes.
  void take_zeros(std::uint64_t n) noexcept {
    const unsigned char* p = advance(n);
    if (p != nullptr && !detail::all_zero(p, n)) fail(errc::reserved_not_zero, name_, at_ - n);
  }
  /// `n` elements in place, from the next multiple of 64 on. Null when they are not all there.
  template <class T>
  const T* take_array(std::uint64_t n) noexcept {
    take_padding();
    if (n > content_.size / sizeof(T)) return fail(errc::section_size, name_, n), nullptr;
    return reinterpret_cast<const T*>(advance(n * sizeof(T)));
  }
  string_table take_strings(std::uint32_t n, std::uint32_t max_bytes) noexcept;
  /// Every byte has been taken.
  void finish() noexcept {
    if (ok() && at_ != content_.size) fail(errc::section_size, name_, at_);
  }

 private:
  const unsigned char* advance(std::uint64_t n) noexcept {
    if (!ok()) return nullptr;
    if (n > content_.size - at_) return fail(errc::section_size, name_, at_), nullptr;
    const unsigned char* p = content_.data + at_;
    at_ += n;
    return p;
  }
  void take_padding() noexcept {
    const std::uint64_t n = detail::align_up(at_) - at_;
    const unsigned char* p = advance(n);
    if (p != nullptr && !detail::all_zero(p, n)) fail(errc::padding_not_zero, name_, at_ - n);
  }

  bytes content_;
  const char* name_;
  std::uint64_t at_ = 0;
  fewfit::error error_;
};

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

}  // namespace v0
}  // namespace fewfit

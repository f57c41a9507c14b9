// SPDX-License-Identifier: MIT
#pragma once
// One model, one file, read in place: the container. docs/model_file.md shows the same rules as tables.
//
// Header (64 bytes), directory (16 bytes a section), sections. Everything starts at a multiple of 64 and the bytes
// between are zero. No offset is stored: each section begins where the one before ended, so none can overlap another,
// leave a gap or point outside, and the last one's padding is the end of the file, so nothing can hide behind it.
// Header and directory have one checksum, each section has one. Nothing here relies on a checksum: whoever means harm
// repairs them.

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

/// What one section holds, and whether its checksum and each of its numbers are asked for.
struct section {
  bytes content;
  std::uint64_t offset = 0;    // in the file
  std::uint32_t checksum = 0;  // of the content and of the zeros up to the next multiple of 64
  bool full = true;
  crc32c_function sum = detail::crc32c_by_table;  // the fastest way to the checksum
  std::uint32_t version = 0;                      // of the file
};

/// Types of sections, ascending in a file; from `optional` on, a reader passes over what it does not know.
enum class section_type : std::uint32_t {
  config = 1,
  tokenizer,
  vocabulary,
  word_embeddings,
  position_embeddings,
  layer,
  dense,
  body,
  head,
  about,
  self_test,
  examples,
  optional = 0x80000000u
};

/// What a file is: a model, or a head for the body of one.
enum class file_kind : std::uint32_t { model = 1, head = 2 };

constexpr const char* section_name(std::uint32_t type) noexcept {
  constexpr const char* names[] = {
      "section", "config", "tokenizer", "vocabulary", "word_embeddings", "position_embeddings", "layer", "dense",
      "body",    "head",   "about",     "self_test",  "examples"};
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
  /// Checks header, directory and padding. The checksum of a section is its reader's to ask for, which looks at the
  /// same bytes anyway.
  static result<blob> parse(bytes file, file_kind wanted = file_kind::model) noexcept;
  /// What the first 64 bytes alone tell: whether it is worth reading the rest of a file of this size.
  static error check_start(const unsigned char* header, std::uint64_t file_size) noexcept;

  std::uint32_t sections() const noexcept { return count_; }
  std::uint32_t version() const noexcept { return detail::read_at<std::uint32_t>(file_.data + 12); }
  /// As version 2 numbers it: in version 1 nothing stood between layers and head.
  std::uint32_t type(std::uint32_t i) const noexcept {
    const auto raw = detail::read_at<std::uint32_t>(entry(i));
    const bool renumbered = version() == 1 && raw > static_cast<std::uint32_t>(section_type::layer) &&
                            raw < static_cast<std::uint32_t>(section_type::optional);
    return renumbered ? raw + 2 : raw;
  }
  std::uint64_t size(std::uint32_t i) const noexcept { return detail::read_at<std::uint64_t>(entry(i) + 8); }
  /// The entries of the directory that come first, as they stand in the file.
  bytes entries(std::uint32_t n) const noexcept { return {entry(0), n * detail::entry_bytes}; }

 private:
  friend class section_walk;
  explicit blob(bytes file) noexcept : file_(file) {}
  const unsigned char* entry(std::uint32_t i) const noexcept {
    return file_.data + detail::header_bytes + i * detail::entry_bytes;
  }
  std::uint64_t first_section() const noexcept {
    return detail::header_bytes + detail::align_up(count_ * detail::entry_bytes);
  }
  error check_header(file_kind wanted) noexcept;
  error check_directory() const noexcept;
  error check_padding() const noexcept;

  bytes file_;
  std::uint32_t count_ = 0;
  crc32c_function sum_ = fastest_crc32c();
};

/// Goes through the sections of a blob in order.
class section_walk {
 public:
  explicit section_walk(const blob& b) noexcept : blob_(b), at_(b.first_section()) {}
  bool done() const noexcept { return i_ == blob_.sections(); }
  std::uint32_t type() const noexcept { return done() ? 0 : blob_.type(i_); }
  std::uint32_t index() const noexcept { return i_; }
  section content(bool full) const noexcept {
    const auto checksum = detail::read_at<std::uint32_t>(blob_.entry(i_) + 4);
    return {{blob_.file_.data + at_, blob_.size(i_)}, at_, checksum, full, blob_.sum_, blob_.version()};
  }
  void next() noexcept { at_ += detail::align_up(blob_.size(i_++)); }

 private:
  const blob& blob_;
  std::uint64_t at_;
  std::uint32_t i_ = 0;
};

FEWFIT_COLD inline result<blob> blob::parse(bytes file, file_kind wanted) noexcept {
  if (reinterpret_cast<std::uintptr_t>(file.data) % detail::alignment != 0) return errc::misaligned_memory;
  if (file.size < detail::header_bytes) return error{errc::file_too_short, "header", file.size};
  blob b(file);
  if (const error e = b.check_header(wanted); e.code != errc::none) return e;
  if (const error e = b.check_directory(); e.code != errc::none) return e;
  if (const error e = b.check_padding(); e.code != errc::none) return e;
  return b;
}

FEWFIT_COLD inline error blob::check_start(const unsigned char* h, std::uint64_t file_size) noexcept {
  const auto u32 = [h](std::size_t offset) { return detail::read_at<std::uint32_t>(h + offset); };
  if (std::memcmp(h, detail::magic, sizeof detail::magic) != 0) {
    // What a text-mode copy does to the magic: \r\n becomes \n, or \n becomes \r\n, or the top bit is lost.
    const bool damaged = std::memcmp(h + 1, "FFT", 3) == 0 && (h[0] == 0x89 || h[0] == 0x09);
    return {damaged ? errc::text_mode_damage : errc::not_a_model_file, "magic", 0};
  }
  if (u32(8) == 0x04030201u) return {errc::wrong_byte_order, "byte order", 8};
  if (u32(8) != 0x01020304u) return {errc::not_a_model_file, "byte order", 8};
  if (u32(12) < 1 || u32(12) > 2) return {errc::unsupported_version, "version", u32(12)};
  if (detail::read_at<std::uint64_t>(h + 16) != file_size) return {errc::wrong_file_size, "file size", file_size};
  return {};
}

FEWFIT_COLD inline error blob::check_header(file_kind wanted) noexcept {
  const unsigned char* h = file_.data;
  const auto u32 = [h](std::size_t offset) { return detail::read_at<std::uint32_t>(h + offset); };
  if (const error e = check_start(h, file_.size); e.code != errc::none) return e;
  if (u32(28) < 1 || u32(28) > detail::max_sections) return {errc::bad_section_count, "section count", u32(28)};
  count_ = u32(28);
  if (first_section() > file_.size) return {errc::file_too_short, "directory", file_.size};
  const auto directory = static_cast<std::size_t>(first_section() - detail::header_bytes);
  if (~sum_(sum_(~0u, h, 60), h + detail::header_bytes, directory) != u32(60))
    return {errc::header_checksum, "header", 60};
  if (u32(24) != static_cast<std::uint32_t>(wanted)) return {errc::unsupported_kind, "kind", u32(24)};
  if (u32(32) != 0) return {errc::unsupported_flags, "required flags", u32(32)};
  if (!detail::all_zero(h + 40, 20)) return {errc::reserved_not_zero, "header", 40};
  return {};
}

FEWFIT_COLD inline error blob::check_directory() const noexcept {
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

FEWFIT_COLD inline error blob::check_padding() const noexcept {
  for (section_walk walk(*this); !walk.done(); walk.next()) {
    const section s = walk.content(false);
    const std::uint64_t size = s.content.size;
    if (!detail::all_zero(s.content.data + size, detail::align_up(size) - size))
      return {errc::padding_not_zero, section_name(walk.type()), s.offset + size};
  }
  return {};
}

}  // namespace v0
}  // namespace fewfit

// SPDX-License-Identifier: MIT
#pragma once
// A head's own file, written into memory: what `teach` has found out becomes bytes like any other file's, and is
// checked like them before anybody asks it. docs/model_file.md shows the layout as tables.
//
// The same function counts and writes, so the two cannot disagree: without a place to write to it only counts.

#include "fewfit/io/head_sections.hpp"

namespace fewfit {
inline namespace v0 {

/// What goes into a head's file. Views: nothing is kept.
struct head_content {
  bytes body;  // directory entries of the model it is for
  std::uint32_t kind = 1;
  span<const std::string_view> labels;
  bool labels_are_integers = false;
  std::string_view name;
  span<const double> intercept, coefficients;
  double abstain_below = 0, expected_error = 0, expected_answers = 0;
  std::uint32_t unknown = 0;           // 1 + the label's number
  span<const std::string_view> about;  // key, value, key, value; keys ascending
  examples_section examples{};         // none where the count is 0
  span<const std::string_view> texts;  // of the examples, or none
};

namespace detail {

/// Appends to a section and sums its bytes up.
class section_writer {
 public:
  section_writer(unsigned char* out, crc32c_function sum) noexcept : out_(out), sum_(sum) {}

  template <class T>
  void put(T value) noexcept {
    append(&value, sizeof value);
  }
  void put_bytes(const void* data, std::uint64_t n) noexcept { append(data, n); }
  void put_zeros(std::uint64_t n) noexcept {
    constexpr unsigned char zeros[alignment] = {};
    for (; n > sizeof zeros; n -= sizeof zeros) append(zeros, sizeof zeros);
    append(zeros, n);
  }
  template <class T>
  void put_array(const T* data, std::uint64_t n) noexcept {
    align();
    append(data, n * sizeof(T));
  }
  /// Strings as tables have them: where each begins, and all of them joined.
  template <class At>
  void put_strings(std::uint32_t n, const At& at) noexcept {
    align();
    std::uint32_t offset = 0;
    put(offset);
    for (std::uint32_t i = 0; i < n; ++i) put(offset += static_cast<std::uint32_t>(at(i).size()));
    align();
    for (std::uint32_t i = 0; i < n; ++i) append(at(i).data(), at(i).size());
  }
  void align() noexcept { put_zeros(align_up(size_) - size_); }

  std::uint64_t size() const noexcept { return size_; }
  std::uint32_t checksum() const noexcept { return ~crc_; }

 private:
  void append(const void* data, std::uint64_t n) noexcept {
    if (out_ != nullptr && n != 0) {
      std::memcpy(out_ + size_, data, static_cast<std::size_t>(n));
      crc_ = sum_(crc_, out_ + size_, static_cast<std::size_t>(n));
    }
    size_ += n;
  }

  unsigned char* out_;
  crc32c_function sum_;
  std::uint64_t size_ = 0;
  std::uint32_t crc_ = ~0u;
};

inline void write_body(const head_content& h, section_writer& out) noexcept {
  out.put(static_cast<std::uint32_t>(h.body.size / entry_bytes));
  out.put_zeros(60);
  out.put_array(h.body.data, h.body.size);
}

inline void write_head(const head_content& h, section_writer& out) noexcept {
  const std::uint32_t flags[] = {
      h.kind, static_cast<std::uint32_t>(h.labels.size), h.kind >= 4 ? 2u : 1u, h.labels_are_integers ? 1u : 0u, 0,
      0};
  for (const std::uint32_t flag : flags) out.put(flag);
  out.put(h.abstain_below), out.put(h.expected_error);
  out.put(h.unknown);
  out.put_zeros(4);
  out.put(h.expected_answers);
  out.put_zeros(8);
  out.put_strings(1, [&](std::uint32_t) { return h.name; });
  out.put_strings(static_cast<std::uint32_t>(h.labels.size), [&](std::uint32_t i) { return h.labels[i]; });
  out.put_array(h.intercept.data, h.intercept.size);
  out.put_array(h.coefficients.data, h.coefficients.size);
}

inline void write_about(const head_content& h, section_writer& out) noexcept {
  out.put(static_cast<std::uint32_t>(h.about.size / 2));
  out.put_zeros(60);
  out.put_strings(static_cast<std::uint32_t>(h.about.size), [&](std::uint32_t i) { return h.about[i]; });
}

inline void write_examples(const head_content& h, section_writer& out) noexcept {
  const examples_section& e = h.examples;
  out.put(e.count), out.put(h.texts.size != 0 ? 1u : 0u);
  out.put(e.how.C), out.put(e.how.tolerance), out.put(e.how.most_errors);
  out.put(e.how.fit_intercept), out.put(e.how.balanced);
  out.put_zeros(24);
  out.put_array(e.labels, e.count);
  out.put_array(e.vectors, std::uint64_t{e.count} * e.width);
  if (h.texts.size != 0) out.put_strings(e.count, [&](std::uint32_t i) { return h.texts[i]; });
}

}  // namespace detail

/// The bytes of the file, or how many there are where `out` is null.    needs  out at a multiple of 64
inline std::uint64_t write_head_file(const head_content& h, unsigned char* out) noexcept {
  using part = void (*)(const head_content&, detail::section_writer&);
  struct {
    section_type type;
    part write;
  } const parts[] = {{section_type::body, detail::write_body},
                     {section_type::head, detail::write_head},
                     {section_type::about, detail::write_about},
                     {section_type::examples, detail::write_examples}};
  const std::uint32_t count = h.examples.count != 0 ? 4 : 3;
  const crc32c_function sum = fastest_crc32c();
  detail::section_writer directory(out != nullptr ? out + detail::header_bytes : nullptr, sum);
  std::uint64_t at = detail::header_bytes + detail::align_up(count * detail::entry_bytes);
  for (std::uint32_t i = 0; i < count; ++i) {
    detail::section_writer body(out != nullptr ? out + at : nullptr, sum);
    parts[i].write(h, body);
    const std::uint64_t size = body.size();
    body.align();
    directory.put(static_cast<std::uint32_t>(parts[i].type)), directory.put(body.checksum()), directory.put(size);
    at += body.size();
  }
  directory.align();
  if (out == nullptr) return at;
  detail::section_writer header(out, sum);
  header.put_bytes(detail::magic, sizeof detail::magic), header.put(0x01020304u), header.put(2u), header.put(at);
  for (const std::uint32_t field : {static_cast<std::uint32_t>(file_kind::head), count, 0u, 0u}) header.put(field);
  header.put_zeros(20);
  const auto entries = static_cast<std::size_t>(directory.size());
  header.put(~sum(~header.checksum(), out + detail::header_bytes, entries));
  return at;
}

}  // namespace v0
}  // namespace fewfit

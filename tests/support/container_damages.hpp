// SPDX-License-Identifier: MIT
#pragma once
// Damage to the container: header, directory, padding, checksums. Rows of docs/model_file.md, "Container".

#include "damage.hpp"

namespace support {

inline std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

template <class T>
file_maker header(std::size_t at, T value) {
  return repaired([=](std::string& b) { put(b, at, value); });
}

inline void add_header_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  rows.push_back({"63 bytes", errc::file_too_short, "header", raw([](std::string& b) { b.resize(63); })});
  rows.push_back({"the header alone", errc::wrong_file_size, "file size", raw([](std::string& b) { b.resize(64); })});
  rows.push_back({"another magic", errc::not_a_model_file, "magic", header(0, std::uint64_t{0x0A1A0A0D474E5089u})});
  rows.push_back({"a byte in front", errc::not_a_model_file, "magic", raw([](std::string& b) { b = 'x' + b; })});
  rows.push_back({"\\r\\n became \\n", errc::text_mode_damage, "magic",
                  raw([](std::string& b) { b = replace_all(b, "\r\n", "\n"); })});
  rows.push_back({"\\n became \\r\\n", errc::text_mode_damage, "magic",
                  raw([](std::string& b) { b = replace_all(b, "\n", "\r\n"); })});
  rows.push_back({"top bits lost", errc::text_mode_damage, "magic", raw([](std::string& b) {
                    for (char& c : b) c = static_cast<char>(c & 0x7F);
                  })});
  rows.push_back(
      {"ended at Ctrl-Z", errc::file_too_short, "header", raw([](std::string& b) { b.resize(b.find('\x1A')); })});
  rows.push_back({"big-endian", errc::wrong_byte_order, "byte order", header(8, 0x04030201u)});
  rows.push_back({"no byte order", errc::not_a_model_file, "byte order", header(8, 0x01020305u)});
  for (const std::uint32_t version : {0u, 3u, 0x01000000u, 0xFFFFFFFFu})
    rows.push_back({"version " + std::to_string(version), errc::unsupported_version, "version", header(12, version)});
  const std::uint64_t size = tiny_bytes().size();
  for (const std::uint64_t stated : {size - 1, size + 1, size - 64, size + 64, std::uint64_t{0}, ~std::uint64_t{0}})
    rows.push_back({"size " + std::to_string(stated), errc::wrong_file_size, "file size", header(16, stated)});
  rows.push_back({"64 bytes behind the end", errc::wrong_file_size, "file size",
                  raw([](std::string& b) { b.append(64, '\0'); })});
  for (const std::uint32_t kind : {0u, 2u, 3u})
    rows.push_back({"kind " + std::to_string(kind), errc::unsupported_kind, "kind", header(24, kind)});
  for (const std::uint32_t count : {0u, 4097u, 0xFFFFFFFFu})
    rows.push_back(
        {"sections " + std::to_string(count), errc::bad_section_count, "section count", header(28, count)});
  rows.push_back({"4096 sections", errc::file_too_short, "directory", header(28, 4096u)});
  for (const std::uint32_t flag : {1u, 0x80000000u})
    rows.push_back({"required flag", errc::unsupported_flags, "required flags", header(32, flag), header(36, flag)});
  for (std::size_t at = 40; at < 60; ++at)
    rows.push_back(
        {"reserved byte", errc::reserved_not_zero, "header", repaired([=](std::string& b) { b[at] = 1; })});
  rows.push_back(
      {"checksum of the header", errc::header_checksum, "header", raw([](std::string& b) { b[60] ^= 1; })});
  rows.push_back({"optional flag, checksum not made again", errc::header_checksum, "header",
                  raw([](std::string& b) { b[36] ^= 1; }), header(36, 1u)});
}

inline void add_directory_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto size_of = [](std::size_t section, std::uint64_t size) { return header(72 + 16 * section, size); };
  const tiny_file& f = tiny_sections();
  const std::size_t last = f.sections.size() - 1;
  const std::uint64_t file = tiny_bytes().size(), last_size = f.sections[last].body.size();
  for (const std::uint64_t size :
       {~std::uint64_t{0}, ~std::uint64_t{0} - 62, std::uint64_t{1} << 63, file, file + 1, file - f.begin(0) + 1})
    rows.push_back(
        {"size of config " + std::to_string(size), errc::section_out_of_bounds, "config", size_of(0, size)});
  rows.push_back({"the last section ends behind the file", errc::section_out_of_bounds, "self_test",
                  size_of(last, up_to_64(last_size) + 1)});
  rows.push_back(
      {"the last section ends before the file", errc::trailing_bytes, "file", size_of(last, last_size - 64)});
  rows.push_back({"the last section is empty", errc::trailing_bytes, "file", size_of(last, 0)});
  rows.push_back({"config begins where tokenizer does", errc::trailing_bytes, "file", size_of(0, 0)});
  rows.push_back({"64 zeros behind the last section", errc::trailing_bytes, "file", repaired([](std::string& b) {
                    b.append(64, '\0');
                    put(b, 16, std::uint64_t{b.size()});
                  })});
  rows.push_back({"one byte behind the last section", errc::trailing_bytes, "file", repaired([](std::string& b) {
                    b.append(1, '\0');
                    put(b, 16, std::uint64_t{b.size()});
                  })});
  rows.push_back(
      {"the last padding is cut off", errc::section_out_of_bounds, "self_test", repaired([=](std::string& b) {
         b.resize(f.begin(last) + last_size);
         put(b, 16, std::uint64_t{b.size()});
       })});
  rows.push_back({"padding of the directory", errc::padding_not_zero, "directory",
                  repaired([=](std::string& b) { b[64 + 16 * (last + 1)] = 1; })});
  rows.push_back({"padding behind a section", errc::padding_not_zero, "head", repaired([](std::string& b) {
                    const tiny_file& g = tiny_sections();
                    b[g.begin(7) + g.sections[7].body.size()] = 1;
                  })});
  rows.push_back(
      {"the file's last byte", errc::padding_not_zero, "self_test", repaired([](std::string& b) { b.back() = 1; })});
}

inline void add_section_list_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const auto swapped = [](std::size_t a, std::size_t b) {
    return sections([=](tiny_file& f) { std::swap(f.sections[a], f.sections[b]); });
  };
  rows.push_back({"config behind tokenizer", errc::section_order, "directory", swapped(0, 1)});
  rows.push_back({"about before head", errc::section_order, "directory", swapped(7, 8)});
  rows.push_back({"types swapped, bytes not", errc::section_order, "directory",
                  repaired([](std::string& b) { put(b, 64, 2u), put(b, 80, 1u); })});
  for (const char* name :
       {"config", "tokenizer", "vocabulary", "word_embeddings", "position_embeddings", "head", "about"})
    rows.push_back(
        {std::string("no ") + name, errc::missing_section, name, sections([=](tiny_file& f) { f.remove(name); })});
  rows.push_back({"no layer", errc::missing_section, "layer", sections([](tiny_file& f) { f.remove("layer1"); })});
  rows.push_back(
      {"only config", errc::missing_section, "tokenizer", sections([](tiny_file& f) { f.sections.resize(1); })});
  const auto twice = [](std::size_t i) {
    return sections(
        [=](tiny_file& f) { f.sections.insert(f.sections.begin() + static_cast<long>(i), f.sections[i]); });
  };
  const char* const next[] = {"tokenizer", "vocabulary", "word_embeddings", "position_embeddings", "layer"};
  for (std::size_t i = 0; i < 5; ++i)
    rows.push_back({std::string("twice: before ") + next[i], errc::section_order, next[i], twice(i)});
  rows.push_back({"a layer too many", errc::section_order, "head", twice(5)});
  rows.push_back({"two heads", errc::section_order, "about", twice(7)});
  rows.push_back({"two abouts", errc::section_order, "about", twice(8)});
  rows.push_back({"two self-tests", errc::section_order, "self_test", twice(9)});
  const auto extra = [](std::uint32_t type) {
    return sections([=](tiny_file& f) { f.sections.push_back({type, "extra", "what is this"}); });
  };
  for (const std::uint32_t type : {13u, 0x7FFFFFFFu})
    rows.push_back({"a section of type " + std::to_string(type), errc::unknown_section, "section", extra(type),
                    extra(0x80000000u)});
  rows.push_back({"a section of type 0", errc::section_order, "config", sections([](tiny_file& f) {
                    f.sections.insert(f.sections.begin(), {0, "extra", ""});
                  }),
                  extra(0xFFFFFFFFu)});
}

inline void add_checksum_damages(std::vector<damage>& rows) {
  using fewfit::errc;
  const tiny_file& f = tiny_sections();
  for (std::size_t i = 0; i < f.sections.size(); ++i) {
    const char* const types[] = {
        "",      "config", "tokenizer", "vocabulary", "word_embeddings", "position_embeddings",
        "layer", "dense",  "body",      "head",       "about",           "self_test"};
    damage row{"checksum of " + f.sections[i].name,
               errc::section_checksum,
               types[f.sections[i].type],
               nullptr,
               nullptr,
               errc::none,
               true};
    row.spoilt = [i] {
      std::string b = tiny_bytes();
      const std::size_t directory = up_to_64(get<std::uint32_t>(b, 28) * 16u);
      b[68 + 16 * i] ^= 1;  // the header's own checksum covers the directory
      put(b, 60, slow_crc32c(b.substr(0, 60) + b.substr(64, directory)));
      return b;
    };
    rows.push_back(row);
  }
  rows.push_back({"a weight, checksum not made again", errc::section_checksum, "layer",
                  raw([=](std::string& b) { b[f.begin(5) + 64] ^= 1; }), nullptr, errc::none, true});
  // The bytes of one layer under the other's checksum: what is sound alone must be in its place.
  rows.push_back({"two layers swapped without their entries", errc::section_checksum, "layer",
                  [] {
                    tiny_file g = tiny_sections();
                    const std::string right = g.bytes();
                    std::swap(g.sections[5].body, g.sections[6].body);
                    std::string wrong = g.bytes();
                    wrong.replace(0, 64 + up_to_64(g.sections.size() * 16), right, 0,
                                  64 + up_to_64(g.sections.size() * 16));
                    return wrong;
                  },
                  nullptr, errc::none, true});
  damage optional{"checksum of an optional section",
                  errc::section_checksum,
                  "optional section",
                  nullptr,
                  nullptr,
                  errc::none,
                  true};
  optional.neighbour = sections([](tiny_file& g) { g.sections.push_back({0x80000001u, "extra", "extra"}); });
  optional.spoilt = [make = optional.neighbour] {
    std::string b = make();
    b[b.size() - 64] ^= 1;
    return b;
  };
  rows.push_back(optional);
}

inline const std::vector<damage>& container_damages() {
  static const std::vector<damage> all = [] {
    std::vector<damage> rows;
    add_header_damages(rows), add_directory_damages(rows), add_section_list_damages(rows), add_checksum_damages(rows);
    return rows;
  }();
  return all;
}

}  // namespace support

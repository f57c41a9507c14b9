// SPDX-License-Identifier: MIT
// Prints the three digests of tests/text/tokenizer.cpp, each way to the words, for surroundings.py, which compares
// them under every compiler, locale and utf8proc. Built with WRONG_UTF8PROC it has a utf8proc that is wrong about
// whatever Unicode 9 did not know.

#include <utf8proc.h>

#include <clocale>
#include <cstdio>
#include <locale>

#include "../support/test_files.hpp"
#include "../support/wrong_utf8proc.hpp"

#if defined(WRONG_UTF8PROC)
#define utf8proc_decompose_char support::wrong_decompose_char
#define utf8proc_tolower support::wrong_tolower
#define utf8proc_get_property support::wrong_get_property
#endif

#include "../support/owned_tokenizer.hpp"
#include "../support/sha256.hpp"

namespace {

/// Ids with ranges come the plain way, without them the fast one.
std::string digest(support::owned_tokenizer& tokenizer, const std::string& before, const std::string& after,
                   bool ranges) {
  std::vector<fewfit::byte_range> where;
  support::sha256 sum;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text = before;
    support::append_utf8(text, c);
    const std::vector<std::uint32_t> ids = tokenizer.all_ids(text + after, false, ranges ? &where : nullptr);
    where.clear();
    const std::uint16_t count = static_cast<std::uint16_t>(ids.size());
    sum.add(&count, sizeof count);
    sum.add(ids.data(), ids.size() * sizeof(std::uint32_t));
  }
  return sum.hex();
}

}  // namespace

int main() {
  const char* const locale = std::setlocale(LC_ALL, "");
  if (locale == nullptr) return std::fputs("no such locale\n", stderr), 1;
  std::locale::global(std::locale(""));
  support::tokenizer_options options;
  options.added = support::bert_specials();
  support::owned_tokenizer tokenizer(options);
  std::printf("utf8proc %s, Unicode %s, locale %s\n", utf8proc_version(), utf8proc_unicode_version(), locale);
  for (const bool ranges : {false, true})
    for (const auto& [before, after] : {std::pair("", ""), std::pair("a", "b"), std::pair("the ", "s")})
      std::printf("%s\n", digest(tokenizer, before, after, ranges).c_str());
  return 0;
}

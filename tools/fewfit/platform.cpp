// SPDX-License-Identifier: MIT
#include "platform.hpp"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <sys/stat.h>
#else
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace tool {

#if defined(_WIN32)

namespace {

std::string utf8(const wchar_t* text) {
  const int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, nullptr, 0, nullptr, nullptr);
  std::string out(static_cast<std::size_t>(size > 0 ? size : 1), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text, -1, out.data(), size, nullptr, nullptr);
  out.pop_back();  // the terminator
  return out;
}

std::wstring utf16(const std::string& text) {
  const int size = MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, nullptr, 0);
  std::wstring out(static_cast<std::size_t>(size > 0 ? size : 1), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, out.data(), size);
  out.pop_back();
  return out;
}

}  // namespace

// main's argv is in the machine's code page, which cannot spell every file name.
std::vector<std::string> prepare(int, char**) {
  _setmode(_fileno(stdin), _O_BINARY);
  _setmode(_fileno(stdout), _O_BINARY);
  SetConsoleOutputCP(CP_UTF8);
  int count = 0;
  wchar_t** wide = CommandLineToArgvW(GetCommandLineW(), &count);
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(utf8(wide[i]));
  LocalFree(wide);
  return out;
}

std::FILE* open_for_reading(const std::string& path) { return _wfopen(utf16(path).c_str(), L"rb"); }

bool stderr_is_terminal() { return _isatty(_fileno(stderr)) != 0; }

bool stdout_shows_colours() {
  constexpr DWORD obeys_escapes = 0x0004;  // ENABLE_VIRTUAL_TERMINAL_PROCESSING, which older headers do not have
  const HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
  DWORD mode = 0;
  return GetConsoleMode(out, &mode) != 0 && SetConsoleMode(out, mode | obeys_escapes) != 0;
}

unsigned long long size_of(std::FILE* file) {
  struct _stat64 status;
  if (_fstat64(_fileno(file), &status) != 0 || (status.st_mode & _S_IFREG) == 0) return 0;
  return static_cast<unsigned long long>(status.st_size);
}

#else

std::vector<std::string> prepare(int argc, char** argv) { return {argv, argv + argc}; }

std::FILE* open_for_reading(const std::string& path) { return std::fopen(path.c_str(), "rb"); }

bool stderr_is_terminal() { return isatty(STDERR_FILENO) != 0; }

bool stdout_shows_colours() { return isatty(STDOUT_FILENO) != 0; }

unsigned long long size_of(std::FILE* file) {
  struct stat status;
  if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return static_cast<unsigned long long>(status.st_size);
}

#endif

}  // namespace tool

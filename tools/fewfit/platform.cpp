// SPDX-License-Identifier: MIT
#include "platform.hpp"

#include <cerrno>
#include <cstdlib>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#if !defined(NOMINMAX)  // MinGW has it already
#define NOMINMAX
#endif
#include <windows.h>
#include <conio.h>
#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <sys/stat.h>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
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

bool stdin_is_terminal() { return _isatty(_fileno(stdin)) != 0; }

int read_key() {
  const int key = _getch();
  if (key != 0 && key != 0xE0) return key == '\r' ? '\n' : key == 26 ? EOF : key;
  (void)_getch();  // the second half of an arrow or a function key
  return 0;
}

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

namespace {

// The volume and the number of a file on it; false where it cannot be opened.
bool identity(const std::string& path, BY_HANDLE_FILE_INFORMATION& out) {
  const DWORD shared = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  const HANDLE file =
      CreateFileW(utf16(path).c_str(), 0, shared, nullptr, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, nullptr);
  if (file == INVALID_HANDLE_VALUE) return false;
  const bool known = GetFileInformationByHandle(file, &out) != 0;
  CloseHandle(file);
  return known;
}

}  // namespace

bool same_file(const std::string& one, const std::string& other) {
  BY_HANDLE_FILE_INFORMATION a, b;
  return identity(one, a) && identity(other, b) && a.dwVolumeSerialNumber == b.dwVolumeSerialNumber &&
         a.nFileIndexHigh == b.nFileIndexHigh && a.nFileIndexLow == b.nFileIndexLow;
}

bool is_no_regular_file(const std::string& path) {
  struct _stat64 status;
  return _wstat64(utf16(path).c_str(), &status) == 0 && (status.st_mode & _S_IFREG) == 0;
}

new_file::new_file(const std::string& path)
    : path_(path), temporary_(path + "." + std::to_string(GetCurrentProcessId()) + ".tmp") {
  handle_ = _wopen(utf16(temporary_).c_str(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY, _S_IREAD | _S_IWRITE);
}

new_file::~new_file() {
  if (handle_ < 0) return;
  _close(handle_);
  _wunlink(utf16(temporary_).c_str());
}

bool new_file::finish(const void* bytes, std::size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size != 0) {
    constexpr std::size_t at_once = std::size_t{1} << 24;
    const int written = _write(handle_, at, static_cast<unsigned>(size < at_once ? size : at_once));
    if (written <= 0) return false;
    at += written, size -= static_cast<std::size_t>(written);
  }
  if (_commit(handle_) != 0) return false;
  _close(handle_);  // an open file cannot be renamed
  handle_ = -1;
  const DWORD how = MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH;
  if (MoveFileExW(utf16(temporary_).c_str(), utf16(path_).c_str(), how) != 0) return true;
  _wunlink(utf16(temporary_).c_str());
  errno = EACCES;
  return false;
}

#else

std::vector<std::string> prepare(int argc, char** argv) { return {argv, argv + argc}; }

std::FILE* open_for_reading(const std::string& path) { return std::fopen(path.c_str(), "rb"); }

bool stderr_is_terminal() { return isatty(STDERR_FILENO) != 0; }

bool stdin_is_terminal() { return isatty(STDIN_FILENO) != 0; }

int read_key() {
  struct termios before;
  if (tcgetattr(STDIN_FILENO, &before) != 0) return EOF;
  struct termios raw = before;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  raw.c_cc[VMIN] = 1, raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  unsigned char bytes[64];  // all of an arrow key, and of what is pasted
  ssize_t count = 0;
  do count = read(STDIN_FILENO, bytes, sizeof bytes);
  while (count < 0 && errno == EINTR);
  tcsetattr(STDIN_FILENO, TCSANOW, &before);
  if (count <= 0 || bytes[0] == before.c_cc[VEOF]) return EOF;
  return count == 1 ? bytes[0] : 0;
}

bool stdout_shows_colours() { return isatty(STDOUT_FILENO) != 0; }

unsigned long long size_of(std::FILE* file) {
  struct stat status;
  if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return static_cast<unsigned long long>(status.st_size);
}

bool same_file(const std::string& one, const std::string& other) {
  struct stat a, b;
  return stat(one.c_str(), &a) == 0 && stat(other.c_str(), &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

namespace {

// Where a name leads to: a link stays one when the file behind it is replaced.
std::string behind_links(const std::string& path) {
  char* const found = realpath(path.c_str(), nullptr);
  const std::string out = found != nullptr ? found : path;
  std::free(found);
  return out;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

bool is_no_regular_file(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

new_file::new_file(const std::string& path)
    : path_(behind_links(path)), temporary_(path_ + "." + std::to_string(getpid()) + ".tmp") {
  struct stat status;
  const bool replaces = stat(path_.c_str(), &status) == 0;
  handle_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (handle_ >= 0 && replaces) (void)fchmod(handle_, status.st_mode & 07777);  // a file that was private stays so
}

new_file::~new_file() {
  if (handle_ < 0) return;
  close(handle_);
  unlink(temporary_.c_str());
}

bool new_file::finish(const void* bytes, std::size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size != 0) {
    const ssize_t written = write(handle_, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += written, size -= static_cast<std::size_t>(written);
  }
  if (fsync(handle_) != 0 || rename(temporary_.c_str(), path_.c_str()) != 0) return false;
  close(handle_);
  handle_ = -1;
  const int folder = open(folder_of(path_).c_str(), O_RDONLY | O_CLOEXEC);  // the new name is on the disk, too
  if (folder >= 0) (void)fsync(folder), close(folder);
  return true;
}

#endif

}  // namespace tool

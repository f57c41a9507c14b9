// SPDX-License-Identifier: MIT
#pragma once
// A whole file, read-only, in memory: mapped, or read into memory of the caller's allocator.
//
// The only header with operating-system code. A mapping is as immutable as its file: replacing the file by rename is
// safe, but whoever shortens it in place makes later reads fail with SIGBUS, which no library can prevent; a copy is
// immune. The file is opened once and never looked up by name again. Run on Linux and, built by mingw-w64, under
// wine; written for macOS.

#include <cstring>
#include <string_view>

#include "fewfit/memory.hpp"
#include "fewfit/result.hpp"

#if defined(_WIN32)
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef NOMINMAX
#define NOMINMAX
#endif
#include <windows.h>
#else
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace fewfit {
inline namespace v0 {

/// The longest path, in bytes of UTF-8, that is tried; longer ones are `file_not_found`.
inline constexpr std::size_t max_path_bytes = 4096;

/// An open file: knows its size, can be mapped or read, closes itself.
class file {
 public:
  /// needs  path in UTF-8    errors  file_not_found, file_not_readable, not_a_regular_file, file_empty
  static result<file> open(std::string_view path) noexcept;

  file(file&& other) noexcept : handle_(other.handle_), size_(other.size_) { other.handle_ = closed; }
  file& operator=(file&&) = delete;
  ~file();

  std::uint64_t size() const noexcept { return size_; }
  /// The size now: differs from size() when somebody writes to the file.
  std::uint64_t size_now() const noexcept;
  /// Reads the next `n` bytes to `memory`.    errors  file_changed (there are fewer), file_not_readable
  errc read(void* memory, std::uint64_t n) const noexcept;
  /// Maps all of it; unmap() ends that.    errors  map_failed, out_of_memory
  result<const void*> map() const noexcept;
  static void unmap(const void* address, std::size_t size) noexcept;

 private:
#if defined(_WIN32)
  using handle = HANDLE;
  inline static const handle closed = INVALID_HANDLE_VALUE;
#else
  using handle = int;
  static constexpr handle closed = -1;
#endif
  file(handle h, std::uint64_t size) noexcept : handle_(h), size_(size) {}
  handle handle_;
  std::uint64_t size_;
};

#if defined(_WIN32)

inline result<file> file::open(std::string_view path) noexcept {
  wchar_t wide[max_path_bytes];  // UTF-16 never has more units than UTF-8 has bytes
  if (path.empty() || path.size() >= max_path_bytes || path.find('\0') != path.npos) return errc::file_not_found;
  const int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), static_cast<int>(path.size()), wide,
                                    static_cast<int>(max_path_bytes) - 1);
  if (n <= 0) return errc::file_not_found;
  wide[n] = 0;
  const DWORD share = FILE_SHARE_READ | FILE_SHARE_DELETE;
  const handle h = CreateFileW(wide, GENERIC_READ, share, nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (h == closed) {
    const DWORD why = GetLastError();
    if (why == ERROR_FILE_NOT_FOUND || why == ERROR_PATH_NOT_FOUND || why == ERROR_INVALID_NAME)
      return errc::file_not_found;
    const DWORD attributes = GetFileAttributesW(wide);
    const bool folder = attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    return folder ? errc::not_a_regular_file : errc::file_not_readable;
  }
  file opened(h, 0);
  LARGE_INTEGER size;
  if (GetFileType(h) != FILE_TYPE_DISK || GetFileSizeEx(h, &size) == 0) return errc::not_a_regular_file;
  opened.size_ = static_cast<std::uint64_t>(size.QuadPart);
  if (opened.size_ == 0) return errc::file_empty;
  return opened;
}

inline file::~file() {
  if (handle_ != closed) CloseHandle(handle_);
}

inline std::uint64_t file::size_now() const noexcept {
  LARGE_INTEGER size;
  return GetFileSizeEx(handle_, &size) != 0 ? static_cast<std::uint64_t>(size.QuadPart) : 0;
}

inline errc file::read(void* memory, std::uint64_t n) const noexcept {
  auto* to = static_cast<unsigned char*>(memory);
  for (std::uint64_t left = n; left != 0;) {
    DWORD got = 0;
    const DWORD ask = left < (1u << 30) ? static_cast<DWORD>(left) : (1u << 30);
    if (ReadFile(handle_, to, ask, &got, nullptr) == 0) return errc::file_not_readable;
    if (got == 0) return errc::file_changed;
    to += got;
    left -= got;
  }
  return errc::none;
}

inline result<const void*> file::map() const noexcept {
  const HANDLE section = CreateFileMappingW(handle_, nullptr, PAGE_READONLY, 0, 0, nullptr);
  if (section == nullptr) return errc::map_failed;
  const void* address = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
  CloseHandle(section);  // the view keeps it
  if (address == nullptr) return errc::map_failed;
  return address;
}

inline void file::unmap(const void* address, std::size_t) noexcept { UnmapViewOfFile(address); }

#else

namespace detail {

/// ENXIO is what a socket answers, and a device without a driver.
inline errc open_failure(int why) noexcept {
  if (why == ENXIO) return errc::not_a_regular_file;
  const bool no_such_name = why == ENOENT || why == ENOTDIR || why == ELOOP || why == ENAMETOOLONG;
  return no_such_name ? errc::file_not_found : errc::file_not_readable;
}

}  // namespace detail

inline result<file> file::open(std::string_view path) noexcept {
  char name[max_path_bytes];
  if (path.size() >= max_path_bytes || path.find('\0') != path.npos) return errc::file_not_found;
  name[path.copy(name, path.size())] = 0;
  // O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
  const int h = ::open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (h < 0) return detail::open_failure(errno);
  file opened(h, 0);
  struct stat status;
  if (::fstat(h, &status) != 0) return errc::file_not_readable;
  if (!S_ISREG(status.st_mode)) return errc::not_a_regular_file;
  opened.size_ = static_cast<std::uint64_t>(status.st_size);
  if (opened.size_ == 0) return errc::file_empty;
  return opened;
}

inline file::~file() {
  if (handle_ != closed) ::close(handle_);
}

inline std::uint64_t file::size_now() const noexcept {
  struct stat status;
  return ::fstat(handle_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

inline errc file::read(void* memory, std::uint64_t n) const noexcept {
  auto* to = static_cast<unsigned char*>(memory);
  for (std::uint64_t left = n; left != 0;) {
    const std::size_t ask = left < (1u << 30) ? static_cast<std::size_t>(left) : std::size_t{1} << 30;
    const ::ssize_t got = ::read(handle_, to, ask);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errc::file_not_readable;
    if (got == 0) return errc::file_changed;
    to += got;
    left -= static_cast<std::uint64_t>(got);
  }
  return errc::none;
}

inline result<const void*> file::map() const noexcept {
  const void* address = ::mmap(nullptr, static_cast<std::size_t>(size_), PROT_READ, MAP_PRIVATE, handle_, 0);
  if (address == MAP_FAILED) return errno == ENOMEM ? errc::out_of_memory : errc::map_failed;
  return address;
}

inline void file::unmap(const void* address, std::size_t size) noexcept {
  ::munmap(const_cast<void*>(address), size);
}

#endif

/// The file's bytes and who gives them back.
struct file_memory {
  const unsigned char* data = nullptr;
  std::uint64_t size = 0;
  bool mapped = false;
  detail::owned<unsigned char> copy;

  file_memory() noexcept = default;
  file_memory(file_memory&& other) noexcept
      : data(other.data), size(other.size), mapped(std::exchange(other.mapped, false)), copy(std::move(other.copy)) {}
  file_memory& operator=(file_memory&&) = delete;
  ~file_memory() {
    if (mapped) file::unmap(data, static_cast<std::size_t>(size));
  }
};

}  // namespace v0
}  // namespace fewfit

// SPDX-License-Identifier: MIT
// A program of its own: the code that opens files, over a system that fails when asked to, as none does by itself.
//
// fstat() of an open file, a read() that is interrupted or meets a broken disk, an mmap() without room: what
// io/mapped_file.hpp asks the system for is named anew here, before fewfit is included.

#include <doctest/doctest.h>

#if !defined(_WIN32)

// Whatever names the system's calls by itself comes first.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <Eigen/Core>
#include <utf8proc.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temporary.hpp"

namespace {

/// Which of the calls to come fail and with what, the next one first; 0 does not.
struct {
  std::vector<int> fstat, read, mmap, open;
  std::size_t most = SIZE_MAX;  // that a read gives at once
  off_t size = 0;               // that fstat says, if not 0
} failures;

/// What is to be said of this call, which it is then no longer.
int next(std::vector<int>& of) {
  if (of.empty()) return 0;
  const int why = of.front();
  of.erase(of.begin());
  if (why != 0) errno = why;
  return why;
}

}  // namespace

/// Whoever looks at the size in spite of the failure finds the right one.
int asked_fstat(int descriptor, struct stat* status) {
  const int said = fstat(descriptor, status);
  if (failures.size != 0) status->st_size = failures.size;
  return next(failures.fstat) != 0 ? -1 : said;
}
::ssize_t asked_read(int descriptor, void* to, std::size_t n) {
  return next(failures.read) != 0 ? -1 : read(descriptor, to, n < failures.most ? n : failures.most);
}
void* asked_mmap(void* at, std::size_t n, int protection, int flags, int descriptor, off_t offset) {
  return next(failures.mmap) != 0 ? MAP_FAILED : mmap(at, n, protection, flags, descriptor, offset);
}
int asked_open(const char* path, int flags) { return next(failures.open) != 0 ? -1 : open(path, flags); }

#define fstat asked_fstat
#define read asked_read
#define mmap asked_mmap
#define open asked_open
#include "fewfit/fewfit.hpp"
#undef fstat
#undef read
#undef mmap
#undef open

#include "support/tiny_reference.hpp"

using fewfit::errc;

namespace {

const std::string content = "twenty bytes of text";

/// An open file, before anything fails.
struct open_file {
  support::temporary_folder folder;
  std::string path = folder.file("file", content);
  fewfit::file opened = std::move(fewfit::file::asked_open(path).value());

  ~open_file() { failures = {}; }
};

std::size_t open_descriptors() {
  std::size_t n = 0;
  for (int i = 0; i < 256; ++i) n += fcntl(i, F_GETFD) != -1 ? 1 : 0;
  return n;
}

}  // namespace

TEST_CASE("a file whose size cannot be asked is not readable, and not left open") {
  const open_file f;
  const std::size_t before = open_descriptors();
  for (const int why : {EIO, EOVERFLOW, ENOMEM}) {
    failures.fstat = {why};
    CHECK(fewfit::file::asked_open(f.path).error().code == errc::file_not_readable);
    CHECK(open_descriptors() == before);
  }
  CHECK(fewfit::file::asked_open(f.path));
  // Later it has the size 0, which is another than it had.
  failures.fstat = {EIO};
  CHECK(f.opened.size_now() == 0);
  CHECK(f.opened.size_now() == content.size());
}

TEST_CASE("why a file cannot be opened") {
  const open_file f;
  for (const int why : {ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG}) {
    failures.open = {why};
    CHECK(fewfit::file::asked_open(f.path).error().code == errc::file_not_found);
  }
  for (const int why : {EACCES, EPERM, EMFILE, ENFILE, EIO, ENOMEM, EINTR, EOVERFLOW}) {
    failures.open = {why};
    CHECK(fewfit::file::asked_open(f.path).error().code == errc::file_not_readable);
  }
  failures.open = {ENXIO};
  CHECK(fewfit::file::asked_open(f.path).error().code == errc::not_a_regular_file);
}

TEST_CASE("a read that is interrupted goes on, in pieces as they come") {
  const open_file f;
  failures.read = {EINTR, EINTR, 0, EINTR, 0, 0, EINTR};
  failures.most = 3;
  std::string copy(content.size(), '?');
  CHECK(f.opened.asked_read(copy.data(), copy.size()) == errc::none);
  CHECK(copy == content);
  CHECK(failures.read.empty());
}

TEST_CASE("a read that fails is an error, at once or behind the first bytes") {
  for (const std::vector<int>& fails : {std::vector<int>{EIO}, {0, EIO}, {EINTR, EISDIR}}) {
    const open_file f;
    failures.read = fails;
    failures.most = 3;
    std::string copy(content.size(), '?');
    CHECK(f.opened.asked_read(copy.data(), copy.size()) == errc::file_not_readable);
    CHECK(failures.read.empty());  // and nothing is asked again
    CHECK(copy.substr(3) == std::string(content.size() - 3, '?'));
  }
}

TEST_CASE("without room for a mapping memory is out, else mapping fails") {
  const open_file f;
  failures.mmap = {ENOMEM};
  CHECK(f.opened.map().error().code == errc::out_of_memory);
  for (const int why : {EACCES, ENODEV, EAGAIN, EPERM, ENFILE}) {
    failures.mmap = {why};
    CHECK(f.opened.map().error().code == errc::map_failed);
  }
  const auto address = f.opened.map();
  REQUIRE(address);
  CHECK(std::memcmp(*address, content.data(), content.size()) == 0);
  fewfit::file::unmap(*address, content.size());
}

TEST_CASE("a model's copy ends at the first read that fails, of the header or of what follows") {
  const support::temporary_folder folder;
  const std::string path = folder.file("model", support::tiny_bytes());
  for (const std::vector<int>& fails : {std::vector<int>{EIO}, {0, EIO}}) {
    failures.read = fails;
    CHECK(fewfit::model::load_copy(path).error().code == errc::file_not_readable);
    CHECK(failures.read.empty());
  }
  CHECK(fewfit::model::load_copy(path));
}

TEST_CASE("a file that has no room in any memory is refused before it is asked for") {
  const support::temporary_folder folder;
  const std::string path = folder.file("model", support::tiny_bytes());
  // As many bytes as 64 bits can count, and its header agrees.
  std::string lying = support::tiny_bytes();
  support::put(lying, 16, UINT64_MAX), support::repair(lying);
  const std::string other = folder.file("lying", lying);
  failures.size = -1;
  failures.mmap = {EACCES};
  const auto is = [](const fewfit::error& e) {
    CHECK(e.code == errc::out_of_memory);
    CHECK(std::string(e.where) == "file");
    CHECK(e.number == UINT64_MAX);
  };
  is(fewfit::model::load(path).error());
  CHECK(failures.mmap.size() == 1);
  is(fewfit::model::load_copy(other).error());
  CHECK(fewfit::model::load_copy(path).error().code == errc::wrong_file_size);
  failures = {};
  CHECK(fewfit::model::load(path));
}

#endif

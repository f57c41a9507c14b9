// SPDX-License-Identifier: MIT
// Files as objects: what is no model file by its nature, and what others do to it meanwhile.

#include "fewfit/io/mapped_file.hpp"

#include <chrono>

#include "support/file_faults.hpp"

#if defined(__linux__)
#include <sys/socket.h>
#include <sys/un.h>
#endif

using fewfit::errc;
using support::error_of;
using support::tiny_bytes;

namespace {

const support::loader loaders[] = {&fewfit::model::load, &fewfit::model::load_copy};

std::string foreign_name() {
  return "\xD0\xBC\xD0\xBE\xD0\xB4\xD0\xB5\xD0\xBB\xD1\x8C \xE6\xA8\xA1\xE5\x9E\x8B.fewfit";
}

}  // namespace

TEST_SUITE_BEGIN("mapped_file");

TEST_CASE("a name that names nothing") {
  const support::temporary_folder folder;
  const std::string path = folder.file("model", tiny_bytes());
  for (const support::loader load : loaders) {
    CHECK(error_of(load, path).code == errc::none);
    CHECK(error_of(load, "").code == errc::file_not_found);
    CHECK(error_of(load, folder.name("absent")).code == errc::file_not_found);
    CHECK(error_of(load, folder.name("absent/model")).code == errc::file_not_found);
    CHECK(error_of(load, path + "/model").code == errc::file_not_found);
    // Nothing behind a NUL may be lost: the file in front of it exists.
    CHECK(error_of(load, path + std::string(1, '\0')).code == errc::file_not_found);
    CHECK(error_of(load, path + std::string(1, '\0') + "x").code == errc::file_not_found);
    CHECK(error_of(load, folder.name(std::string(300, 'x'))).code == errc::file_not_found);
    for (const std::size_t n : {4095u, 4096u, 4097u, 100000u})
      CHECK(error_of(load, std::string(n, 'x')).code == errc::file_not_found);
    // A long name of an existing file: /./././model. One that just fits is found, one byte more is not.
    std::string longest = path.substr(0, path.rfind('/') + 1);
    while (longest.size() + 2 + 5 <= 4095) longest += "./";
    if ((longest.size() + 5) % 2 == 0) longest.insert(path.rfind('/'), "/");
    CHECK((longest + "model").size() == 4095);
    CHECK(error_of(load, longest + "model").code == errc::none);
    CHECK(error_of(load, "/" + longest + "model").code == errc::file_not_found);
  }
}

TEST_CASE("names are UTF-8, and the view need not end in NUL") {
  const support::temporary_folder folder;
  const std::string path = folder.file(foreign_name(), tiny_bytes());
  const std::string longer = path + "and more";
  for (const support::loader load : loaders) CHECK(load(std::string_view(longer).substr(0, path.size()), {}));
}

TEST_CASE("what is too short to be one") {
  const support::temporary_folder folder;
  for (const support::loader load : loaders) {
    CHECK(error_of(load, folder.file("a", "")).code == errc::file_empty);
    for (const std::size_t n : {1u, 8u, 63u})
      CHECK(error_of(load, folder.file("a", tiny_bytes().substr(0, n))).code == errc::file_too_short);
    CHECK(error_of(load, folder.file("a", tiny_bytes().substr(0, 64))).code == errc::wrong_file_size);
    CHECK(error_of(load, folder.file("a", std::string(64, 'x'))).code == errc::not_a_model_file);
  }
}

TEST_CASE("a file of a terabyte that is none is refused at once, before memory is set aside") {
  const support::temporary_folder folder;
  int tried = 0;
  for (const bool good_header : {false, true})
    for (const int power : {36, 40, 42, 48, 62}) {  // file systems allow some: ext4 16 TiB, tmpfs all
      const std::string path = folder.file("huge", good_header ? tiny_bytes() : "");
      std::error_code failed;
      std::filesystem::resize_file(path, std::uintmax_t{1} << power, failed);
      if (failed) continue;
      ++tried;
      for (const support::loader load : loaders) {
        support::counting_memory memory;
        const auto began = std::chrono::steady_clock::now();
        const fewfit::error e = error_of(load, path, support::options(fewfit::verify::full, &memory));
        // No address space has room for the largest; a copy is refused by what its first bytes say.
        const bool no_room = load == loaders[0] && (e.code == errc::map_failed || e.code == errc::out_of_memory);
        CHECK((no_room || e.code == (good_header ? errc::wrong_file_size : errc::not_a_model_file)));
        CHECK(memory.calls == 0);
        CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(5));
      }
    }
  if (tried == 0) MESSAGE("this file system has no room for any such file: nothing was checked");
}

TEST_CASE("a file that is all right in both ways, byte for byte") {
  const support::temporary_folder folder;
  const std::string path = folder.file("model", tiny_bytes());
  const auto f = fewfit::file::open(path);
  REQUIRE(f);
  CHECK(f->size() == tiny_bytes().size());
  CHECK(f->size_now() == f->size());
  const auto address = f->map();
  REQUIRE(address);
  CHECK(std::string_view(static_cast<const char*>(*address), f->size()) == tiny_bytes());
  fewfit::file::unmap(*address, f->size());
  std::string copy(tiny_bytes().size(), 'x');
  CHECK(f->read(copy.data(), 64) == errc::none);
  CHECK(f->read(copy.data() + 64, copy.size() - 64) == errc::none);
  CHECK(copy == tiny_bytes());
  CHECK(f->read(copy.data(), 1) == errc::file_changed);  // there is no more
}

TEST_CASE("a file replaced by rename, or removed, stays what it was") {
  const support::temporary_folder folder;
  const std::string path = folder.file("model", tiny_bytes());
  for (const support::loader load : loaders) {
    folder.file("model", tiny_bytes());
    const auto m = load(path, {});
    REQUIRE(m);
    const auto before = m->encode("good day").value();
    std::filesystem::rename(folder.file("other", std::string(tiny_bytes().size(), 'x')), path);
    CHECK(m->encode("good day").value() == before);
    std::filesystem::remove(path);
    CHECK(m->encode("good day").value() == before);
    CHECK(m->predict("bad").label == load(folder.file("model", tiny_bytes()), {})->predict("bad").label);
  }
}

TEST_CASE("a copy does not care what becomes of its file") {
  const support::temporary_folder folder;
  const std::string path = folder.file("model", tiny_bytes());
  const auto m = fewfit::model::load_copy(path);
  REQUIRE(m);
  const auto before = m->encode("good day").value();
  folder.file("model", "");
  CHECK(m->encode("good day").value() == before);
}

TEST_CASE("a file that changes its size while it is read") {
  CHECK(support::error_when_changed(&fewfit::model::load, 1).code == errc::file_changed);
  CHECK(support::error_when_changed(&fewfit::model::load_copy, 1).code == errc::file_changed);
  CHECK(support::error_when_changed(&fewfit::model::load_copy, -1).code == errc::file_changed);
  CHECK(support::error_when_changed(&fewfit::model::load, 0).code == errc::none);
}

TEST_CASE("running out of memory while loading") {
  const support::temporary_folder folder;
  const std::string path = folder.file("model", tiny_bytes());
  for (const support::loader load : loaders) {
    support::counting_memory memory;
    memory.largest = 16;
    CHECK(error_of(load, path, support::options(fewfit::verify::full, &memory)).code == errc::out_of_memory);
    CHECK(memory.live == 0);
  }
}

#if defined(__linux__)

TEST_CASE("directories, pipes, sockets and devices are no files, and answer at once") {
  const support::temporary_folder folder;
  const std::string pipe = folder.name("pipe"), socket_name = folder.name("s");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const int s = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(socket_name.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, socket_name.c_str(), socket_name.size() + 1);
  REQUIRE(bind(s, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  for (const support::loader load : loaders) {
    for (const std::string& path :
         {folder.name(""), std::string("/"), pipe, socket_name, std::string("/dev/null"), std::string("/dev/zero")})
      CHECK_MESSAGE(error_of(load, path).code == errc::not_a_regular_file, path);
    // Files of /proc claim to be regular and to hold nothing.
    CHECK(error_of(load, "/proc/self/status").code == errc::file_empty);
  }
  close(s);
}

TEST_CASE("links are followed") {
  const support::temporary_folder folder;
  const std::string path = folder.file("model", tiny_bytes());
  std::filesystem::create_symlink(path, folder.name("link"));
  std::filesystem::create_hard_link(path, folder.name("hard"));
  std::filesystem::create_symlink(folder.name("absent"), folder.name("dangling"));
  std::filesystem::create_symlink(folder.name("loop"), folder.name("loop"));
  for (const support::loader load : loaders) {
    CHECK(error_of(load, folder.name("link")).code == errc::none);
    CHECK(error_of(load, folder.name("hard")).code == errc::none);
    CHECK(error_of(load, folder.name("dangling")).code == errc::file_not_found);
    CHECK(error_of(load, folder.name("loop")).code == errc::file_not_found);
  }
}

TEST_CASE("a file that may not be opened") {
  for (const support::loader load : loaders)
    CHECK(support::error_without_descriptors(load).code == errc::file_not_readable);
  if (geteuid() == 0) return;  // whom no permission stops
  const support::temporary_folder folder;
  const std::string path = folder.file("model", tiny_bytes());
  REQUIRE(chmod(path.c_str(), 0) == 0);
  for (const support::loader load : loaders) CHECK(error_of(load, path).code == errc::file_not_readable);
}

TEST_CASE("a system that will not map") { CHECK(support::code_without_mapping() == errc::map_failed); }

TEST_CASE("no mapping is left behind, whether the file was right or wrong") {
  const support::temporary_folder folder;
  const std::string good = folder.file("good", tiny_bytes()), bad = folder.file("bad", std::string(100000, 'x'));
  const auto mappings = [&folder] {
    std::ifstream maps("/proc/self/maps");
    const std::string all(std::istreambuf_iterator<char>(maps), {}), name = folder.name("");
    return all.find(name) == all.npos ? 0 : 1;
  };
  {
    const auto m = fewfit::model::load(good);
    CHECK(m);
    CHECK(mappings() == 1);
  }
  CHECK(mappings() == 0);
  CHECK(!fewfit::model::load(bad));
  CHECK(mappings() == 0);
}

TEST_CASE("no descriptor is left open, whatever happens") {
  const auto open_descriptors = [] {
    std::size_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) n += entry.path().empty() ? 0 : 1;
    return n;
  };
  const support::temporary_folder folder;
  const std::string path = folder.file("model", tiny_bytes()), bad = folder.file("bad", std::string(100, 'x'));
  const std::size_t before = open_descriptors();
  for (const support::loader load : loaders) {
    const auto m = load(path, {});
    REQUIRE(m);
    CHECK(open_descriptors() == before);  // the mapping needs none
    for (const std::string& name : {bad, folder.name(""), folder.file("empty", ""), std::string("/dev/zero")})
      CHECK(!load(name, {}));
    (void)support::error_when_changed(load, 1);
    CHECK(open_descriptors() == before);
  }
}

#endif

TEST_SUITE_END();

// SPDX-License-Identifier: MIT
#pragma once
// What can go wrong with a file as an object, provoked for real: permissions, a system that will not map, somebody
// who writes while the file is read. POSIX; each returns the error that the library answers with.

#include <doctest/doctest.h>

#include "check_damage.hpp"
#include "temporary.hpp"

#if defined(__linux__)
#include <cstddef>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace support {

using loader = fewfit::result<fewfit::model> (*)(std::string_view, const fewfit::load_options&) noexcept;

inline fewfit::error error_of(loader load, const std::string& path, const fewfit::load_options& o = {}) {
  const auto model = load(path, o);
  return model ? fewfit::error() : model.error();
}

/// Appends to, or shortens, a file at the moment in which the model's memory is asked for: after its size was read,
/// before it is asked for again.
inline fewfit::error error_when_changed(loader load, std::intmax_t by) {
  struct change {
    std::string path;
    std::intmax_t by;
  };
  const temporary_folder folder;
  change c{folder.file("model", tiny_bytes()), by};
  counting_memory memory;
  memory.before_user = &c;
  memory.before = [](void* user) {
    auto& what = *static_cast<change*>(user);
    if (what.by == 0) return;
    const auto size = static_cast<std::intmax_t>(std::filesystem::file_size(what.path));
    std::filesystem::resize_file(what.path, static_cast<std::uintmax_t>(size + what.by));
    what.by = 0;
  };
  const fewfit::error e = error_of(load, c.path, options(fewfit::verify::full, &memory));
  CHECK(memory.live == 0);
  return e;
}

#if defined(__linux__)

/// No descriptor is left for the file: what fails is open(), and not because the file is absent.
inline fewfit::error error_without_descriptors(loader load) {
  const temporary_folder folder;
  const std::string path = folder.file("model", tiny_bytes());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  const fewfit::error e = error_of(load, path);
  setrlimit(RLIMIT_NOFILE, &before);
  return e;
}

/// In a child whose kernel refuses to map files (and only files): its exit status is the code.
inline fewfit::errc code_without_mapping() {
  const temporary_folder folder;
  const std::string path = folder.file("model", tiny_bytes());
  const auto args = static_cast<std::uint32_t>(offsetof(seccomp_data, args) + 3 * sizeof(std::uint64_t));
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, args),  // the flags: memory without a file stays allowed
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{sizeof filter / sizeof filter[0], filter};
  const pid_t child = fork();
  if (child == 0) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
      _exit(255);
    _exit(static_cast<int>(error_of(&fewfit::model::load, path).code));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? static_cast<fewfit::errc>(WEXITSTATUS(status)) : fewfit::errc::none;
}

#endif

}  // namespace support

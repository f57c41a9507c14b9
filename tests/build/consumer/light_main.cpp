// SPDX-License-Identifier: MIT
// A larger program of somebody else's: declarations everywhere, the library in one file.

#include <fewfit/api.hpp>

#include <cstdio>

#if defined(EIGEN_WORLD_VERSION) || defined(UTF8PROC_H) || defined(_GLIBCXX_FILESYSTEM) || defined(_SYS_MMAN_H) || \
    defined(_WINDOWS_)
#error "api.hpp drags in what it promises to leave out"
#endif

int use(const fewfit::model& model);

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) return std::fprintf(stderr, "%s\n", fewfit::message(model.error())), 1;
  return use(*model);
}

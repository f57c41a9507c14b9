// SPDX-License-Identifier: MIT
// A program that opens plugins, whose names everybody may see, and asks each in turn, twice; with LINKED it has been
// linked with two.
//
//   host MODEL [FILE FUNCTION]...

#include <dlfcn.h>

#include <cstdio>

using ask = int (*)(const char* path, char* out, unsigned long size);

#if defined(LINKED)
extern "C" int first(const char*, char*, unsigned long);
extern "C" int second(const char*, char*, unsigned long);
#endif

int main(int argc, char** argv) {
  ask all[4] = {};
  int count = 0;
#if defined(LINKED)
  all[count++] = &first, all[count++] = &second;
#endif
  for (int i = 2; i + 1 < argc && count < 4; i += 2) {
    void* const library = dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) return std::fprintf(stderr, "%s\n", dlerror()), 1;
    all[count++] = reinterpret_cast<ask>(dlsym(library, argv[i + 1]));
  }
  char said[256];
  for (int again = 0; again < 2; ++again)
    for (int i = 0; i < count; ++i) {
      if (all[i] == nullptr || all[i](argv[1], said, sizeof said) != 0) return 1;
      std::puts(said);
    }
}

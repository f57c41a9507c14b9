// SPDX-License-Identifier: MIT
// What becomes of a mapped model when somebody else changes its file: measured and printed. docs/hostile_files.md
// has the table. What is right is what Linux does; a library can prevent none of it.
//
//   changing_files FOLDER     on the file system of that folder

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/tiny_reference.hpp"
#include "fewfit/fewfit.hpp"

namespace {

std::string path, folder;

void write_file(const std::string& name, const std::string& bytes) {
  std::ofstream(name, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// In a process of its own, as somebody else.
template <class Change>
void by_another(const Change& change) {
  const pid_t child = fork();
  if (child == 0) _exit(change() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) std::abort();
}

/// Loads in a process of its own, has the file changed, asks the model and says what became of it.
template <class Change>
const char* after(bool copy, const Change& change) {
  write_file(path, support::tiny_bytes());
  const pid_t child = fork();
  if (child == 0) {
    const auto model = copy ? fewfit::model::load_copy(path) : fewfit::model::load(path);
    if (!model) _exit(9);
    const std::vector<float> before = model->encode("good day").value();
    by_another(change);
    const auto now = model->encode("good day");
    _exit(!now ? 2 : *now == before ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGBUS ? "SIGBUS" : "another signal";
  const char* const said[] = {"old content", "new bytes, another vector", "new bytes, an error"};
  return WEXITSTATUS(status) < 3 ? said[WEXITSTATUS(status)] : "did not load";
}

/// As many bytes, all of the weights this number.
bool write_in_place(float number) {
  const int file = open(path.c_str(), O_WRONLY);
  const support::tiny_file& f = support::tiny_sections();
  std::string others = support::tiny_bytes().substr(f.begin(3), f.begin(7) - f.begin(3));
  for (std::size_t i = 0; i < others.size(); i += 4) support::put(others, i, number);
  const bool done = pwrite(file, others.data(), others.size(), static_cast<off_t>(f.begin(3))) > 0;
  return close(file) == 0 && done;
}

bool rename_over() {
  write_file(folder + "/other", std::string(support::tiny_bytes().size(), 'x'));
  return rename((folder + "/other").c_str(), path.c_str()) == 0;
}

template <class Change>
void measure(const char* what, const Change& change, const std::string& mapped, bool& right) {
  const std::string m = after(false, change), c = after(true, change);
  std::printf("%-34s mapped: %-28s copied: %s\n", what, m.c_str(), c.c_str());
  right = right && c == "old content" && m == mapped;
}

bool shorten(std::size_t size) { return truncate(path.c_str(), static_cast<off_t>(size)) == 0; }

/// Of the tiny model, whose last page of 4 or 16 KB has the end of its weights.
void measure_shortened(bool& right) {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t last = support::tiny_bytes().size() / page * page;
  measure(
      "shortened to nothing", [] { return shorten(0); }, "SIGBUS", right);
  if (last < 2 * page) return void(std::printf("pages of %zu bytes: too large for the rest\n", page));
  measure(
      "shortened to its first page", [=] { return shorten(page); }, "SIGBUS", right);
  measure(
      "shortened by its last page", [=] { return shorten(last); }, "SIGBUS", right);
  measure(
      "shortened within its last page", [=] { return shorten(last + 64); }, "new bytes, another vector", right);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: changing_files FOLDER\n"), 64;
  folder = argv[1], path = folder + "/changing.fewfit";
  bool right = true;
  measure("replaced by rename", rename_over, "old content", right);
  measure(
      "removed", [] { return unlink(path.c_str()) == 0; }, "old content", right);
  measure(
      "appended to", [] { return truncate(path.c_str(), 1 << 20) == 0; }, "old content", right);
  measure(
      "written to in place: others", [] { return write_in_place(0.25f); }, "new bytes, another vector", right);
  measure(
      "written to in place: no numbers", [] { return write_in_place(std::nanf("")); }, "new bytes, an error", right);
  measure_shortened(right);
  measure(
      "opened with O_TRUNC, written anew", [] { return write_file(path, support::tiny_bytes()), true; },
      "old content", right);
  unlink(path.c_str());
  return right ? 0 : 1;
}

// SPDX-License-Identifier: MIT
#pragma once
// A bar on standard error for a person who waits longer than a second. Nothing at all for pipes and files.

#include <chrono>
#include <cstdio>

#include "platform.hpp"

namespace tool {

class progress {
 public:
  explicit progress(unsigned long long total) : total_(total), shown_to_(total != 0 && stderr_is_terminal()) {}
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress() {
    if (drawn_) std::fputs("\r\033[K", stderr);
  }

  void update(unsigned long long done, unsigned long long total) {
    total_ = total;
    update(done);
  }

  void update(unsigned long long done) {
    if (!shown_to_) return;
    const auto now = clock::now();
    if (now - start_ < std::chrono::seconds(1) || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    draw(done, std::chrono::duration<double>(now - start_).count());
  }

 private:
  using clock = std::chrono::steady_clock;

  void draw(unsigned long long done, double seconds) {
    constexpr int width = 40;
    const double part = static_cast<double>(done) / static_cast<double>(total_);
    const int full = static_cast<int>(part * width);
    const double left = done != 0 ? seconds / part - seconds : 0;
    std::fprintf(stderr, "\r%3.0f %% [%.*s%*s] %.0f s left\033[K", part * 100, full,
                 "========================================", width - full, "", left);
    drawn_ = true;
  }

  unsigned long long total_;
  bool shown_to_, drawn_ = false;
  clock::time_point start_ = clock::now(), last_ = start_;
};

}  // namespace tool

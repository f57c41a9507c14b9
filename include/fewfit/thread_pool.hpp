// SPDX-License-Identifier: MIT
#pragma once
// A small thread pool for programs that have none: the caller's choice, in a header of its own.
//
//   fewfit::thread_pool pool(2);
//   fewfit::workspace scratch(pool.width());
//   model.predict(texts, scratch, answers, pool.executor());
//
// The caller's thread works too, so a pool of one starts no thread. Constructing it may throw what std::thread does.
//
// A call is often followed by the next one at once (a text cut by rows has one for each layer), and to wake a thread
// takes as long as a few rows of a layer. So a thread that finds nothing to do looks for more for 50 microseconds
// before it sleeps, and lets others go first while it does. A thread that wakes too late is not waited for.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "fewfit/api.hpp"

namespace fewfit {
inline namespace v0 {

class thread_pool {
 public:
  // Delegating: if a thread cannot be started, the destructor stops and joins those that were.
  explicit thread_pool(std::size_t width) : thread_pool() {
    for (std::size_t i = 1; i < width; ++i) threads_.emplace_back([this] { serve(); });
  }
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  ~thread_pool() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_.store(true, std::memory_order_relaxed);
    }
    wake_.notify_all();
    for (std::thread& t : threads_) t.join();
  }

  std::size_t width() const noexcept { return threads_.size() + 1; }

  /// Lives as long as the pool; one call at a time may run on it.
  fewfit::executor executor() noexcept {
    return {[](void* user, std::size_t tasks, void (*task)(void*, std::size_t), void* context) {
              static_cast<thread_pool*>(user)->run(tasks, task, context);
            },
            this};
  }

 private:
  static constexpr std::chrono::microseconds patience{50};

  thread_pool() = default;

  void run(std::size_t tasks, void (*task)(void*, std::size_t), void* context) {
    if (tasks == 0) return;
    task_ = task, context_ = context, tasks_ = tasks;
    unfinished_.store(tasks, std::memory_order_relaxed);
    // From here on tasks are taken, even by a thread that is late for the call before: what it reads is written.
    untaken_.store(static_cast<std::ptrdiff_t>(tasks), std::memory_order_release);
    if (tasks > 1 && !threads_.empty()) call();
    work();
    const auto finished = [this] { return unfinished_.load(std::memory_order_acquire) == 0; };
    if (comes_soon(finished)) return;
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, finished);
  }

  /// Makes the threads look: those that sleep, and those that are about to.
  void call() {
    bool asleep;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      round_.fetch_add(1, std::memory_order_release);
      asleep = sleepers_ != 0;
    }
    if (asleep) wake_.notify_all();
  }

  /// Takes tasks until there are none. What belongs to a call is read only by whoever has one of its tasks: then it
  /// cannot be over.
  void work() {
    for (;;) {
      const std::ptrdiff_t left = untaken_.fetch_sub(1, std::memory_order_acq_rel);
      if (left <= 0) return;
      task_(context_, tasks_ - static_cast<std::size_t>(left));
      if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) != 1) continue;
      { const std::lock_guard<std::mutex> lock(mutex_); }  // or the caller could be between its last look and sleep
      done_.notify_one();
    }
  }

  void serve() {
    for (std::size_t seen = 0;;) {
      const auto called = [&] { return stopping() || round_.load(std::memory_order_acquire) != seen; };
      if (!comes_soon(called)) {
        std::unique_lock<std::mutex> lock(mutex_);
        ++sleepers_;
        wake_.wait(lock, called);
        --sleepers_;
      }
      if (stopping()) return;
      seen = round_.load(std::memory_order_acquire);
      work();
    }
  }

  bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

  /// Looks for a short while.
  template <class Condition>
  static bool comes_soon(const Condition& condition) {
    if (condition()) return true;
    const auto end = std::chrono::steady_clock::now() + patience;
    do {
      std::this_thread::yield();
      if (condition()) return true;
    } while (std::chrono::steady_clock::now() < end);
    return false;
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> threads_;
  void (*task_)(void*, std::size_t) = nullptr;
  void* context_ = nullptr;
  std::size_t tasks_ = 0;
  std::size_t sleepers_ = 0;                // under the mutex
  std::atomic<std::size_t> round_{0};       // changes under the mutex
  std::atomic<std::ptrdiff_t> untaken_{0};  // goes below 0
  std::atomic<std::size_t> unfinished_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace v0
}  // namespace fewfit

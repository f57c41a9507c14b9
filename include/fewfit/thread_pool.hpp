// SPDX-License-Identifier: MIT
#pragma once
// A small thread pool for programs that have none: the caller's choice, in a header of its own.
//
//   fewfit::thread_pool pool(2);
//   fewfit::workspace scratch(pool.width());
//   model.predict(texts, scratch, answers, pool.executor());
//
// The caller's thread works too, so a pool of one starts no thread. Constructing it may throw what std::thread does.

#include <atomic>
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
      stopping_ = true;
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
  thread_pool() = default;

  void run(std::size_t tasks, void (*task)(void*, std::size_t), void* context) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      task_ = task, context_ = context, tasks_ = tasks;
      next_.store(0, std::memory_order_relaxed);
      working_ = threads_.size();
      ++round_;
    }
    wake_.notify_all();
    work();
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return working_ == 0; });
  }

  void work() {
    for (std::size_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) task_(context_, i);
  }

  void serve() {
    for (std::size_t seen = 0;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || round_ != seen; });
      if (stopping_) return;
      seen = round_;
      lock.unlock();
      work();
      lock.lock();
      if (--working_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> threads_;
  void (*task_)(void*, std::size_t) = nullptr;
  void* context_ = nullptr;
  std::size_t tasks_ = 0, working_ = 0, round_ = 0;
  std::atomic<std::size_t> next_{0};
  bool stopping_ = false;
};

}  // namespace v0
}  // namespace fewfit

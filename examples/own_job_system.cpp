// SPDX-License-Identifier: MIT
// Any job system can do the work: the library starts no thread of its own, and the bits are the same.
//
//   own_job_system interviews.fewfit TEXT...      three ways to the same answer: alone, in jobs, a step a frame

#include <atomic>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "fewfit/fewfit.hpp"

namespace {

// Stands for what a program has already. It knows nothing of fewfit.
class job_system {
 public:
  static constexpr std::size_t workers = 4;

  template <class Job>
  void parallel_for(std::size_t jobs, const Job& job) {
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> crew;
    for (std::size_t w = 0; w < workers; ++w) {
      crew.emplace_back([&] {
        for (std::size_t i = next++; i < jobs; i = next++) job(i);
      });
    }
    for (std::thread& worker : crew) worker.join();
  }
};

// The whole adapter.
fewfit::executor on(job_system& jobs) {
  const auto run = [](void* user, std::size_t tasks, void (*task)(void*, std::size_t), void* context) {
    static_cast<job_system*>(user)->parallel_for(tasks, [=](std::size_t i) { task(context, i); });
  };
  return {run, &jobs};
}

// A game does a task or two, draws its frame and comes back: no thread and no waiting.
std::size_t frame_by_frame(fewfit::plan& plan) {
  std::size_t frames = 0;
  for (std::size_t stage = 0; stage < plan.stages(); ++stage) {
    for (std::size_t task = 0; task < plan.tasks(stage); ++task, ++frames) plan.run(stage, task);
  }
  return frames;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: own_job_system MODEL TEXT...\n"), 64;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) return std::fprintf(stderr, "%s: %s\n", argv[1], fewfit::message(model.error())), 1;
  std::vector<std::string_view> texts(argv + 2, argv + argc);
  const std::size_t size = texts.size() * model->config().sentence_size;
  std::vector<float> alone(size), in_jobs(size), stepped(size);

  job_system jobs;
  fewfit::workspace one, several(job_system::workers), framed;
  if (model->encode(texts, one, alone) != fewfit::errc::none) return 1;
  if (model->encode(texts, several, in_jobs, {}, on(jobs)) != fewfit::errc::none) return 1;
  fewfit::plan plan = fewfit::plan::encode(*model, texts, framed, stepped);
  const std::size_t frames = frame_by_frame(plan);
  if (plan.status() != fewfit::errc::none) return 1;

  const std::size_t bytes = size * sizeof(float);
  const bool same =
      std::memcmp(alone.data(), in_jobs.data(), bytes) == 0 && std::memcmp(alone.data(), stepped.data(), bytes) == 0;
  std::printf("%zu texts, alone, in jobs and in %zu steps: %s\n", texts.size(), frames,
              same ? "the same bits" : "DIFFERENT BITS");
  return same ? 0 : 1;
}

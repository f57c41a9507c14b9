// SPDX-License-Identifier: MIT
// A game asks a model on its only thread: so many microseconds a frame, and the answer when it is there.
//
//   frame_budget interviews.fewfit TEXT...      an answer a line, and how many frames it took

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "fewfit/fewfit.hpp"

namespace {

constexpr std::uint32_t budget = 2000;  // microseconds of a frame for the model

using clock_type = std::chrono::steady_clock;

// Stands for everything else that a frame does.
void draw_frame() {}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: frame_budget MODEL TEXT...\n"), 64;
  const auto model = fewfit::model::load(argv[1]);
  if (!model) return std::fprintf(stderr, "%s: %s\n", argv[1], fewfit::message(model.error())), 1;

  // While the level loads: nothing is read from disk and nothing allocated in a frame later.
  model->warm_up();
  fewfit::workspace scratch;
  fewfit::prediction answer;
  const std::string_view nothing;
  fewfit::plan::predict(*model, {&nothing, 1}, scratch, {&answer, 1}, fewfit::cut::rows).run_all();

  for (int i = 2; i < argc; ++i) {
    const std::string_view text = argv[i];
    // Cut by rows, a task is short; by texts it would be the whole text.
    fewfit::plan plan = fewfit::plan::predict(*model, {&text, 1}, scratch, {&answer, 1}, fewfit::cut::rows);
    std::size_t frames = 0;
    double longest = 0;
    for (bool done = false; !done; ++frames) {
      const clock_type::time_point begin = clock_type::now();
      done = plan.step(budget);
      longest = std::max(longest, std::chrono::duration<double, std::milli>(clock_type::now() - begin).count());
      draw_frame();
    }
    if (plan.status() != fewfit::errc::none || answer.status != fewfit::errc::none) return 1;
    std::printf("%.*s %.6f: %u tokens in %zu frames of at most %.2f ms\n", static_cast<int>(answer.label.size()),
                answer.label.data(), answer.probability, static_cast<unsigned>(answer.tokens), frames, longest);
  }
}

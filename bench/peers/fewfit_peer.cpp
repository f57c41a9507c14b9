// SPDX-License-Identifier: MIT
// fewfit as a peer of bench/peers/run.py: answers one line of JSON for each on stdin; host.py tells the protocol.
//
//   fewfit_peer MODEL FLAGS THREADS KERNELS      FLAGS is what it was compiled with, to be shown; KERNELS a name
//
// Times whole `encode` calls, tokenizer included, with one workspace; the other peers are given ids. Tokenisation
// alone is timed besides, so that both figures can be told apart. Texts are taken as they come, neither sorted nor
// padded: a batch is one call.

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "fewfit/fewfit.hpp"
#include "fewfit/thread_pool.hpp"

namespace {

#if defined(__clang__)
constexpr const char* compiler = __VERSION__;
#else
constexpr const char* compiler = "g++ " __VERSION__;
#endif

using batch = fewfit::span<const std::string_view>;

class peer {
 public:
  peer(const fewfit::model& model, std::string flags, std::size_t threads)
      : model_(model), pool_(threads), scratch_(pool_.width()), flags_(std::move(flags)) {}

  nlohmann::json answer(const nlohmann::json& order) {
    const std::string what = order.at("do");
    if (what == "texts") return take(order.at("texts"));
    if (what == "ids") return {{"ids", model_.tokenize(texts_.at(order.at("text"))).ids}};
    std::vector<std::string_view> texts;
    for (const std::size_t i : order.at("texts")) texts.push_back(texts_.at(i));
    const std::size_t size = order.at("size");
    if (what == "vectors") return vectors(texts, size);
    const std::size_t calls = order.at("calls");
    if (order.at("what") == "encode") return time(texts, size, calls, [this](auto part) { encode(part); });
    return time(texts, size, calls, [this](auto part) {
      for (const std::string_view text : part) tokens_ += model_.tokenize(text).ids.size();
    });
  }

 private:
  nlohmann::json take(const nlohmann::json& texts) {
    texts_.clear();
    for (const auto& text : texts) texts_.push_back(text.at("text"));
    const std::string kernels = fewfit::name(model_.kernels());
    return {{"about", "fewfit " + std::to_string(FEWFIT_VERSION_MAJOR) + "." + std::to_string(FEWFIT_VERSION_MINOR) +
                          "." + std::to_string(FEWFIT_VERSION_PATCH) + ", " + compiler + " " + flags_ + ", " +
                          kernels + " kernels, " + std::to_string(pool_.width()) + " threads"}};
  }
  void encode(batch texts) {
    vectors_.resize(texts.size * model_.config().sentence_size);
    const fewfit::errc code = model_.encode(texts, scratch_, vectors_, {}, pool_.executor());
    if (code != fewfit::errc::none) throw std::runtime_error(fewfit::message(code));
  }
  nlohmann::json vectors(const std::vector<std::string_view>& texts, std::size_t size) {
    const std::size_t width = model_.config().sentence_size;
    nlohmann::json all = nlohmann::json::array();
    for (const batch part : batches(texts, size)) {
      encode(part);
      for (auto row = vectors_.begin(); row != vectors_.end(); row += width)
        all.push_back(std::vector<float>(row, row + width));
    }
    return {{"vectors", all}};
  }
  static std::vector<batch> batches(const std::vector<std::string_view>& texts, std::size_t size) {
    std::vector<batch> parts;
    for (std::size_t i = 0; i < texts.size(); i += size)
      parts.push_back({texts.data() + i, std::min(size, texts.size() - i)});
    return parts;
  }
  template <class Call>
  static nlohmann::json time(const std::vector<std::string_view>& texts, std::size_t size, std::size_t calls,
                             const Call& call) {
    using clock = std::chrono::steady_clock;
    const std::vector<batch> parts = batches(texts, size);
    call(parts.at(0));  // the first one brings the caches back and does not count
    const std::clock_t cpu = std::clock();
    const clock::time_point wall = clock::now();
    for (std::size_t i = 0; i < calls; ++i) call(parts[i % parts.size()]);
    return {{"wall", std::chrono::duration<double>(clock::now() - wall).count()},
            {"cpu", static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC}};
  }

  const fewfit::model& model_;
  fewfit::thread_pool pool_;
  fewfit::workspace scratch_;
  std::string flags_;
  std::vector<std::string> texts_;
  std::vector<float> vectors_;  // of the batch last encoded, a row a text
  std::size_t tokens_ = 0;  // so that no compiler finds tokenisation idle
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::cerr << "usage: fewfit_peer MODEL FLAGS THREADS KERNELS\n", 64;
  try {
    fewfit::load_options options;
    for (int k = 0; std::string_view(fewfit::name(static_cast<fewfit::kernels>(k))) != "unknown"; ++k)
      if (std::string_view(argv[4]) == fewfit::name(static_cast<fewfit::kernels>(k)))
        options.kernels = static_cast<fewfit::kernels>(k);
    const fewfit::model model = fewfit::model::load(argv[1], options).value();
    peer self(model, argv[2], std::stoul(argv[3]));
    for (std::string line; std::getline(std::cin, line);)
      std::cout << self.answer(nlohmann::json::parse(line)).dump() << std::endl;
  } catch (const std::exception& e) {
    return std::cerr << "fewfit_peer: " << e.what() << "\n", 1;
  }
}

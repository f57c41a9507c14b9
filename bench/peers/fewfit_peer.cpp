// SPDX-License-Identifier: MIT
// fewfit as a peer of bench/peers/run.py: answers one line of JSON for each on stdin; host.py tells the protocol.
//
//   fewfit_peer MODEL FLAGS      FLAGS is what it was compiled with, to be shown
//
// Times whole `encode` calls, tokenizer included, with one workspace; the other peers are given ids. Tokenisation
// alone is timed besides, so that both figures can be told apart.

#include <chrono>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "fewfit/fewfit.hpp"

namespace {

#if defined(__clang__)
constexpr const char* compiler = __VERSION__;
#else
constexpr const char* compiler = "g++ " __VERSION__;
#endif

class peer {
 public:
  peer(const fewfit::model& model, std::string flags)
      : model_(model), flags_(std::move(flags)), vector_(model.config().hidden_size) {}

  nlohmann::json answer(const nlohmann::json& order) {
    const std::string what = order.at("do");
    if (what == "texts") return take(order.at("texts"));
    if (what == "ids") return {{"ids", model_.tokenize(texts_.at(order.at("text"))).ids}};
    if (what == "vector") {
      encode(texts_.at(order.at("text")));
      return {{"vector", vector_}};
    }
    std::vector<std::string_view> texts;
    for (const std::size_t i : order.at("texts")) texts.push_back(texts_.at(i));
    const std::size_t calls = order.at("calls");
    if (order.at("what") == "encode") return time(texts, calls, [this](auto text) { encode(text); });
    return time(texts, calls, [this](auto text) { tokens_ += model_.tokenize(text).ids.size(); });
  }

 private:
  nlohmann::json take(const nlohmann::json& texts) {
    texts_.clear();
    for (const auto& text : texts) texts_.push_back(text.at("text"));
    const std::string packet = std::to_string(fewfit::detail::packet_size);
    return {{"about", "fewfit " + std::to_string(FEWFIT_VERSION_MAJOR) + "." + std::to_string(FEWFIT_VERSION_MINOR) +
                          "." + std::to_string(FEWFIT_VERSION_PATCH) + ", " + compiler + " " + flags_ + ", " +
                          packet + " floats in a packet"}};
  }
  void encode(std::string_view text) {
    const fewfit::errc code = model_.encode({&text, 1}, scratch_, vector_);
    if (code != fewfit::errc::none) throw std::runtime_error(fewfit::message(code));
  }
  template <class Call>
  static nlohmann::json time(const std::vector<std::string_view>& texts, std::size_t calls, const Call& call) {
    using clock = std::chrono::steady_clock;
    call(texts.at(0));  // the first one brings the caches back and does not count
    const std::clock_t cpu = std::clock();
    const clock::time_point wall = clock::now();
    for (std::size_t i = 0; i < calls; ++i) call(texts[i % texts.size()]);
    return {{"wall", std::chrono::duration<double>(clock::now() - wall).count()},
            {"cpu", static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC}};
  }

  const fewfit::model& model_;
  fewfit::workspace scratch_;
  std::string flags_;
  std::vector<std::string> texts_;
  std::vector<float> vector_;
  std::size_t tokens_ = 0;  // so that no compiler finds tokenisation idle
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: fewfit_peer MODEL FLAGS\n", 64;
  try {
    const fewfit::model model = fewfit::model::load(argv[1]).value();
    peer self(model, argv[2]);
    for (std::string line; std::getline(std::cin, line);)
      std::cout << self.answer(nlohmann::json::parse(line)).dump() << std::endl;
  } catch (const std::exception& e) {
    return std::cerr << "fewfit_peer: " << e.what() << "\n", 1;
  }
}

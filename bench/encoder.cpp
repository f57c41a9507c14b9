// SPDX-License-Identifier: MIT
// The network on token ids, whole and by its parts, without tokenizer and head.
//
// encoder/T:n is what bench/peers asks of others: one text of n tokens to its sentence vector. The weights of all
// layers (21 MB) pass the caches on each call, which the figures of bench/kernels.cpp do not show.

#include <memory>

#include "demonstration.hpp"

namespace {

using bench::floats;

/// The weights of the demonstration model, which the public interface keeps to itself.
const fewfit::model_state& state() {
  struct give_back {
    void operator()(fewfit::model_state* s) const noexcept { fewfit::detail::destroy(s); }
  };
  static const std::unique_ptr<fewfit::model_state, give_back> loaded = [] {
    const auto file = fewfit::file::open(bench::model_path()).value();
    fewfit::file_memory content;
    content.data = static_cast<const unsigned char*>(file.map().value());
    content.size = file.size();
    content.mapped = true;
    return std::unique_ptr<fewfit::model_state, give_back>(
        fewfit::detail::make_state(std::move(content), {}).value());
  }();
  return *loaded;
}

/// Whole texts one behind the other, with the scratch memory they need.
struct batch {
  bench::text_set set;
  std::vector<std::uint32_t> ids, offsets{0};
  std::size_t longest = 0;
  floats x, context, wide, task, sentences;

  explicit batch(const bench::text_set& texts)
      : set(texts),
        x(texts.tokens * stride()),
        context(x.size()),
        wide(texts.tokens * fewfit::wide_stride(state().shape())),
        task(fewfit::task_scratch(state().shape(), linear_type(), 128)),
        sentences(texts.texts.size() * width()) {
    for (const std::size_t number : texts.numbers) {
      const auto& more = support::golden_files().texts[number].ids;
      ids.insert(ids.end(), more.begin(), more.end());
      offsets.push_back(static_cast<std::uint32_t>(ids.size()));
    }
  }
  static std::size_t width() { return state().config.hidden_size; }
  static std::size_t heads() { return state().config.num_attention_heads; }
  static std::size_t stride() { return fewfit::padded(width()); }
  static fewfit::number_type linear_type() { return static_cast<fewfit::number_type>(state().config.linear_type); }
  std::size_t rows() const { return ids.size(); }
  fewfit::encoder_scratch scratch() const {
    return {{wide.data(), wide.data()}, wide.data(), context.data(), task.data()};
  }
  fewfit::ragged rows_of_texts() const { return {offsets.data(), offsets.size() - 1}; }

  void embed() const {
    for (std::size_t b = 0; b + 1 < offsets.size(); ++b)
      fewfit::embed(state().kernels, state().embeddings, ids.data() + offsets[b], offsets[b + 1] - offsets[b],
                    x.data() + offsets[b] * stride());
  }
  void encode() const {
    embed();
    const std::size_t texts = offsets.size() - 1;
    fewfit::encode_rows(state().kernels, state().shape(), state().layers.data(), state().layers.size(),
                        rows_of_texts(), scratch(), x.data());
    for (std::size_t b = 0; b < texts; ++b)
      fewfit::pool(fewfit::pooling::mean, x.data() + offsets[b] * stride(), offsets[b + 1] - offsets[b], width(),
                   sentences.data() + b * width());
  }
  /// Multiply-adds count twice. Linear layers, and two products of attention.
  double flops() const {
    const auto d = static_cast<double>(width()), f = static_cast<double>(state().config.intermediate_size);
    double sum = 0;
    for (std::size_t b = 0; b + 1 < offsets.size(); ++b) {
      const double t = offsets[b + 1] - offsets[b];
      sum += t * (8 * d * d + 4 * d * f) + 4 * t * t * d;
    }
    return sum * static_cast<double>(state().layers.size());
  }
};

/// Vectors near torch's, and, to the bit, those of each text alone.
std::string check_encoder(const batch& all) {
  all.encode();
  const std::string far = bench::compare_vectors(all.set, all.sentences.data());
  if (!far.empty()) return far;
  for (std::size_t b = 0; b < all.set.texts.size(); ++b) {
    bench::text_set one;
    one.add(all.set.numbers[b]);
    const batch alone(one);
    alone.encode();
    const float* ours = all.sentences.data() + b * batch::width();
    if (std::memcmp(ours, alone.sentences.data(), batch::width() * sizeof(float)) != 0)
      return "a text alone has other bits than in the batch";
  }
  return {};
}

void add_encoder(const std::string& name, const bench::text_set& set) {
  const auto b = std::make_shared<batch>(set);
  bench::add(name, bench::once([b] { return check_encoder(*b); }), [b](benchmark::State& s) {
    for (auto _ : s) {
      b->encode();
      benchmark::DoNotOptimize(b->sentences.data());
      benchmark::ClobberMemory();
    }
    b->set.count(s);
    s.counters["FLOP/s"] = bench::rate(b->flops());
  });
}

/// A part of the first layer, over one text. The parts are what encoder/ is made of; that is checked against torch.
template <class Part>
void add_part(const std::string& name, const std::shared_ptr<batch>& b, const Part& part) {
  bench::add(name, bench::once([b] { return check_encoder(*b); }), [b, part](benchmark::State& s) {
    b->embed();
    for (auto _ : s) {
      part(*b);
      benchmark::ClobberMemory();
    }
    b->set.count(s);
  });
}

void add_parts(std::size_t tokens) {
  const auto b = std::make_shared<batch>(bench::texts_between(tokens, tokens, 1));
  const std::string length = "/T:" + std::to_string(tokens);
  add_part("embed" + length, b, [](const batch& one) { one.embed(); });
  add_part("self_attention" + length, b, [](const batch& one) {
    const fewfit::encoder_shape s = state().shape();
    // Scales the queries in place; back again, or they fade to denormals.
    fewfit::self_attention(state().kernels, {s.hidden, s.heads, one.rows()}, one.wide.data(), 0, one.rows(),
                           one.task.data(), one.context.data());
    const float root = std::sqrt(static_cast<float>(s.hidden / s.heads));
    for (std::size_t t = 0; t < one.rows(); ++t)
      state().kernels.scale(one.wide.data() + t * 3 * batch::stride(), batch::stride(), root);
  });
  add_part("attention_block" + length, b, [](const batch& one) {
    fewfit::project(state().kernels, state().shape(), state().layers.data(), 0, one.rows_of_texts().all(),
                    one.scratch(), one.x.data());
    fewfit::attention_block(state().kernels, state().shape(), state().layers.data(), 0, one.rows_of_texts(),
                            one.rows_of_texts().all(), one.scratch(), one.x.data());
  });
  add_part("feed_forward_block" + length, b, [](const batch& one) {
    fewfit::feed_forward_block(state().kernels, state().shape(), state().layers[0], one.rows_of_texts().all(),
                               one.scratch(), one.x.data());
  });
  add_part("pool" + length, b, [](const batch& one) {
    fewfit::pool(fewfit::pooling::mean, one.x.data(), one.rows(), batch::width(), one.sentences.data());
  });
}

void add_all() {
  for (const unsigned tokens : {2u, 8u, 16u, 32u, 64u, 128u})
    add_encoder("encoder/T:" + std::to_string(tokens), bench::texts_between(tokens, tokens, 1));
  add_encoder("encoder/ragged/B:8", bench::texts_between(12, 20, 8));  // about 128 rows, as a micro-batch has
  for (const unsigned tokens : {8u, 32u, 128u}) add_parts(tokens);
}

}  // namespace

int main(int argc, char** argv) { return bench::run_on_model(argc, argv, add_all); }

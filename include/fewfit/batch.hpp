// SPDX-License-Identifier: MIT
#pragma once
// A batch of consecutive texts on its way through the network: ids, rows, vectors. No padding.
//
// Cut by texts, one task does all of it, in memory of its own. Cut by rows, the batch lies in memory of all tasks,
// and each has a range of its rows for one stage; between the stages whoever runs them waits for all. A row's numbers
// are the same either way: it reads the keys and values of its text, whoever computed them.

#include "fewfit/workspace.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

class text_batch {
 public:
  /// needs  an arena of the workspace; `texts` that stand in the batch already, where tasks share it
  text_batch(const model_state& m, const workspace_state& w, unsigned char* arena, std::size_t first,
             std::size_t texts) noexcept
      : m_(m),
        layout_(w.layout),
        arena_(arena),
        batch_(w.batch != nullptr ? w.batch : arena + w.layout.task_bytes),
        first_(first),
        texts_(texts) {}

  /// Which text stands at place b is first() + b: one that has no answer takes its place without rows.
  std::size_t first() const noexcept { return first_; }
  std::size_t texts() const noexcept { return texts_; }
  std::size_t rows() const noexcept { return offsets()[texts_]; }
  std::size_t tokens(std::size_t b) const noexcept { return offsets()[b + 1] - offsets()[b]; }
  bool has_room(std::size_t tokens) const noexcept { return rows() + tokens <= layout_.rows; }

  void clear() noexcept {
    texts_ = 0;
    offsets()[0] = 0;
  }
  /// Room for every number of texts, and no rows: whoever runs a stage too early finds nothing to do.
  void clear_all() noexcept { std::memset(offsets(), 0, (texts_a_task + 1) * sizeof(std::uint32_t)); }
  /// Tokenises a text behind the ones that are there; it becomes part of the batch with `accept`.
  tokenize_result tokenize(std::string_view text) noexcept {
    return fewfit::tokenize(m_.tokenizer, text, layout_.longest, arena_ + layout_.tokenizer, ids() + rows());
  }
  /// Where the ids of the next text go, for whoever makes them another way.
  std::uint32_t* next_ids() const noexcept { return ids() + rows(); }
  void accept(std::size_t tokens) noexcept {
    offsets()[texts_ + 1] = static_cast<std::uint32_t>(rows() + tokens);
    ++texts_;
  }
  /// Begins again with the text that did not fit; its ids are kept.
  void restart(std::size_t tokens) noexcept {
    std::memmove(ids(), ids() + rows(), tokens * sizeof(std::uint32_t));
    first_ += texts_;
    texts_ = 0;
  }

  /// The first hidden states of some rows, and what the first layer needs of them.
  void embed(row_range some) noexcept {
    const std::size_t stride = padded(m_.config.hidden_size);
    for (std::size_t b = 0; b < texts_; ++b) {
      const std::size_t first = offsets()[b], last = offsets()[b + 1];
      const std::size_t begin = some.begin > first ? some.begin : first, end = some.end < last ? some.end : last;
      if (begin < end)
        fewfit::embed(m_.kernels, m_.embeddings, ids() + begin, end - begin, x() + begin * stride, begin - first);
    }
    project(m_.kernels, m_.shape(), m_.layers.data(), 0, some, scratch(), x());
  }
  void layer(std::size_t number, row_range some) noexcept {
    encoder_layer(m_.kernels, m_.shape(), m_.layers.data(), m_.layers.size(), number, {offsets(), texts_}, some,
                  scratch(), x());
  }
  /// Everything for all rows.
  void encode() noexcept {
    embed({0, rows()});
    for (std::size_t l = 0; l < m_.layers.size(); ++l) layer(l, {0, rows()});
  }
  /// The vector of text b; null where it is not finite.
  const float* sentence(std::size_t b) noexcept {
    const std::size_t hidden = m_.config.hidden_size, width = m_.config.sentence_size;
    float* s = own<float>(layout_.sentence);
    float* next = s + padded(m_.widest_vector());
    pool(pooling_modes{m_.config.pooling}, x() + offsets()[b] * padded(hidden), tokens(b), hidden, s);
    for (std::size_t i = 0; i < m_.dense.size(); ++i) dense(m_.kernels, m_.dense[i], s, next), std::swap(s, next);
    if (m_.config.normalize != 0) normalize(m_.kernels, s, width);
    return fewfit::is_finite(s, width) ? s : nullptr;
  }
  /// The rows of text b behind the last layer.
  const float* hidden(std::size_t b) const noexcept { return x() + offsets()[b] * padded(m_.config.hidden_size); }
  double* probabilities() noexcept { return own<double>(layout_.probabilities); }

 private:
  template <class T>
  T* own(std::size_t offset) const noexcept {
    return reinterpret_cast<T*>(arena_ + offset);
  }
  template <class T>
  T* common(std::size_t offset) const noexcept {
    return reinterpret_cast<T*>(batch_ + offset);
  }
  float* x() const noexcept { return common<float>(layout_.x); }
  std::uint32_t* ids() const noexcept { return common<std::uint32_t>(layout_.ids); }
  std::uint32_t* offsets() const noexcept { return common<std::uint32_t>(layout_.offsets); }
  encoder_scratch scratch() const noexcept {
    return {{common<float>(layout_.query_key_value[0]), common<float>(layout_.query_key_value[1])},
            common<float>(layout_.intermediate),
            common<float>(layout_.context),
            own<float>(layout_.task),
            common<float>(layout_.inputs),
            common<row_scale>(layout_.scales)};
  }

  const model_state& m_;
  const memory_layout& layout_;
  unsigned char* arena_;
  unsigned char* batch_;
  std::size_t first_;
  std::size_t texts_;
};

}  // namespace detail
}  // namespace v0
}  // namespace fewfit

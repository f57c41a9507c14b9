// SPDX-License-Identifier: MIT
#pragma once
// How much memory a call needs and how it is divided, and how its work is cut: all of it pure functions of the
// model's numbers and of the call, so a caller can set the memory aside beforehand.
//
// Work is cut by texts, then each task has a batch of its own, which it takes from bytes to answers; or by rows, then
// there is one batch, and each task has some of its rows for one layer.

#include "fewfit/heads.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Rows that are multiplied at a time: enough for the kernels to run near their peak, few enough to stay in L2.
inline constexpr std::size_t micro_batch_rows = 128;
/// Texts of a task, and of a batch.
inline constexpr std::size_t texts_a_task = 16;
/// Rows of a task where work is cut by rows, at most.
inline constexpr std::size_t rows_a_task = 32;
/// Rows from which on a further thread is worth its turn.
inline constexpr std::size_t rows_a_thread = 8;
/// Tokens that one text may have for it to be cut by rows unasked.
inline constexpr std::size_t tokens_worth_cutting = 24;

/// Offsets into a batch and into a task's own memory.
struct memory_layout {
  bool shared = false;      // one batch for all tasks; else one a task, behind its own memory
  std::size_t rows = 0;     // capacity of a batch
  std::size_t longest = 0;  // tokens of one text, at most
  std::size_t x = 0, context = 0, query_key_value[2] = {}, intermediate = 0, inputs = 0, scales = 0, ids = 0,
              offsets = 0;
  std::uint64_t batch_bytes = 0;
  std::size_t task = 0, sentence = 0, probabilities = 0, evidence = 0, tokenizer = 0;
  std::uint64_t task_bytes = 0;

  std::uint64_t arena_bytes() const noexcept { return shared ? task_bytes : task_bytes + batch_bytes; }
  std::uint64_t bytes(std::size_t width) const noexcept { return (shared ? batch_bytes : 0) + width * arena_bytes(); }
};

// Sizes are added up in 64 bits, so that none wraps where size_t has 32; prepare() refuses what is too much.
constexpr std::uint64_t round_up(std::uint64_t n) noexcept { return (n + 63) / 64 * 64; }

/// Sets `bytes` aside behind the `sum` that is taken.
inline std::size_t take(std::uint64_t& sum, std::uint64_t bytes) noexcept {
  const std::uint64_t at = sum;
  sum += round_up(bytes);
  return static_cast<std::size_t>(at);
}

inline void lay_out_batch(const model_state& m, memory_layout& a) noexcept {
  const encoder_shape shape = m.shape();
  const auto type = static_cast<number_type>(m.config.linear_type);
  const std::uint64_t stride = padded(shape.hidden) * sizeof(float);
  std::uint64_t& sum = a.batch_bytes;
  a.x = take(sum, a.rows * stride);
  a.context = take(sum, a.rows * stride);
  if (a.shared) {  // what one task makes must not lie where another still reads
    for (std::size_t& at : a.query_key_value) at = take(sum, a.rows * 3 * stride);
    a.intermediate = take(sum, a.rows * padded(shape.intermediate) * sizeof(float));
  } else {
    a.query_key_value[0] = take(sum, a.rows * wide_stride(shape) * sizeof(float));
    a.query_key_value[1] = a.intermediate = a.query_key_value[0];
  }
  // A range's inputs lie where its rows lie, however small they are.
  const std::uint64_t inputs = linear_scratch_bytes(type, a.rows, shape.hidden);
  a.inputs = take(sum, a.shared && inputs != 0 ? a.rows * stride : inputs);
  a.scales = take(sum, type == number_type::i8 ? a.rows * sizeof(row_scale) : 0);
  a.ids = take(sum, (a.rows + a.longest) * sizeof(std::uint32_t));  // a text that does not fit waits behind the batch
  a.offsets = take(sum, (texts_a_task + 1) * sizeof(std::uint32_t));
}

/// Memory for calls of up to `texts` texts of up to `tokens` tokens.
inline memory_layout lay_out(const model_state& m, std::size_t tokens, std::size_t texts, bool shared) noexcept {
  memory_layout a;
  a.shared = shared;
  a.longest = tokens < m.config.max_length ? tokens : m.config.max_length;
  const std::size_t micro = a.longest > micro_batch_rows ? a.longest : micro_batch_rows;
  a.rows = texts > micro / a.longest ? micro : texts * a.longest;
  lay_out_batch(m, a);
  const encoder_shape shape = m.shape();
  const auto type = static_cast<number_type>(m.config.linear_type);
  a.task = take(a.task_bytes, task_scratch(shape, type, a.longest) * sizeof(float));
  const std::size_t vectors = m.dense.size() != 0 ? 2 : 1;  // what goes into a dense layer and what comes out
  a.sentence = take(a.task_bytes, vectors * padded(m.widest_vector()) * sizeof(float));
  a.probabilities = take(a.task_bytes, m.head.weights.classes * sizeof(double));
  a.evidence = take(a.task_bytes, a.longest * sizeof(word_evidence));
  a.tokenizer = take(a.task_bytes, tokenizer_scratch_bytes(m.tokenizer.config));
  return a;
}

/// Bytes of staging: an answer of `answer_bytes` for each text, and what is told about it.
constexpr std::uint64_t staging_bytes(std::uint64_t texts, std::uint64_t answer_bytes) noexcept {
  return round_up(texts * answer_bytes) + round_up(texts * sizeof(text_info));
}

/// Bytes of the largest answer to one text: a vector, probabilities or a prediction.
inline std::size_t largest_answer_bytes(const model_state& m) noexcept {
  const std::size_t vector = m.config.sentence_size * sizeof(float);
  const std::size_t probabilities = m.head.numbers() * sizeof(double);
  const std::size_t numbers = vector > probabilities ? vector : probabilities;
  return numbers > sizeof(prediction) ? numbers : sizeof(prediction);
}

/// Tokens of a text, at most: each covers a byte or more.
inline std::size_t token_bound(std::size_t bytes, std::size_t max_length) noexcept {
  return bytes > max_length ? max_length : bytes + 2 < max_length ? bytes + 2 : max_length;
}

/// How texts are dealt to tasks: sixteen each, and towards the end fewer, so that all threads end at nearly the same
/// time; but not so few that the weights pass for a handful of rows.
struct text_tasks {
  std::size_t large = 0;               // tasks of sixteen texts
  std::size_t smaller = texts_a_task;  // texts of a task behind those

  /// `rows` is a guess for all `n` texts.
  static text_tasks deal(std::size_t n, std::size_t rows, std::size_t width) noexcept {
    if (width == 1 || n == 0) return {};
    const std::size_t end = texts_a_task * width, even = (n + width - 1) / width;
    const std::size_t enough = (rows_a_task * n + rows - 1) / rows, most = even < texts_a_task ? even : texts_a_task;
    return {n > end ? (n - end) / texts_a_task : 0, enough < most ? enough : most};
  }
  /// How many tasks n texts make.
  std::size_t count(std::size_t n) const noexcept {
    return large + (n - large * texts_a_task + smaller - 1) / smaller;
  }
  /// The first text of a task; n for a task that there is not.
  std::size_t begin(std::size_t task, std::size_t n) const noexcept {
    const std::size_t few = task < large ? task : large, at = few * texts_a_task + (task - few) * smaller;
    return at < n ? at : n;
  }
};

/// A guess, for work to be dealt evenly: six bytes a token, as prose has in European languages.
inline std::size_t probable_tokens(std::size_t bytes, std::size_t max_length) noexcept {
  return bytes / 6 + 2 < max_length ? bytes / 6 + 2 : max_length;
}

/// Texts that surely fit into a batch together.
inline std::size_t texts_a_batch(const memory_layout& a, std::size_t longest_text) noexcept {
  const std::size_t fit = a.rows / (longest_text < a.longest ? longest_text : a.longest);
  return fit < 1 ? 1 : fit < texts_a_task ? fit : texts_a_task;
}

/// Tasks that rows are cut into: short ones, as many for each of `width` threads, none with less than it is worth.
/// Never fewer for more rows.
constexpr std::size_t row_tasks(std::size_t rows, std::size_t width) noexcept {
  const std::size_t least = (rows + rows_a_task - 1) / rows_a_task, even = (least + width - 1) / width * width;
  const std::size_t most = (rows + rows_a_thread - 1) / rows_a_thread;
  return even < most ? even : most;
}

/// The rows of one of these tasks; none for a task that there is not. Even, so that nobody waits. Where one thread
/// does all, multiples of 8, as tiles of kernels are: 4 % less for 100 rows; two threads would take 5 % more for 120.
constexpr row_range rows_of_task(std::size_t rows, std::size_t width, std::size_t task) noexcept {
  const std::size_t tasks = row_tasks(rows, width);
  if (task >= tasks) return {rows, rows};
  const std::size_t unit = width > 1 || rows < 16 * tasks ? 1 : 8, units = (rows + unit - 1) / unit;
  const std::size_t begin = task * units / tasks * unit, end = (task + 1) * units / tasks * unit;
  return {begin, end < rows ? end : rows};
}

}  // namespace detail
}  // namespace v0
}  // namespace fewfit

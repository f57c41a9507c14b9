// SPDX-License-Identifier: MIT
#pragma once
// From the bytes of a file to a model, or a head, that cannot fail: map or copy, check, bind.
//
//   text --(text/)--> token ids --(nn/embeddings)--> rows [N,D] --(nn/encoder)--> rows [N,D]
//        --(nn/pooling, nn/dense)--> sentence [B,S] --(nn/head)--> probabilities [B,K] --> label
//
// This header, bind.hpp and model_state.hpp are the only ones that know io, text and nn.

#include "fewfit/bind.hpp"

namespace fewfit {
inline namespace v0 {
namespace detail {

/// Checks the bytes and makes the state. On failure the file's memory is given back.
FEWFIT_COLD inline result<model_state*> make_state(file_memory&& content, const load_options& options) noexcept {
  const bool full = options.verify == verify::full;
  kernel_table chosen{};
  if (!select_kernels(options.kernels, chosen))
    return {errc::unsupported_kernels, "kernels", static_cast<std::uint64_t>(options.kernels)};
  const result<blob> b = blob::parse({content.data, content.size});
  if (!b) return b.error();
  void* memory = allocate(options.allocator, sizeof(model_state));
  if (memory == nullptr) return errc::out_of_memory;
  auto* state = new (memory) model_state(options, std::move(content));
  state->kernels = chosen;
  const error e = binder(*b, full, *state).bind();
  if (options.special_tokens_are_text) state->tokenizer.added.special_tokens_are_text = true;
  state->kernels = kernels_for(static_cast<number_type>(state->config.linear_type), chosen);
  if (e.code == errc::none) return state;
  destroy(state);
  return e;
}

FEWFIT_COLD inline result<head_state*> make_head(file_memory&& content, const model_state& body,
                                                 const load_options& options) noexcept {
  const result<blob> b = blob::parse({content.data, content.size}, file_kind::head);
  if (!b) return b.error();
  void* memory = allocate(options.allocator, sizeof(head_state));
  if (memory == nullptr) return errc::out_of_memory;
  auto* state = new (memory) head_state(options, std::move(content));
  const error e = bind_head_file(*b, options.verify == verify::full, body, *state);
  if (e.code == errc::none) return state;
  destroy(state);
  return e;
}

/// A file's bytes in memory of their own.
FEWFIT_COLD inline result<file_memory> read_copy(std::string_view path, const load_options& options) noexcept {
  const result<file> f = file::open(path);
  if (!f) return f.error();
  // A terabyte of something else is not worth setting memory aside for.
  unsigned char start[header_bytes];
  if (f->size() < sizeof start) return error{errc::file_too_short, "header", f->size()};
  if (const errc e = f->read(start, sizeof start); e != errc::none) return e;
  if (const error e = blob::check_start(start, f->size()); e.code != errc::none) return e;
  file_memory content;
  content.copy = owned<unsigned char>(options.allocator, f->size());
  if (!content.copy) return error{errc::out_of_memory, "file", f->size()};
  std::memcpy(content.copy.data(), start, sizeof start);
  if (const errc e = f->read(content.copy.data() + sizeof start, f->size() - sizeof start); e != errc::none) return e;
  if (f->size_now() != f->size()) return error{errc::file_changed, "file", f->size_now()};
  content.data = content.copy.data();
  content.size = f->size();
  return content;
}

inline file_memory memory_of_caller(const void* bytes, std::size_t size) noexcept {
  file_memory content;
  content.data = static_cast<const unsigned char*>(bytes);
  content.size = size;
  return content;
}

}  // namespace detail

FEWFIT_INLINE result<model> model::load(std::string_view path, const load_options& options) noexcept {
  const result<file> f = file::open(path);
  if (!f) return f.error();
  if (f->size() > static_cast<std::size_t>(-1) / 2) return error{errc::out_of_memory, "file", f->size()};
  const result<const void*> address = f->map();
  if (!address) return address.error();
  file_memory content;
  content.data = static_cast<const unsigned char*>(*address);
  content.size = f->size();
  content.mapped = true;
  const result<model_state*> state = detail::make_state(std::move(content), options);
  if (!state) return state.error();
  model loaded(*state);
  if (f->size_now() != f->size()) return error{errc::file_changed, "file", f->size_now()};
  return loaded;
}

FEWFIT_INLINE result<model> model::load_copy(std::string_view path, const load_options& options) noexcept {
  result<file_memory> content = detail::read_copy(path, options);
  if (!content) return content.error();
  const result<model_state*> state = detail::make_state(std::move(*content), options);
  if (!state) return state.error();
  return model(*state);
}

FEWFIT_INLINE result<model> model::from_memory(const void* bytes, std::size_t size,
                                               const load_options& options) noexcept {
  const result<model_state*> state = detail::make_state(detail::memory_of_caller(bytes, size), options);
  if (!state) return state.error();
  return model(*state);
}

FEWFIT_INLINE result<head> head::load(std::string_view path, const model& body,
                                      const load_options& options) noexcept {
  result<file_memory> content = detail::read_copy(path, options);
  if (!content) return content.error();
  const result<head_state*> state = detail::make_head(std::move(*content), *body.state_, options);
  if (!state) return state.error();
  return head(*state);
}

FEWFIT_INLINE result<head> head::from_memory(const void* bytes, std::size_t size, const model& body,
                                             const load_options& options) noexcept {
  const result<head_state*> state = detail::make_head(detail::memory_of_caller(bytes, size), *body.state_, options);
  if (!state) return state.error();
  return head(*state);
}

FEWFIT_INLINE model::~model() { detail::destroy(state_); }

FEWFIT_INLINE model& model::operator=(model&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

FEWFIT_INLINE head::~head() { detail::destroy(state_); }

FEWFIT_INLINE head& head::operator=(head&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

}  // namespace v0
}  // namespace fewfit

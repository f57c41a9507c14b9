// SPDX-License-Identifier: MIT
#include <string>
#include <utility>
#include <vector>

#include "commands.hpp"
#include "common.hpp"
#include "json_line.hpp"
#include "output.hpp"

namespace tool {
namespace {

struct fact {
  std::string name;
  std::string text;  // for a person
  std::string json;
};

constexpr std::size_t column = 26;  // where values begin

std::string padded(const std::string& name) {
  return name + std::string(name.size() < column ? column - name.size() : 1, ' ');
}

// What is written on several lines stays in its column.
std::string indented(const std::string& text) {
  std::string out;
  for (char c : text) {
    out += c;
    if (c == '\n') out += std::string(column, ' ');
  }
  return out;
}

class facts {
 public:
  void add(const char* name, std::string_view text) { list_.push_back({name, std::string(text), quoted(text)}); }
  void add_count(const char* name, std::size_t n) { list_.push_back({name, std::to_string(n), std::to_string(n)}); }
  void add_number(const char* name, double number) {
    std::string digits;
    append_number(digits, number);
    list_.push_back({name, digits, digits});
  }
  void add_flag(const char* name, bool yes) { list_.push_back({name, yes ? "yes" : "no", yes ? "true" : "false"}); }
  void add_list(const char* name, const std::vector<std::string>& strings) {
    std::string text, json;
    for (const std::string& s : strings) {
      if (!text.empty()) text += ", ", json += ',';
      text += s;
      json += quoted(s);
    }
    list_.push_back({name, text, "[" + json + "]"});
  }

  void print(format how) const {
    std::string object;
    for (const fact& f : list_) {
      if (how == format::text) {
        write_line(padded(f.name) + indented(f.text));
      } else {
        object += (object.empty() ? "" : ",") + quoted(f.name) + ":" + f.json;
      }
    }
    if (how == format::jsonl) write_line("{" + object + "}");
    flush();
  }

 private:
  std::vector<fact> list_;
};

// A name of the enumerations in docs/model_file.md, or the number of one that has no name yet.
std::string name_of(std::uint32_t value, std::initializer_list<const char*> names) {
  return value >= 1 && value <= names.size() ? names.begin()[value - 1] : std::to_string(value);
}

/// The names of ways of pooling, in the order of their results.
std::vector<std::string> names_of(fewfit::pooling_modes modes) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < modes.count(); ++i)
    out.push_back(name_of(static_cast<std::uint32_t>(modes[i]),
                          {"mean", "cls", "max", "mean_sqrt_len", "weightedmean", "lasttoken"}));
  return out;
}

void add_config(facts& out, const fewfit::model_config& c) {
  out.add_count("hidden_size", c.hidden_size);
  out.add_count("num_hidden_layers", c.num_hidden_layers);
  out.add_count("num_attention_heads", c.num_attention_heads);
  out.add_count("intermediate_size", c.intermediate_size);
  out.add_count("vocab_size", c.vocab_size);
  out.add_count("max_position_embeddings", c.max_position_embeddings);
  out.add_count("max_length", c.max_length);
  out.add_number("layer_norm_eps", c.layer_norm_eps);
  out.add("hidden_act", name_of(c.hidden_act, {"gelu", "gelu_tanh", "relu", "silu"}));
  if (fewfit::pooling_modes{c.pooling}.count() == 1)
    out.add("pooling", names_of({c.pooling})[0]);
  else
    out.add_list("pooling", names_of({c.pooling}));
  out.add_count("dense_layers", c.dense_layers);
  out.add_count("sentence_size", c.sentence_size);
  out.add_flag("normalize", c.normalize != 0);
  out.add("linear_type", name_of(c.linear_type, {"f32", "f16", "bf16", "i8"}));
  out.add("embedding_type", name_of(c.embedding_type, {"f32", "f16", "bf16", "i8"}));
}

void add_tokenizer(facts& out, const fewfit::model& model) {
  std::vector<std::string> around;
  for (std::uint32_t id : model.tokenize("").ids) around.push_back(std::string(model.token(id)));
  out.add_list("special_tokens", around);
}

// Of a model with a head of its own, or of a head with a file of its own.
template <class Asked>
void add_labels(facts& out, const Asked& asked) {
  std::vector<std::string> labels;
  for (std::string_view label : asked.labels()) labels.push_back(std::string(label));
  out.add_list("labels", labels);
  out.add_flag("labels_are_integers", asked.labels_are_integers());
  out.add("target", asked.target() == fewfit::target::single ? "single" : "multi");
}

void add_teaching(facts& out, const fewfit::head& head) {
  const fewfit::teach_options how = head.taught_with();
  out.add_count("examples", head.examples());
  if (head.examples() != 0) {
    out.add_flag("texts_kept", how.keep_texts);
    out.add_number("C", how.C);
    out.add_flag("balanced", how.balanced);
    out.add_number("most_errors", how.most_errors);
  }
  out.add_number("abstain_below", head.abstain_below());
  out.add_number("expected_error", head.expected_error());
  out.add_number("expected_answers", head.expected_answers());
  if (!head.unknown().empty()) out.add("unknown", head.unknown());
}

// What a head's file holds; the model's own file says the rest.
void inspect_head(const options& options, const fewfit::model& model) {
  const fewfit::head head = std::move(*load_head(options.head, model));
  facts out;
  out.add("name", head.name());
  add_labels(out, head);
  add_teaching(out, head);
  out.add_count("bytes", head.contents().size);
  out.print(options.format);
}

}  // namespace

void inspect(const options& options) {
  const fewfit::model model = load_model(options.model, fewfit::verify::structure);
  if (!options.head.empty()) return inspect_head(options, model);
  facts out;
  for (const char* key : {"name", "license", "source", "tool"}) {
    if (!model.about(key).empty()) out.add(key, model.about(key));
  }
  add_config(out, model.config());
  add_tokenizer(out, model);
  if (model.labels().size != 0) add_labels(out, model);
  out.add("kernels", fewfit::name(model.kernels()));
  out.add_count("bytes_mapped", model.footprint().mapped);
  out.add_count("bytes_private", model.footprint().private_bytes);
  out.add_count("bytes_workspace", model.footprint().workspace);
  out.print(options.format);
}

}  // namespace tool

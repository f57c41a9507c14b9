// SPDX-License-Identifier: MIT
// What it costs to say which words speak for a label: exactly, beside the prediction alone, and by leaving words out.

#include <cstring>

#include "demonstration.hpp"
#include "fewfit/io/mapped_file.hpp"

namespace {

using parts = std::vector<fewfit::word_evidence>;

/// The demonstration model that looks at [CLS] alone, which gives no token a share; its labels mean nothing.
class without_shares {
 public:
  without_shares() {
    const fewfit::result<fewfit::file> f = fewfit::file::open(bench::model_path());
    bytes_ = std::make_unique<bench::floats>(static_cast<std::size_t>(f->size() / sizeof(float)));
    auto* const bytes = reinterpret_cast<unsigned char*>(bytes_->data());
    if (f->read(bytes, f->size()) != fewfit::errc::none) std::exit(1);
    std::uint32_t sections = 0;
    const std::uint32_t cls = 2;
    std::memcpy(&sections, bytes + 28, sizeof sections);
    std::memcpy(bytes + 64 + (sections * 16 + 63) / 64 * 64 + 32, &cls, sizeof cls);  // docs/model_file.md, config
    fewfit::load_options options;
    options.verify = fewfit::verify::structure;  // its checksum is wrong now
    model_ = std::make_unique<fewfit::model>(
        fewfit::model::from_memory(bytes, static_cast<std::size_t>(f->size()), options).value());
  }
  const fewfit::model& model() const { return *model_; }

 private:
  std::unique_ptr<bench::floats> bytes_;
  std::unique_ptr<fewfit::model> model_;
};

std::string check_sums(const bench::text_set& set, const fewfit::model& m, bool exact) {
  for (const std::string_view text : set.texts) {
    const fewfit::explanation e = m.explain(text);
    double sum = e.intercept + e.rest;
    for (const fewfit::word_evidence& w : e.words) sum += w.contribution;
    if (e.status != fewfit::errc::none || e.exact != exact) return "not explained that way";
    if (std::fabs(sum - e.logit) > 1e-6) return "the parts do not sum to the logit";
  }
  return {};
}

void add_explain(const std::string& name, const bench::text_set& set, const fewfit::model& m, bool exact) {
  const auto check = [set, &m, exact] { return check_sums(set, m, exact); };
  bench::add(name, bench::once(check), [set, &m](benchmark::State& state) {
    fewfit::workspace scratch;
    parts out(m.config().max_length);
    for (auto _ : state)
      for (const std::string_view text : set.texts) benchmark::DoNotOptimize(m.explain(text, scratch, out).rest);
    set.count(state);
  });
}

void add_predict(const std::string& name, const bench::text_set& set) {
  bench::add(name, bench::unchecked, [set](benchmark::State& state) {
    fewfit::workspace scratch;
    for (auto _ : state)
      for (const std::string_view text : set.texts)
        benchmark::DoNotOptimize(bench::model().predict(text, scratch).probability);
    set.count(state);
  });
}

void add_all() {
  static const without_shares other;
  for (const std::size_t tokens : {8, 32, 128}) {
    const bench::text_set one = bench::texts_between(tokens, tokens, 1);
    const std::string size = "/T:" + std::to_string(tokens);
    add_predict("predict" + size, one);
    add_explain("explain" + size, one, bench::model(), true);
    add_explain("explain by occlusion" + size, one, other.model(), false);
  }
}

}  // namespace

int main(int argc, char** argv) { return bench::run_on_model(argc, argv, add_all); }

// SPDX-License-Identifier: MIT
#include <deque>
#include <map>
#include <stdexcept>

#include "asked.hpp"
#include "batches.hpp"
#include "commands.hpp"
#include "common.hpp"
#include "json_line.hpp"
#include "labelled.hpp"
#include "metrics.hpp"
#include "output.hpp"
#include "report.hpp"

namespace tool {
namespace {

class eval_command : public line_command {
 public:
  explicit eval_command(const options& options)
      : format_(options.format), asked_(options), tally_(asked_.labels().size) {
    if (asked_.multi())
      throw failure(bad_file, options.model + ": a text may have several labels, which eval does not count");
    for (std::string_view label : asked_.labels()) {
      class_of_.emplace(label, labels_.size());
      labels_.emplace_back(label);
    }
  }

  std::string text_in(std::string_view line) override {
    labelled example = labelled_in(line, format_, asked_.labels_are_integers());
    expect(example.label);
    return std::move(example.text);
  }

  fewfit::errc compute(fewfit::span<const std::string_view> texts) override { return asked_.compute(texts); }

  void answered(std::string_view, std::size_t i) override {
    const std::size_t best = asked_.best(i);
    tally_.add(expected_.front(), best, asked_.probabilities(i)[best]);
    expected_.pop_front();
  }

  void print(format how) const {
    const metrics result = tally_.result();
    write_line(how == format::jsonl ? json_report(result, labels_) : text_report(result, labels_));
    flush();
  }

  bool empty() const { return tally_.examples() == 0; }

 private:
  void expect(std::string_view label) {
    const auto found = class_of_.find(label);
    if (found == class_of_.end()) {
      refuse_byte_order_mark(label);
      throw std::invalid_argument(no_such_label(label, asked_.labels()));
    }
    expected_.push_back(found->second);
  }

  const format format_;
  asked asked_;
  std::vector<std::string> labels_;                   // [K]
  std::map<std::string_view, std::size_t> class_of_;  // views of the model's labels
  std::deque<std::size_t> expected_;                  // classes of the lines that are read and not answered
  tally tally_;
};

}  // namespace

void eval(const options& options) {
  eval_command command(options);
  run(options, command);
  if (command.empty()) {
    throw failure(bad_file, (options.input == "-" ? "<stdin>" : options.input) +
                                ": no examples: write a line for each, with its label and text");
  }
  command.print(options.report);
}

}  // namespace tool

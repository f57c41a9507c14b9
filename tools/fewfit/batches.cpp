// SPDX-License-Identifier: MIT
#include "batches.hpp"

#include <new>
#include <optional>
#include <stdexcept>

#include "common.hpp"
#include "input.hpp"
#include "json_line.hpp"
#include "output.hpp"
#include "progress.hpp"

namespace tool {
namespace {

// One line of the input on its way to the output.
struct item {
  unsigned long long number = 0;  // of the line, from 1
  std::string line;               // as it came
  std::string text;               // what the model is asked
};

class runner {
 public:
  runner(const options& options, line_command& command)
      : options_(options), command_(command), reader_(options.input), progress_(bytes_to_show(options)) {}

  void run() {
    std::vector<item> batch;
    do {
      read(batch);
      answer(batch);
      flush();
      progress_.update(reader_.bytes_read());
      if (bad_line_) throw *bad_line_;
    } while (batch.size() == options_.batch_size);
  }

 private:
  unsigned long long bytes_to_show(const options& options) const {
    return options.input == "-" ? 0 : reader_.bytes_in_all();
  }

  failure at_line(unsigned long long number, exit_status status, const std::string& sentence) const {
    return failure(status, reader_.name() + ":" + std::to_string(number) + ": " + sentence);
  }

  // Up to a batch of good lines. A bad one ends it and is kept until those before it are written; so does one for
  // which there is no memory, which is free again when it is told.
  void read(std::vector<item>& batch) {
    batch.clear();
    while (batch.size() < options_.batch_size && !bad_line_) {
      ++lines_;
      try {
        item next;  // not outside: its memory is gone when a handler needs some, and assigning to a string keeps it
        next.number = lines_;
        if (!reader_.next(next.line)) return;
        next.text = command_.text_in(next.line);
        batch.push_back(std::move(next));
      } catch (const std::invalid_argument& error) {
        bad_line_ = at_line(lines_, bad_line, error.what());
      } catch (const std::bad_alloc&) {
        bad_line_ = at_line(lines_, bad_file, "there is not enough memory for the line");
      }
    }
  }

  // Where a batch as a whole cannot be computed, its texts are asked one by one, so that those before the culprit
  // are answered and the culprit is named.
  void answer(const std::vector<item>& batch) {
    if (batch.empty()) return;
    std::vector<std::string_view> texts;
    for (const item& it : batch) texts.push_back(it.text);
    if (command_.compute(texts) == fewfit::errc::none) {
      for (std::size_t i = 0; i < batch.size(); ++i) command_.answered(batch[i].line, i);
      return;
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const fewfit::errc code = command_.compute({&texts[i], 1});
      if (code != fewfit::errc::none) {
        const bool lines_fault = code == fewfit::errc::text_too_long;
        bad_line_ = at_line(batch[i].number, lines_fault ? bad_line : bad_file, fewfit::message(code));
        return;
      }
      command_.answered(batch[i].line, 0);
    }
  }

  const options& options_;
  line_command& command_;
  line_reader reader_;
  progress progress_;
  unsigned long long lines_ = 0;
  std::optional<failure> bad_line_;
};

// A line in, a line out.
class answers : public line_command {
 public:
  answers(format how, batch_command& command) : how_(how), command_(command), keys_(command.keys()) {}

  std::string text_in(std::string_view line) override {
    return how_ == format::jsonl ? text_of(line, keys_) : std::string(without_return(line));
  }

  fewfit::errc compute(fewfit::span<const std::string_view> texts) override { return command_.compute(texts); }

  void answered(std::string_view line, std::size_t i) override {
    write_line(how_ == format::jsonl ? with_members(line, command_.as_json(i)) : command_.as_text(i));
  }

 private:
  const format how_;
  batch_command& command_;
  const std::vector<std::string_view> keys_;
};

}  // namespace

void run(const options& options, line_command& command) { runner(options, command).run(); }

void run(const options& options, batch_command& command) {
  answers lines(options.format, command);
  run(options, lines);
}

std::string_view without_return(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::string tokens_and_truncated(std::size_t tokens, bool truncated) {
  return "\"tokens\":" + std::to_string(tokens) + ",\"truncated\":" + (truncated ? "true" : "false");
}

}  // namespace tool

// SPDX-License-Identifier: MIT
#include "json_line.hpp"

#include <stdexcept>

#include <nlohmann/json.hpp>

namespace tool {
namespace {

using json = nlohmann::json;

// Reads events instead of building a tree: a tree would keep one of two equal keys without a word.
class text_finder {
 public:
  explicit text_finder(const std::vector<std::string_view>& ours) : ours_(ours) {}

  bool null() { return value("null"); }
  bool boolean(bool) { return value("a boolean"); }
  bool number_integer(json::number_integer_t) { return value("a number"); }
  bool number_unsigned(json::number_unsigned_t) { return value("a number"); }
  bool number_float(json::number_float_t, const std::string&) { return value("a number"); }
  bool binary(json::binary_t&) { return value("binary"); }
  bool start_array(std::size_t) { return value("an array") && deeper(); }
  bool end_array() { return --depth_, true; }
  bool start_object(std::size_t) {
    if (depth_ == 0) return deeper();
    return value("an object") && deeper();
  }
  bool end_object() { return --depth_, true; }

  bool string(std::string& text) {
    if (depth_ != 1 || !at_text_) return value("a string");
    text_ = std::move(text);
    at_text_ = false;
    return true;
  }

  bool key(std::string& name) {
    if (depth_ != 1) return true;
    for (std::string_view key : ours_) {
      if (name == key) throw std::invalid_argument("the object already has \"" + name + "\"");
    }
    at_text_ = name == "text";
    if (at_text_ && found_) throw std::invalid_argument("the object has \"text\" twice");
    found_ = found_ || at_text_;
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&, const json::exception& error) {
    const auto* syntax = dynamic_cast<const json::parse_error*>(&error);
    throw std::invalid_argument(syntax != nullptr ? "not JSON: wrong at byte " + std::to_string(byte)
                                                  : "a number is out of range near byte " + std::to_string(byte));
  }

  std::string text() {
    if (!found_) throw std::invalid_argument("the object has no \"text\"");
    return std::move(text_);
  }

 private:
  bool value(const char* kind) {
    if (depth_ == 0) throw std::invalid_argument("not a JSON object but " + std::string(kind));
    if (depth_ == 1 && at_text_) throw std::invalid_argument("\"text\" is not a string but " + std::string(kind));
    return true;
  }
  bool deeper() { return ++depth_, true; }

  const std::vector<std::string_view>& ours_;
  std::string text_;
  std::size_t depth_ = 0;
  bool at_text_ = false, found_ = false;
};

}  // namespace

std::string text_of(std::string_view line, const std::vector<std::string_view>& ours) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) throw std::invalid_argument("the line is empty");
  // The parser takes a zero byte for the end of its input and would not look at what follows.
  const std::size_t zero = line.find('\0');
  if (zero != std::string_view::npos) {
    throw std::invalid_argument("not JSON: wrong at byte " + std::to_string(zero + 1));
  }
  text_finder finder(ours);
  json::sax_parse(line.begin(), line.end(), &finder);
  return finder.text();
}

std::string with_members(std::string_view line, std::string_view members) {
  const std::size_t brace = line.rfind('}');
  std::string out;
  out.reserve(line.size() + members.size() + 1);
  out.append(line.substr(0, brace)).append(",").append(members).append(line.substr(brace));
  return out;
}

std::string quoted(std::string_view text) { return json(text).dump(); }

}  // namespace tool

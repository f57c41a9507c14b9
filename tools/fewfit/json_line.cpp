// SPDX-License-Identifier: MIT
#include "json_line.hpp"

#include <stdexcept>

#include <nlohmann/json.hpp>

namespace tool {
namespace {

using json = nlohmann::json;

// Reads events instead of building a tree: a tree would keep one of two equal keys without a word.
class finder {
 public:
  finder(const std::vector<wanted_key>& wanted, const std::vector<std::string_view>& ours)
      : wanted_(wanted), ours_(ours), values_(wanted.size()), found_(wanted.size()) {}

  bool null() { return value("null"); }
  bool boolean(bool) { return value("a boolean"); }
  bool number_integer(json::number_integer_t n) { return integer(std::to_string(n)); }
  bool number_unsigned(json::number_unsigned_t n) { return integer(std::to_string(n)); }
  bool number_float(json::number_float_t, const std::string&) { return value("a number"); }
  bool binary(json::binary_t&) { return value("binary"); }
  bool start_array(std::size_t) { return value("an array") && deeper(); }
  bool end_array() { return --depth_, true; }
  bool start_object(std::size_t) {
    if (depth_ == 0) return deeper();
    return value("an object") && deeper();
  }
  bool end_object() { return --depth_, true; }

  bool string(std::string& text) { return at_wanted() ? take(std::move(text)) : value("a string"); }

  bool key(std::string& name) {
    if (depth_ != 1) return true;
    for (std::string_view key : ours_) {
      if (name == key) throw std::invalid_argument("the object already has \"" + name + "\"");
    }
    for (at_ = 0; at_ < wanted_.size() && name != wanted_[at_].name;) ++at_;
    if (!at_wanted()) return true;
    if (found_[at_]) throw std::invalid_argument("the object has \"" + name + "\" twice");
    found_[at_] = true;
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&, const json::exception& error) {
    const auto* syntax = dynamic_cast<const json::parse_error*>(&error);
    throw std::invalid_argument(syntax != nullptr ? "not JSON: wrong at byte " + std::to_string(byte)
                                                  : "a number is out of range near byte " + std::to_string(byte));
  }

  std::vector<std::string> values() {
    for (std::size_t k = 0; k < wanted_.size(); ++k) {
      if (!found_[k]) throw std::invalid_argument("the object has no \"" + std::string(wanted_[k].name) + "\"");
    }
    return std::move(values_);
  }

 private:
  bool value(const char* kind) {
    if (depth_ == 0) throw std::invalid_argument("not a JSON object but " + std::string(kind));
    if (!at_wanted()) return true;
    throw std::invalid_argument("\"" + std::string(wanted_[at_].name) + "\" is not a string but " + kind);
  }
  bool integer(std::string digits) {
    return at_wanted() && wanted_[at_].or_integer ? take(std::move(digits)) : value("a number");
  }
  bool take(std::string value) {
    values_[at_] = std::move(value);
    at_ = wanted_.size();
    return true;
  }
  bool at_wanted() const { return depth_ == 1 && at_ < wanted_.size(); }
  bool deeper() { return ++depth_, true; }

  const std::vector<wanted_key>& wanted_;
  const std::vector<std::string_view>& ours_;
  std::vector<std::string> values_;
  std::vector<bool> found_;
  std::size_t depth_ = 0;
  std::size_t at_ = static_cast<std::size_t>(-1);  // the wanted key whose value comes next, if one does
};

std::vector<std::string> find(std::string_view line, const std::vector<wanted_key>& wanted,
                              const std::vector<std::string_view>& ours) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) throw std::invalid_argument("the line is empty");
  // The parser takes a zero byte for the end of its input and would not look at what follows.
  const std::size_t zero = line.find('\0');
  if (zero != std::string_view::npos) {
    throw std::invalid_argument("not JSON: wrong at byte " + std::to_string(zero + 1));
  }
  finder events(wanted, ours);
  json::sax_parse(line.begin(), line.end(), &events);
  return events.values();
}

}  // namespace

std::string text_of(std::string_view line, const std::vector<std::string_view>& ours) {
  return std::move(find(line, {wanted_key{"text"}}, ours).front());
}

std::vector<std::string> values_of(std::string_view line, const std::vector<wanted_key>& wanted) {
  return find(line, wanted, {});
}

std::string with_members(std::string_view line, std::string_view members) {
  const std::size_t brace = line.rfind('}');
  std::string out;
  out.reserve(line.size() + members.size() + 1);
  out.append(line.substr(0, brace)).append(",").append(members).append(line.substr(brace));
  return out;
}

std::string quoted(std::string_view text) { return json(text).dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace tool

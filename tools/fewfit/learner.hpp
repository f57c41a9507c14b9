// SPDX-License-Identifier: MIT
#pragma once
// A head that learns text by text, and can take back what it has learned.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fewfit/api.hpp"
#include "fewfit/thread_pool.hpp"
#include "labelled.hpp"
#include "options.hpp"

namespace tool {

class learner {
 public:
  /// A known head is taught as it was, but for what the options say.
  learner(const fewfit::model& model, std::optional<fewfit::head> known, const options& options);

  /// Null until two labels are known.
  const fewfit::head* head() const { return head_ ? &*head_ : nullptr; }
  /// All that are known, with the head's first and in its order.
  std::vector<std::string> labels() const;
  std::size_t examples() const { return known_ + learned_.size(); }
  std::size_t to_undo() const { return history_.size(); }

  /// Learns a text, or another label for one that it has learned before.
  ///
  /// errors  as teach; nothing has changed then
  fewfit::error learn(const std::string& text, const std::string& label);
  /// Takes back what it has learned last, an example or another label for one.    needs  to_undo() != 0
  fewfit::error undo();

 private:
  struct change {
    std::size_t example;             // of learned_
    std::optional<std::string> old;  // its label before; none: it was not there
  };

  fewfit::error take(fewfit::result<fewfit::head> next);
  fewfit::error begin();
  fewfit::error relabel(std::size_t example, const std::string& label);

  const fewfit::model& model_;
  std::string name_, unknown_;  // of the options: the known head, whose strings they are, does not live as long
  fewfit::teach_options how_;
  fewfit::thread_pool pool_;
  fewfit::workspace scratch_;
  std::optional<fewfit::head> head_;
  std::size_t known_ = 0;          // examples of the head before the session
  std::vector<labelled> learned_;  // in the order of the head's examples behind those
  std::vector<change> history_;
};

}  // namespace tool

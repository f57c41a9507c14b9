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

namespace tool {

class learner {
 public:
  learner(const fewfit::model& model, std::optional<fewfit::head> known, const fewfit::teach_options& how,
          std::size_t threads);

  /// Null until two labels are known.
  const fewfit::head* head() const { return head_ ? &*head_ : nullptr; }
  /// All that are known, with the head's first and in its order.
  std::vector<std::string> labels() const;
  std::size_t examples() const { return known_ + learned_.size(); }
  std::size_t to_undo() const { return learned_.size(); }

  /// Learns a text, or another label for one that it has learned before.
  ///
  /// errors  as teach; nothing has changed then
  fewfit::error learn(const std::string& text, const std::string& label);
  /// Forgets the example it has learned last, which comes back.    needs  to_undo() != 0
  fewfit::error undo();

 private:
  fewfit::error take(fewfit::result<fewfit::head> next);
  fewfit::error begin();

  const fewfit::model& model_;
  fewfit::teach_options how_;
  fewfit::thread_pool pool_;
  fewfit::workspace scratch_;
  std::optional<fewfit::head> head_;
  std::size_t known_ = 0;          // examples of the head before the session
  std::vector<labelled> learned_;  // in the order of the head's examples behind those
};

}  // namespace tool

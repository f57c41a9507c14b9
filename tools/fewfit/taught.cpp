// SPDX-License-Identifier: MIT
#include "taught.hpp"

#include <cerrno>
#include <cstring>

#include "common.hpp"
#include "platform.hpp"

namespace tool {

fewfit::teach_options teach_options_of(const options& o, const std::optional<fewfit::head>& known) {
  fewfit::teach_options out = known ? known->taught_with() : fewfit::teach_options();
  if (o.C) out.C = *o.C;
  if (o.most_errors) out.most_errors = *o.most_errors;
  if (o.unknown) out.unknown = *o.unknown;
  if (o.balanced != 0) out.balanced = o.balanced > 0;
  if (o.keep_texts != 0) out.keep_texts = o.keep_texts > 0;
  if (!o.keep_examples) out.keep_examples = out.keep_texts = false;
  return out;
}

std::optional<fewfit::head> load_known(const options& o, const fewfit::model& body) {
  std::optional<fewfit::head> head = load_head(o.known, body);
  if (head && head->examples() == 0)
    throw failure(bad_file, o.known + ": the head holds no examples: teach it anew, with those it was taught with");
  return head;
}

void refuse_to_overwrite(const options& o, const std::string& output) {
  if (same_file(output, o.model))
    throw failure(bad_usage, output + ": this is the model: give the head another name");
  if (o.input != "-" && same_file(output, o.input))
    throw failure(bad_usage, output + ": this is the input: give the head another name");
  if (is_no_regular_file(output)) throw failure(bad_file, output + ": not a file that can be replaced");
  if (!new_file(output).ok()) throw failure(bad_file, output + ": " + std::strerror(errno));
}

void save(const fewfit::head& head, const std::string& path) {
  new_file file(path);
  if (!file.ok() || !file.finish(head.contents().data, head.contents().size))
    throw failure(bad_file, path + ": " + std::strerror(errno));
}

}  // namespace tool

// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <cstdio>
#include <map>

#include <CLI/CLI.hpp>

#include "common.hpp"

namespace tool {
namespace {

constexpr const char* description =
    "fewfit runs SetFit text classifiers.\n"
    "\n"
    "A model file is made from a SetFit folder by tools/fewfit_convert. Texts are UTF-8, one a line.\n"
    "  --format text   a text a line in (\\n or \\r\\n ends it), an answer a line out\n"
    "  --format jsonl  a JSON object with \"text\" a line in; the line comes back byte for byte, in the same order,\n"
    "                  with our keys put in before its last }\n"
    "\n"
    "explain marks the words of each text that speak for its label or against it; --format html makes one page.\n"
    "eval reads labelled texts, \"label <tab> text\" or objects with \"label\" and \"text\", and writes one report.\n"
    "teach learns from such texts: it writes a head's file, and reports how good it is by leaving out each in turn.";

constexpr const char* footer =
    "Answers are written as soon as their batch is done. A bad line ends the run after everything before it was\n"
    "written. Exit status: 0, or 1 model or file, 2 input line, 64 usage.\n"
    "\n"
    "  fewfit predict --model interviews.fewfit --input answers.txt\n"
    "  fewfit predict --model interviews.fewfit --format jsonl < answers.jsonl > labelled.jsonl\n"
    "  fewfit eval    --model interviews.fewfit --input labelled.tsv\n"
    "  fewfit teach   --model interviews.fewfit --input labelled.tsv -o mood.fewfit";

void add_format(CLI::App& app, std::string& out) {
  app.add_option("--format", out, "how texts come in and answers go out")
      ->check(CLI::IsMember({"text", "jsonl"}).description(""))
      ->type_name("text|jsonl")
      ->capture_default_str();
}

CLI::App* add_text_command(CLI::App& app, options& out, std::string& how, const char* name, const char* what) {
  CLI::App* sub = app.add_subcommand(name, what);
  sub->add_option("--model,-m", out.model, "the model file")->required()->type_name("FILE");
  sub->add_option("--input,-i", out.input, "what to read; - is standard input")
      ->type_name("FILE")
      ->capture_default_str();
  add_format(*sub, how);
  sub->add_option("--batch-size", out.batch_size, "texts computed and written at a time; changes no answer")
      ->check(CLI::Range(1, 65536))
      ->type_name("N")
      ->capture_default_str();
  sub->add_option("--threads", out.threads, "threads that share a batch, a text to each; changes no answer")
      ->check(CLI::Range(1, 1024))
      ->type_name("N")
      ->capture_default_str();
  return sub;
}

CLI::App* with_head(CLI::App* sub, options& out) {
  sub->add_option("--head", out.head, "a head with a file of its own, in place of the model's")->type_name("FILE");
  return sub;
}

void add_color(CLI::App& app, options& out) {
  const auto take = [&out](const std::string& word) {
    out.colours = word == "always" ? colour::always : word == "never" ? colour::never : colour::automatic;
  };
  app.add_option_function<std::string>("--color", take,
                                       "whether words have colours; auto: on a terminal, unless NO_COLOR is set")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->type_name("auto|always|never")
      ->default_str("auto");
}

CLI::App* add_explain(CLI::App& app, options& out, std::string& how) {
  CLI::App* sub = add_text_command(app, out, how, "explain", "the words of each text that speak for its label");
  sub->remove_option(sub->get_option("--format"));
  sub->add_option("--format", how, "how texts come in and answers go out; html: as text, and one page")
      ->check(CLI::IsMember({"text", "jsonl", "html"}).description(""))
      ->type_name("text|jsonl|html")
      ->capture_default_str();
  sub->add_option("--label", out.label, "the label to explain, where not the predicted one")->type_name("LABEL");
  sub->add_flag("--occlusion", out.occlusion,
                "what the label loses without a word, computed word by word, and not its share, which costs nothing");
  add_color(*sub, out);
  return sub;
}

void add_report(CLI::App& app, std::string& report, bool or_none) {
  app.add_option("--report", report,
                 std::string("how the report is written, where not as --format has it") +
                     (or_none ? "; none: nothing is left out, for thousands of examples" : ""))
      ->check(CLI::IsMember(or_none ? std::vector<std::string>{"text", "json", "none"}
                                    : std::vector<std::string>{"text", "json"})
                  .description(""))
      ->type_name(or_none ? "text|json|none" : "text|json");
}

// CLI11's own checks let NaN pass, and describe a range by its 309 digits.
CLI::Validator number_check(const char* what, bool (*good)(double)) {
  return CLI::Validator(
      [what, good](std::string& text) {
        double number = 0;
        return CLI::detail::lexical_cast(text, number) && good(number) ? std::string()
                                                                       : text + " is not " + std::string(what);
      },
      "");
}

CLI::App* add_teach(CLI::App& app, options& out, std::string& how, std::string& report) {
  CLI::App* sub = add_text_command(app, out, how, "teach", "a head out of labelled texts, in a file of its own");
  sub->remove_option(sub->get_option("--batch-size"));
  add_report(*sub, report, true);
  sub->add_option("--output,-o", out.output, "the head's file, which predict, eval and explain read with --head")
      ->type_name("FILE");
  sub->add_option("--known,-k", out.known, "a head to teach more: its examples count with the new ones")
      ->type_name("FILE");
  sub->add_option("--C", out.C, "how much the examples count beside the penalty")
      ->check(number_check("a number above 0", [](double x) { return x > 0 && x <= 1e300; }))
      ->type_name("X");
  sub->add_flag("--balanced,!--not-balanced", out.balanced, "rare labels count as much as frequent ones");
  sub->add_option("--most-errors", out.most_errors,
                  "find the probability below which the head had better say nothing, so that so large a share of its "
                  "answers is wrong at most")
      ->check(number_check("a share from 0 to 1", [](double x) { return x >= 0 && x <= 1; }))
      ->type_name("SHARE");
  sub->add_option("--unknown", out.unknown,
                  "the label of examples that are none of the others; predict --abstain takes it for no answer")
      ->type_name("LABEL");
  sub->add_flag("--keep-texts,!--no-texts", out.keep_texts,
                "put the texts into the head's file, too, and not their vectors alone");
  sub->add_flag(
      "--live", out.live,
      "a session: say a text, see what it is taken for and why, put it right with a key, see it learned; words "
      "are coloured by what the label's logit loses without them, asked of the head word by word");
  add_color(*sub, out);
  sub->add_flag("!--no-examples", out.keep_examples, "no vectors in the file: it can be taught no more");
  return sub;
}

CLI::App* add_file_command(CLI::App& app, options& out, const char* name, const char* what) {
  CLI::App* sub = app.add_subcommand(name, what);
  sub->add_option("model", out.model, "the model file")->required()->type_name("FILE");
  return sub;
}

// Every command as CLI11 has it: which of them was asked for is known when the arguments are read.
std::map<CLI::App*, command> add_commands(CLI::App& app, options& out, std::string& how, std::string& report) {
  std::map<CLI::App*, command> commands;
  CLI::App* predict = add_text_command(app, out, how, "predict", "label and probability of each text");
  with_head(predict, out);
  predict->add_flag("--abstain", out.abstain, "no label where the head had better say nothing, as it was taught to");
  commands[predict] = command::predict;
  commands[add_text_command(app, out, how, "embed", "the sentence vector of each text")] = command::embed;
  CLI::App* tokenize = add_text_command(app, out, how, "tokenize", "the token ids of each text");
  tokenize->add_flag("!--no-special-tokens", out.special_tokens, "leave out [CLS] and [SEP]");
  tokenize->add_flag("!--no-truncation", out.truncation, "do not cut at the model's length");
  tokenize->add_flag("--offsets", out.offsets, "with --format jsonl: the bytes of the text that each id came from");
  commands[tokenize] = command::tokenize;
  CLI::App* eval = add_text_command(app, out, how, "eval", "how often the model is right about labelled texts");
  add_report(*eval, report, false);
  commands[with_head(eval, out)] = command::eval;
  commands[with_head(add_explain(app, out, how), out)] = command::explain;
  commands[add_teach(app, out, how, report)] = command::teach;
  CLI::App* inspect = add_file_command(app, out, "inspect", "what a model file holds");
  add_format(*inspect, how);
  inspect->add_option("--head", out.head, "what this head's file holds, which is for that model")->type_name("FILE");
  commands[inspect] = command::inspect;
  commands[add_file_command(app, out, "verify", "checks structure, checksums and self-test of a model file")] =
      command::verify;
  return commands;
}

void check_teach(const options& o) {
  if (o.live && (o.input != "-" || o.format != format::text || !o.keep_examples))
    throw failure(bad_usage, "--live reads texts from whoever types: no --input, --format or --no-examples");
  if (!o.live && o.output.empty()) throw failure(bad_usage, "teach needs -o FILE, where the head goes");
  if (o.keep_texts > 0 && !o.keep_examples)
    throw failure(bad_usage, "--keep-texts and --no-examples exclude each other");
}

}  // namespace

options parse(const std::vector<std::string>& arguments) {
  options out;
  std::string how = "text", report;
  CLI::App app(description, "fewfit");
  app.footer(footer);
  app.set_version_flag("--version", std::to_string(FEWFIT_VERSION_MAJOR) + "." +
                                        std::to_string(FEWFIT_VERSION_MINOR) + "." +
                                        std::to_string(FEWFIT_VERSION_PATCH));
  app.require_subcommand(1);

  std::map<CLI::App*, command> commands = add_commands(app, out, how, report);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend() - 1);  // CLI11 takes them from the back
    app.parse(reversed);
  } catch (const CLI::Success& success) {
    app.exit(success);
    return out;
  } catch (const CLI::ParseError& error) {
    throw failure(bad_usage, std::string(error.what()) + "\nRun with --help for more information.");
  }
  out.format = how == "jsonl" ? format::jsonl : how == "html" ? format::html : format::text;
  out.without_report = report == "none";
  out.report = report.empty() ? out.format : report == "json" ? format::jsonl : format::text;
  if (out.offsets && out.format == format::text) throw failure(bad_usage, "--offsets needs --format jsonl");
  if (out.colours == colour::always && out.format != format::text)
    throw failure(bad_usage, "--color needs --format text");
  out.command = commands.at(app.get_subcommands().front());
  if (out.command == command::teach) check_teach(out);
  if (out.abstain && out.head.empty())
    throw failure(bad_usage, "--abstain needs --head FILE: a model's own head was not taught when to say nothing");
  return out;
}

}  // namespace tool

// SPDX-License-Identifier: MIT
// fewfit: SetFit text classifiers on the command line.

#include <cstdio>
#include <exception>
#include <new>

#include "commands.hpp"
#include "common.hpp"
#include "options.hpp"
#include "platform.hpp"

namespace {

void run(const tool::options& options) {
  switch (options.command) {
    case tool::command::none: return;
    case tool::command::predict: return tool::predict(options);
    case tool::command::embed: return tool::embed(options);
    case tool::command::tokenize: return tool::tokenize(options);
    case tool::command::eval: return tool::eval(options);
    case tool::command::explain: return tool::explain(options);
    case tool::command::teach: return tool::teach(options);
    case tool::command::inspect: return tool::inspect(options);
    case tool::command::verify: return tool::verify(options);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(tool::parse(tool::prepare(argc, argv)));
    return tool::ok;
  } catch (const tool::failure& failure) {
    std::fprintf(stderr, "fewfit: %s\n", failure.what());
    return failure.status;
  } catch (const tool::output_closed&) {
    return tool::bad_file;
  } catch (const std::bad_alloc&) {
    std::fputs("fewfit: there is not enough memory\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fewfit: %s\n", error.what());
  }
  return tool::bad_file;
}

// SPDX-License-Identifier: MIT
#pragma once
// The eight commands. Each throws a failure, or returns when it has said everything.

#include "options.hpp"

namespace tool {

void predict(const options& options);
void embed(const options& options);
void tokenize(const options& options);
void eval(const options& options);
void explain(const options& options);
void teach(const options& options);
void teach_live(const options& options);  // teach --live
void inspect(const options& options);
void verify(const options& options);

}  // namespace tool

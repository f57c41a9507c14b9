// SPDX-License-Identifier: MIT
#include "fewfit/fewfit.hpp"

fewfit::prediction ask_other(const fewfit::model& model, const char* text) { return model.predict(text); }

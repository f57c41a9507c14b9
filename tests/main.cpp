// SPDX-License-Identifier: MIT
// The suite's main. Every other file here is named after the header it tests.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

// SPDX-License-Identifier: GPL-3.0-or-later
// A shared library that program.cc opens, and that throws what the program catches.
#include <stdexcept>

extern "C" void fail() { throw std::runtime_error("from a library"); }

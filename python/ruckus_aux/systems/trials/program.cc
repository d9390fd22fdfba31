// SPDX-License-Identifier: GPL-3.0-or-later
// What the C++ library and compiler of one ABI must be able to do: exceptions across threads and libraries, locales.
#include <climits>
#include <codecvt>
#include <cstdlib>
#include <dlfcn.h>
#include <exception>
#include <iostream>
#include <locale>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#define CHECK(what)                                                                       \
    do {                                                                                  \
        if (!(what)) {                                                                    \
            std::cout << "program.cc:" << __LINE__ << ": not so: " << #what << std::endl; \
            std::exit(1);                                                                 \
        }                                                                                 \
    } while (0)

static std::string caught(std::exception_ptr thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const std::runtime_error &error) {
        return error.what();
    }
}

static void threads()
{
    std::exception_ptr thrown;
    std::thread thread([&thrown] {
        try {
            throw std::runtime_error("from a thread");
        } catch (...) {
            thrown = std::current_exception();
        }
    });
    thread.join();
    CHECK(caught(thrown) == "from a thread");
}

static void plugin(const char *path)
{
    void *library = dlopen(path, RTLD_NOW);
    if (!library)
        std::cout << dlerror() << std::endl;
    CHECK(library);
    auto fail = reinterpret_cast<void (*)()>(dlsym(library, "fail"));
    CHECK(fail);
    std::string said;
    try {
        fail();
    } catch (const std::runtime_error &error) {
        said = error.what();
    }
    CHECK(said == "from a library");
}

static void locales()
{
    std::locale utf8("C.UTF-8");
    CHECK(utf8.name() == "C.UTF-8");
    auto &conversion = std::use_facet<std::codecvt<wchar_t, char, std::mbstate_t>>(utf8);
    std::mbstate_t state{};
    const char text[] = "\303\244", *next;
    wchar_t wide[4], *end;
    conversion.in(state, text, text + 2, next, wide, wide + 4, end);
    CHECK(end == wide + 1 && wide[0] == 0xe4);
    std::ostringstream number;
    number.imbue(utf8);
    number << 1.5;
    CHECK(number.str() == "1.5");
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    threads();
    plugin(argv[1]);
    locales();
    std::cout << "works with " << CHAR_BIT * sizeof(void *) << " bits, " << LONG_BIT << std::endl;
}

# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ruckus_aux.steps.diagnosis import crash, first_error

EPILOGUE = """\
make[2]: *** [Makefile:10: foo.o] Error 1
make[1]: *** [Makefile:5: all-recursive] Error 1
make: *** [Makefile:2: all] Error 2
"""


@pytest.mark.parametrize(
    ("output", "first"),
    [
        ("gcc -c foo.c\nfoo.c:3:7: error: expected ';'\n    3 | int x\n", "foo.c:3:7: error: expected ';'"),
        ("foo.c:1:10: fatal error: gmp.h: No such file or directory\n", "foo.c:1:10: fatal error: gmp.h: No such file"),
        (
            "/usr/bin/ld: main.o: in function `f':\nmain.c:(.text+0x1): undefined reference to `g'\n",
            "main.c:(.text+0x1)",
        ),
        ("checking for x... no\nconfigure: error: no acceptable C compiler found\n", "configure: error: no acceptable"),
        ("during RTL pass: reload\nfoo.c:9:1: internal compiler error: Segmentation fault\n", "foo.c:9:1: internal"),
        ("make: *** No rule to make target 'nothing'.  Stop.\n", "make: *** No rule to make target 'nothing'"),
        ("make: *** No targets.  Stop.\n", "make: *** No targets"),
        ("/usr/bin/make: *** virtual memory exhausted.  Stop.\n", "/usr/bin/make: *** virtual memory"),
        (
            "make: *** internal error: invalid --jobserver-auth string 'fifo:/tmp/GMfifo7'.  Stop.\n",
            "make: *** internal error: invalid --jobserver-auth",
        ),
        ("Makefile:3: *** missing separator.  Stop.\n", "Makefile:3: *** missing separator"),
        ("make[1]: *** [Makefile:9: conftest] Killed\n", "make[1]: *** [Makefile:9: conftest] Killed"),
        ("sh: 1: makeinfo: not found\n", "sh: 1: makeinfo: not found"),
        ("a.c:1: error: it tries this\nruckus: not expected to fail: t/one\n", "ruckus: not expected to fail: t/one"),
        ("Hunk #1 FAILED at 3.\n1 out of 1 hunk FAILED -- saving rejects to file x.rej\n", "Hunk #1 FAILED"),
    ],
)
def test_the_cause_comes_first_and_not_what_make_says_of_it(output: str, first: str) -> None:
    found = first_error("make: Entering directory '/ruckus'\nall is well\n" + output + EPILOGUE)
    assert found[0].startswith(first)
    assert not any("Error 1" in line for line in found)


def test_a_compiler_error_beats_an_earlier_missing_file() -> None:
    output = "cat: x: No such file or directory\nfoo.c:1:1: error: bad\n"
    assert first_error(output)[0] == "foo.c:1:1: error: bad"


def test_of_two_errors_the_first() -> None:
    assert first_error("a.c:1:1: error: one\nb.c:1:1: error: two\n")[0] == "a.c:1:1: error: one"


def test_the_last_lines_when_nothing_looks_like_an_error() -> None:
    lines = [f"line {number}" for number in range(50)]
    assert first_error("\n".join(lines) + "\n" + EPILOGUE) == lines[-10:]


def test_no_output_at_all() -> None:
    assert first_error("") == []


def test_what_make_says_when_nobody_else_says_anything() -> None:
    assert first_error(EPILOGUE) == EPILOGUE.splitlines()


def test_a_line_without_end_is_cut_to_the_error() -> None:
    (line,) = first_error("y" * 100_000 + "foo.c: fatal error: bad" + "z" * 100_000)
    assert len(line) == 500
    assert "foo.c: fatal error: bad" in line


@pytest.mark.parametrize(
    ("status", "output", "reason"),
    [
        (-11, "", "signal SIGSEGV"),
        (139, "", "signal SIGSEGV"),
        (-40, "", "signal 40"),
        (128 + 40, "", "signal 40"),
        (255, "", ""),
        (2, "make[1]: *** [Makefile:9: x] Killed\nmore\n", "Killed"),
        (2, "foo.c:1:1: error: expected ';'\n", ""),
        (0, "Segmentation fault", ""),
    ],
)
def test_how_a_script_died(status: int, output: str, reason: str) -> None:
    assert crash(status, output) == reason


def test_the_first_error_cannot_command_the_terminal() -> None:
    (line,) = first_error("\x1b]0;mine\x07x.c:1:1: error: \x1b[31mno\x1b[m\n")
    assert line == r"\x1b]0;mine\x07x.c:1:1: error: no"

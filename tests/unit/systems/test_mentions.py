# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.systems.mentions import mentions

PATHS = st.sampled_from(["/tools", "/cross-tools", "/hostprep", "/ruckus/src", "/home/me/ruckus/build"])
NAMES = st.from_regex(r"[A-Za-z0-9_]+([.+-][A-Za-z0-9_]+)*", fullmatch=True)
BEGINNINGS = (
    *("", " ", "\n", "\0", "=", ":", ",", ";", '"', "'", "`", "(", "{", "<", ">", "|", "!", "[", "&", "#", "\u2018"),
    *("-L", "-I", "-B", "-isystem", "-F", "-Wl,-rpath,", "-Wl,-rpath=", "prefix=", "PATH=/usr/bin:", "${X:-", "$CLFS"),
    *(r"\n", r"\t", r"\fI", r"\fB", r"\f(CW", r"\f[CW]", "/", "=/", "file://"),
)
ENDINGS = (
    "",
    "/",
    "/lib",
    "/lib/libc.so.6",
    "\0",
    "\n",
    " ",
    '"',
    "'",
    ":",
    ";",
    ",",
    ")",
    "}",
    ".\n",
    ". ",
    "\\",
    "\u2019",
)


@given(st.binary(), st.sampled_from(BEGINNINGS), PATHS, st.sampled_from(ENDINGS), st.binary())
def test_a_path_is_found_however_it_is_written(before: bytes, begin: str, path: str, end: str, after: bytes) -> None:
    assert mentions(before + f"\n{begin}{path}{end}\n".encode() + after, path)
    assert mentions(f"{begin}{path}{end}".encode(), path)


@given(st.sampled_from(("", " ", "\0", '"', "/", "$X/", "../", "-L/", "./")), NAMES, PATHS, st.sampled_from(ENDINGS))
def test_the_end_of_another_path_is_none(begin: str, folder: str, path: str, end: str) -> None:
    assert not mentions(f"{begin}{folder}{path}{end}".encode(), path)


@given(st.sampled_from(BEGINNINGS), PATHS, st.sampled_from("aZ0_+-@%~"), st.sampled_from(ENDINGS))
def test_nor_is_the_beginning_of_a_longer_name(begin: str, path: str, more: str, end: str) -> None:
    assert not mentions(f"{begin}{path}{more}{end}".encode(), path)


@pytest.mark.parametrize(
    "text",
    [
        *("../tools", "~/tools", "$(top)/tools", "${S}/tools", "$HOME/tools", "${S}-x/tools", "%s/tools", "@x@/tools"),
        *("*/tools", "https://tools.ietf.org/", "https://tools/x", "/tools.old", "/toolset", "sed y/tools/x/"),
    ],
)
def test_what_else_is_no_such_path(text: str) -> None:
    assert not mentions(text.encode(), "/tools")


@given(st.integers(0, 255), PATHS)
def test_a_path_in_what_python_has_compiled_has_its_length_before_it(length: int, path: str) -> None:
    assert mentions(b"\0\xda" + bytes([length]) + path.encode() + b"/lib/x.py\xda", path)

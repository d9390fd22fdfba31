# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches of the CLFS book, rewritten by the real sed and applied by the real patch."""

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruckus_aux.recipes.book import sed_program

CROSS, TOOLS = "/opt/r/x", "/opt/r/t"


def rewritten(text: str, cross: str = CROSS, tools: str = TOOLS) -> str:
    arguments = [word for expression in sed_program(cross, tools) for word in ("-e", expression)]
    done = subprocess.run(["sed", "-E", *arguments], input=text, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('+#define P "/tools/lib/ld-linux.so.2"', '+#define P "/opt/r/t/lib/ld-linux.so.2"'),
        ("+/tools", "+/opt/r/t"),
        ("-/tools/", "-/opt/r/t/"),
        (" /tools/a /tools/b", " /opt/r/t/a /opt/r/t/b"),
        ("+P=/tools:/tools:/cross-tools:/tools", "+P=/opt/r/t:/opt/r/t:/opt/r/x:/opt/r/t"),
        ("+ -I/tools/include -L/tools/lib -B/tools/bin", "+ -I/opt/r/t/include -L/opt/r/t/lib -B/opt/r/t/bin"),
        ("+ -isystem/tools/include -Wl,-rpath,/tools/lib", "+ -isystem/opt/r/t/include -Wl,-rpath,/opt/r/t/lib"),
        ("+ ${CLFS}/tools $CLFS/tools $(CLFS)/tools", "+ ${CLFS}/opt/r/t $CLFS/opt/r/t $(CLFS)/opt/r/t"),
        ("+ ${P:-/tools}", "+ ${P:-/opt/r/t}"),
        ("+ in /tools.", "+ in /opt/r/t."),
        ("+ in /tools. And", "+ in /opt/r/t. And"),
        ("+/cross-tools/bin/gcc", "+/opt/r/x/bin/gcc"),
    ],
)
def test_whole_components_of_absolute_paths_are_rewritten(before: str, after: str) -> None:
    assert rewritten(before) == after


@pytest.mark.parametrize(
    "line",
    [
        "--- a/tools/perf/x.c",
        "+++ /tools/new.c",
        "diff -Naur /tools/a /tools/b",
        "+ a/tools/perf",
        "+ /usr/tools/lib",
        "+ /toolset /tools2 /tools-x86_64 /tools.old /tools_old /tools+x",
        "+ $(srctree)/tools/include",
        "+ ../tools ./tools ~/tools",
        "+ c++/tools",
        "+ /cross-toolset /my/cross-tools",
        "+ FOO-I/tools",
    ],
)
def test_everything_else_stays(line: str) -> None:
    assert rewritten(line) == line


_WORDS = st.sampled_from(
    [
        "/tools",
        "/cross-tools",
        "/usr",
        "a",
        " ",
        ":",
        '"',
        "-L",
        "-I",
        ",",
        ".",
        "/",
        "x/tools",
        "$CLFS",
        "=",
        "+",
        "-",
        "\t",
    ]
)
_LINES = st.lists(st.lists(_WORDS, max_size=12).map(lambda words: "+" + "".join(words)), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(_LINES)
def test_properties_of_any_text(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    # With the book's own prefixes nothing changes.
    assert rewritten(text, "/cross-tools", "/tools") == text
    result = rewritten(text)
    assert len(result.splitlines()) == len(lines)
    for before, after in zip(lines, result.splitlines(), strict=True):
        # Nothing but the two names is touched ...
        assert after.replace(CROSS, "/cross-tools").replace(TOOLS, "/tools") == before
        # ... and no component that starts a path and stands alone is left.
        assert not re.search(r'[ :",=](/cross-tools|/tools)(?=$|[ :",/=\t])', after)


def test_a_rewritten_patch_applies(tmp_path: Path) -> None:
    (tmp_path / "specs.h").write_text('#define LOADER "/lib/ld.so"\nint x;\n')
    patch = """\
--- a/specs.h
+++ b/specs.h
@@ -1,2 +1,2 @@
-#define LOADER "/lib/ld.so"
+#define LOADER "/tools/lib/ld.so"
 int x;
"""
    subprocess.run(["patch", "-p1"], input=rewritten(patch), text=True, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "specs.h").read_text() == '#define LOADER "/opt/r/t/lib/ld.so"\nint x;\n'

# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest

from ruckus_aux.steps.processor import unasked


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ("gcc -std=gnu17 -O3 -march=amdfam10 -c a.c", ["-march=amdfam10"]),
        ("libtool: compile:  gcc -O2 -march=znver2 -mtune=znver2 -c a.c", ["-march=znver2", "-mtune=znver2"]),
        ("/usr/bin/g++ -mcpu=native -c a.cc", ["-mcpu=native"]),
        ("+ cc -march=x86-64-v3 a.c", ["-march=x86-64-v3"]),
        ("checking for gcc architecture flag... -march=amdfam10", []),
        ("#   gcc -march=amdfam10", []),
        ("x86_64-ruckus-linux-gnu-gcc -march=i686 -mtune=generic -c a.c", []),
        ("x86_64-ruckus-linux-gnu-gcc -march=native -c a.c", ["-march=native"]),
        ("/ruckus/build/./gcc/xgcc -B/ruckus -march=i486 -c cas.c", []),
        ("gcc -O2 -mno-march=none -c a.c", []),
    ],
)
def test_a_processor_that_the_recipe_does_not_name(line: str, flags: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(f"# output:\n{line}\n{line}\ngcc -O2 -c b.c\n")
    assert unasked(log, "./configure") == flags
    assert unasked(log, f"# {line}") == []


def test_a_line_without_end_is_no_command(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(f"gcc {'x' * 100_000} {'-march=native ' * 10_000}\n")
    assert unasked(log, "") == []

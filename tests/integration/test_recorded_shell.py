# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell that recipes' methods record, run by the real sh, sed, grep and patch."""

import subprocess
from pathlib import Path

import pytest
from golden.scripts import settings

from ruckus_aux.recipes.files import RecipeFiles
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.stage import STAGES

# Kconfig, as far as it matters: it knows the options A to E and a string, and drops D, which depends on something.
MAKE = """#!/bin/sh
case "$*" in
    *base) printf '%s\\n' '# CONFIG_A is not set' CONFIG_AB=y CONFIG_B=y '# CONFIG_C is not set' CONFIG_S=n > .config ;;
    *olddefconfig) sed -i -e '/CONFIG_D=/d' -e 's/^\\(CONFIG_.*\\)=n$/# \\1 is not set/' .config ;;
esac
"""


@pytest.fixture
def sh(tmp_path: Path) -> Script:
    """A script of a step whose recipe's folder is a temporary one."""
    arch = ARCHITECTURES["x86_64"]
    return Script(
        settings(arch),
        {},
        "x",
        "x",
        RecipeFiles(tmp_path / "x.py", (tmp_path,)),
        STAGES["stage1"],
        STAGES["stage1"],
        arch.main_abi,
    )


def run(sh: Script, folder: Path, **variables: Path) -> subprocess.CompletedProcess[str]:
    """Run what was recorded in a folder, with the programs of its bin folder first."""
    environment = {"PATH": f"{folder}/bin:/usr/bin:/bin", "LC_ALL": "C", "FILES": str(folder), "HOME": str(folder)}
    environment |= {name: str(path) for name, path in variables.items()}
    text = "\n".join(["set -eu", *sh.pieces])
    return subprocess.run(["/bin/sh", "-c", text], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("plain", "other"),
        ("/lib64/ld", "/tools/lib/ld"),
        (r"a\b.*[c]^$", r"&\1\n"),
        ("'\"$HOME`id`", "it's"),
        (",|#%@/", "@%#|,/\\&"),
        ("one", "first\nsecond & third"),
        ("-e", "--"),
    ],
)
def test_replace_is_literal(sh: Script, tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "a file").write_text(f"x{old}y{old}\nnothing\n")
    (tmp_path / "a file").chmod(0o755)
    sh.replace("$HOME/a file", old, new)
    done = run(sh, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a file").read_text() == f"x{new}y{new}\nnothing\n"
    assert (tmp_path / "a file").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("old", ["a.c", "it's not there", "[abc]"])
def test_replace_fails_when_there_is_nothing_to_replace(sh: Script, tmp_path: Path, old: str) -> None:
    (tmp_path / "file").write_text("abc\n")
    sh.replace("file", old, "x")
    done = run(sh, tmp_path)
    assert (done.returncode, done.stderr) == (1, f"error: file has no {old}\n")
    assert (tmp_path / "file").read_text() == "abc\n"


@pytest.fixture
def kconfig(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "make").write_text(MAKE)
    (tmp_path / "bin" / "make").chmod(0o755)
    (tmp_path / "ours.config").write_text(
        '# A comment\nCONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=y\nCONFIG_S="a=b"\n'
    )
    (tmp_path / "yours.config").write_text("CONFIG_C=n\nCONFIG_E=m\n")
    return tmp_path


def test_fragments_are_laid_over_the_base(sh: Script, kconfig: Path) -> None:
    sh.kconfig("base", "ours.config", "yours.config")
    done = run(sh, kconfig)
    assert done.returncode == 0, done.stderr
    assert sorted((kconfig / ".config").read_text().splitlines()) == [
        "# CONFIG_B is not set",
        "# CONFIG_C is not set",
        "CONFIG_A=y",
        "CONFIG_AB=y",
        "CONFIG_E=m",
        'CONFIG_S="a=b"',
    ]


@pytest.mark.parametrize(("line", "lost"), [("CONFIG_D=y", "CONFIG_D=y"), ("CONFIG_D=5", "CONFIG_D=5")])
def test_what_kconfig_drops_is_an_error(sh: Script, kconfig: Path, line: str, lost: str) -> None:
    (kconfig / "yours.config").write_text(f"{line}\n")
    sh.kconfig("base", "ours.config", "yours.config")
    done = run(sh, kconfig)
    assert (done.returncode, done.stderr) == (1, f"error: Kconfig has dropped {lost}\n")


def test_what_kconfig_turns_on_again_is_an_error(sh: Script, kconfig: Path) -> None:
    make = kconfig / "bin" / "make"
    make.write_text(MAKE.replace("sed -i ", "sed -i -e 's/CONFIG_B=n/CONFIG_B=y/' "))
    sh.kconfig("base", "ours.config")
    done = run(sh, kconfig)
    assert (done.returncode, done.stderr) == (1, "error: Kconfig has dropped CONFIG_B=n\n")


def test_a_libraries_other_abi(sh: Script, tmp_path: Path) -> None:
    for name in ("bin/tool", "include/x.h", "include/gnu/stubs-32.h", "lib/libx.so", "share/doc"):
        (tmp_path / "tools" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tools" / name).write_text("")
    sh.abi = sh.arch.abis[0]
    sh.main_abi_only("include/gnu/*-32.h")
    done = run(sh, tmp_path, OUT=tmp_path)
    assert done.returncode == 0, done.stderr
    files = {str(path.relative_to(tmp_path / "tools")) for path in (tmp_path / "tools").rglob("*") if path.is_file()}
    assert files == {"include/gnu/stubs-32.h", "lib/libx.so"}
    (tmp_path / "tools/include/gnu/stubs-32.h").unlink()
    assert run(sh, tmp_path, OUT=tmp_path).returncode != 0, "what only this ABI has must be there"

# SPDX-License-Identifier: GPL-3.0-or-later
"""What README tells a newcomer to type, up to a few small real packages: from setup to logs and a second build.

The same words are run on this machine as root and as an ordinary user (tests/integration/test_users.py), and in other
distributions (tests/hosts).
"""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

TOP = Path(__file__).parents[1]
PACKAGES = TOP / "tests" / "integration" / "packages"
ARCHS = "i686,x86_64"
STEPS = 3  # of each architecture, in PACKAGES
_TREE = (
    "autogen.sh",
    "configure.ac",
    "Makefile.am",
    "tasks.py",
    "pyproject.toml",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
)
_FOLDERS = ("build-aux", "m4", "python", "docs")
_GENERATED = ("configure", "Makefile.in", "aclocal.m4")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def copy_tree(target: Path, *, configured: bool, packages: Path = PACKAGES) -> None:
    """Copy this source tree as a clone of it would be, with other recipes.

    Args:
        target: the folder, in which none of it is yet.
        configured: whether what autogen.sh generates comes along, as in a release tarball.
        packages: the folder of recipes.
    """
    target.mkdir(parents=True, exist_ok=True)
    for name in (*_TREE, *(path.name for path in TOP.glob("requirements*")), *(_GENERATED if configured else ())):
        shutil.copy2(TOP / name, target / name)
    ignored = ["__pycache__", *(() if configured else ("install-sh", "missing"))]
    for name in _FOLDERS:
        shutil.copytree(TOP / name, target / name, ignore=shutil.ignore_patterns(*ignored))
    shutil.copytree(packages, target / "packages", ignore=shutil.ignore_patterns("__pycache__"))


def outcomes(text: str) -> list[str]:
    """The first words of the lines that tell what happened to a step."""
    words = (line.split() for line in text.splitlines())
    return sorted(line[0] for line in words if line and line[0] in ("BUILT", "STORED", "FAILED"))


def journey(run: Run, tree: str, work: str, configure: Sequence[str] = ()) -> None:
    """Do it all, and check what was said.

    Args:
        run: runs a command as a user of the host, in a folder given as `cwd`, and returns what it printed; it raises
            when the exit status is not 0, or not the one given as `status`.
        tree: the source tree, as that user sees it.
        work: an empty folder of that user's.
        configure: further options for configure.
    """
    build = f"{tree}/build-aux/build"
    options = [f"--arch-list={ARCHS}", "--until=bootstrap", f"--build-dir={work}/all"]
    options += ["--", *configure] if configure else []
    run(f"{tree}/build-aux/setup", cwd=work)
    shown = run(build, "--dry-run", *options, cwd=work).stdout
    assert "/configure " in shown
    first = run(build, *options, cwd=work).stdout
    assert outcomes(first).count("BUILT") >= STEPS, first
    assert first.count("READY") == 2, first
    again = run(build, *options, cwd=work).stdout
    assert outcomes(again) == [], again

    invoke = [f"{tree}/.venv/bin/python", "-m", "invoke", "--search-root", tree]
    where = f"--build-dir={work}/all"
    assert run(*invoke, "report", where, cwd=work).stdout.strip().startswith(f"{work}/all/reports/")
    assert f"{2 * STEPS}" in run(*invoke, "collect-logs", where, cwd=work).stdout
    assert "no root" in run(*invoke, "verify-sudo", where, f"--arch-list={ARCHS}", cwd=work).stdout
    assert "succeeded" in run(*invoke, "history", where, cwd=work).stdout
    run(*invoke, "estimate", where, cwd=work)

    # By hand, with the CLFS book's own prefixes: hostprep is the one that the builds above have in common.
    run("mkdir", "hand", cwd=work)
    hand = f"{work}/hand"
    prefixes = ("PREFIX_CROSS=/cross-tools", "PREFIX_TOOLS=/tools")
    run(f"{tree}/configure", "--with-arch=i686", f"--prefix={work}/all/hostprep", *prefixes, *configure, cwd=hand)
    made = run("make", "bootstrap", cwd=hand).stdout
    assert outcomes(made) == ["BUILT"] * (STEPS - 1) + ["STORED"], made
    assert outcomes(run("make", "-j2", "bootstrap", cwd=hand).stdout) == []
    run("make", "verify-sudo", cwd=hand)
    run("make", "collect-logs", cwd=hand)
    run("./ruckus", "verify-store", cwd=hand)
    run("make", "clean", cwd=hand)
    run("make", "distclean", cwd=hand)

"""Integration tests: real autoconf, make, bwrap, apt and compilers, on a copy of this tree with small packages."""

import shutil
from pathlib import Path

import pytest
from integration.real import TOP, Tree, run

PACKAGES = Path(__file__).parent / "packages"
_TREE = ("configure", "Makefile.in", "aclocal.m4", "configure.ac", "Makefile.am", "requirements.txt", "tasks.py")


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A copy of the source tree whose recipes are the small ones beside these tests."""
    if not (TOP / "configure").exists():
        pytest.fail("no configure: run ./autogen.sh, or ./build-aux/check, which does it all")
    top = tmp_path_factory.mktemp("tree")
    for name in _TREE:
        shutil.copy2(TOP / name, top / name)
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("build-aux", "m4", "python"):
        shutil.copytree(TOP / name, top / name, ignore=ignore)
    shutil.copytree(PACKAGES, top / "packages", ignore=ignore)
    return Tree(top)


@pytest.fixture(scope="session")
def cache(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the small packages' sources, from the host's archive, for tests that are not about downloads."""
    build = tmp_path_factory.mktemp("download")
    tree.configure(build, f"--with-cache={build}/shared")
    run("make", "download", cwd=build)
    return build / "shared"

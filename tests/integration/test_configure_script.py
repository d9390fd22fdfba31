# SPDX-License-Identifier: GPL-3.0-or-later
"""The real configure, in out-of-tree build directories."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from integration.real import Tree, run

from ruckus_aux import __version__


def conf(build: Path) -> dict[str, str]:
    lines = [line.partition(" = ") for line in (build / "ruckus.conf").read_text().splitlines()]
    return {name: value for name, separator, value in lines if separator}


def test_help_documents_every_option_and_variable(tree: Tree, tmp_path: Path) -> None:
    text = run(tree.top / "configure", "--help", cwd=tmp_path).stdout
    for option in (
        "--with-arch=",
        "--disable-multilib",
        "--with-profile=",
        "--with-hostprep-only",
        "--with-isolation=",
        "--with-install-dev=",
        "--with-ruckus-dev=",
        "--with-ruckus-path=",
        "--with-ruckus-dev-snapshot=",
        "--enable-stage2-auto",
        "--disable-xen",
        "--without-stage1-xen",
        "--with-mirror=",
        "--with-manifest=",
        "--with-lock=",
        "--with-debian-snapshot=",
        "--with-cache=",
    ):
        assert f"\n  {option}" in text
    for variable in ("PREFIX_CROSS", "PREFIX_TOOLS", "PREFIX_HOSTPREP", "BUILDROOT", "CLFS", "CPUCOUNT", "MIRRORS"):
        assert re.search(rf"^  {variable}\b", text, re.MULTILINE)


def test_every_program_and_the_release_have_one_version(tree: Tree, tmp_path: Path) -> None:
    tree.configure(tmp_path)
    assert (
        run(tree.top / "configure", "--version", cwd=tmp_path).stdout.split("\n")[0]
        == f"Ruckus configure {__version__}"
    )
    assert run("./ruckus", "--version", cwd=tmp_path).stdout == f"ruckus {__version__}\n"
    (tmp_path / "name.mk").write_text("include Makefile\nname:\n\t@echo $(distdir)\n")
    assert run("make", "-f", "name.mk", "name", cwd=tmp_path).stdout == f"ruckus-{__version__}\n"


def test_the_defaults_and_the_summary(tree: Tree, tmp_path: Path) -> None:
    summary = tree.configure(tmp_path).stdout
    assert "architecture       x86_64 (CLFS_ARCH_STRING x86_64, x86_64-ruckus-linux-gnu)" in summary
    assert f"cross toolchain    {tmp_path}/baby/cross-tools-x86_64" in summary
    assert "Next: make bootstrap" in summary
    assert conf(tmp_path)["prefix_tools"] == "/tools-x86_64"
    assert os.access(tmp_path / "ruckus", os.X_OK)
    summary = tree.configure(tmp_path, "--with-profile=final", "--with-hostname=mine").stdout
    assert f"\n  finished system    {tmp_path}/final: mine, C.UTF-8, UTC\n  may log in         nobody: " in summary
    assert "Next: make final " in summary


def test_root_is_not_needed_in_a_sandbox_and_in_plain_folders(tree: Tree, tmp_path: Path) -> None:
    tree.configure(tmp_path, "--with-isolation=bwrap")
    assert run("make", "verify-sudo", cwd=tmp_path).stdout == "this build needs no root\n"


def test_builds_in_the_source_tree_and_elsewhere_do_not_know_of_each_other(tree: Tree, tmp_path: Path) -> None:
    here = Tree(tmp_path / "src")
    shutil.copytree(tree.top, here.top)
    elsewhere = tmp_path / "elsewhere"
    here.configure(elsewhere, "--with-arch=i686")  # test_common_hostprep has it the other way around
    here.configure(here.top)
    (here.top / "hostprep" / "zlib").mkdir(parents=True)  # what VPATH would find
    (here.top / "bootstrap").touch()
    for build, arch in ((here.top, "x86_64"), (elsewhere, "i686")):
        for goal in ("hostprep", "bootstrap"):
            assert f"{build}/ruckus step hostprep/zlib\n" in run("make", "-n", goal, cwd=build).stdout
        assert f"{build}/ruckus step {arch}/stage1/minigzip\n" in run("make", "-n", "bootstrap", cwd=build).stdout
    run("make", "distclean", cwd=here.top)
    assert not (here.top / "config.status").exists()
    assert run("make", "-n", "bootstrap", cwd=elsewhere).stdout


def test_disable_multilib_is_pure64(tree: Tree, tmp_path: Path) -> None:
    tree.configure(tmp_path, "--disable-multilib")
    assert conf(tmp_path)["arch"] == "x86_64-64"
    assert conf(tmp_path)["prefix_cross"] == "/cross-tools-x86_64-64"


def test_the_books_prefixes_survive_a_recheck(tree: Tree, tmp_path: Path) -> None:
    tree.configure(tmp_path, "PREFIX_CROSS=/cross-tools", "PREFIX_TOOLS=/tools", "CPUCOUNT=3", "--with-arch=i686")
    before = conf(tmp_path)
    run("./config.status", "--recheck", cwd=tmp_path)
    run("./config.status", cwd=tmp_path)
    assert conf(tmp_path) == before
    wanted = {"arch": "i686", "prefix_cross": "/cross-tools", "prefix_tools": "/tools", "cpucount": "3"}
    assert before.items() >= wanted.items()


def test_wrong_values_are_all_named_and_nothing_is_written(tree: Tree, tmp_path: Path) -> None:
    done = tree.configure(tmp_path, "--with-arch=vax", "PREFIX_TOOLS=tools", "CPUCOUNT=none", status=1)
    for word in ("'vax'", "choose one of: i686, x86_64, x86_64-64", "PREFIX_TOOLS: 'tools'", "CPUCOUNT: 'none'"):
        assert word in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"config.log"}


def test_without_isolation_the_links_are_asked_for(tree: Tree, tmp_path: Path) -> None:
    done = tree.configure(tmp_path, "--with-isolation=none", "PREFIX_TOOLS=/nowhere/t", status=1)
    assert f"  ln -sfn {tmp_path}/baby/nowhere/t /nowhere/t\n" in done.stderr


def test_options_of_builders_are_recorded(tree: Tree, tmp_path: Path) -> None:
    done = tree.configure(tmp_path, "--enable-stage2-auto", "--without-stage1-xen", "--with-ruckus-path=/src")
    assert "hypervisor         none: --without-stage1-xen\n" in done.stdout
    assert conf(tmp_path).items() >= {"stage2_auto": "yes", "ruckus_path": "/src"}.items()


def test_several_mirrors(tree: Tree, tmp_path: Path) -> None:
    for name in ("m1", "m2", "m3", "m4"):
        (tmp_path / name).mkdir()
    options = (f"--with-mirror={tmp_path}/m1", f"--with-mirror={tmp_path}/m2", f"MIRRORS={tmp_path}/m3 {tmp_path}/m4")
    tree.configure(tmp_path, *options)
    assert conf(tmp_path)["mirrors"] == f"{tmp_path}/m1 {tmp_path}/m2 {tmp_path}/m3 {tmp_path}/m4"


def test_manifests_hold_in_the_order_given_and_are_looked_at_again_when_they_change(tree: Tree, tmp_path: Path) -> None:
    files = []
    for name, version in (("a", "1"), ("b", "2"), ("c", "3")):
        files.append(tmp_path / f"{name}.toml")
        files[-1].write_text(f'[zlib]\nversion = "{version}"\ndebian = {{ package = "zlib" }}\n')
    options = (f"--with-manifest={files[0]}", f"--with-manifest={files[1]}:{files[2]}")
    tree.configure(tmp_path, *options)
    assert conf(tmp_path)["manifests"].split() == [*map(str, files)]
    run("./config.status", "--recheck", cwd=tmp_path)
    run("./config.status", cwd=tmp_path)
    assert conf(tmp_path)["manifests"].split() == [*map(str, files)]
    assert "zlib 3 " in run("make", "download", cwd=tmp_path, status=2).stderr
    files[2].write_text("[zlib]\nverison = 3\n")
    os.utime(files[2], (time.time() + 9, time.time() + 9))
    assert (
        f"configure: error: {files[2]}: [zlib]: unknown: verison" in run("make", "help", cwd=tmp_path, status=2).stderr
    )
    files[2].unlink()
    assert f"{files[2]}: No such file" in run("make", "download", cwd=tmp_path, status=2).stderr


def elsewhere(tree: Tree, build: Path, change: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run configure as a user on a host that was changed for it alone: in a namespace of its own."""
    build.mkdir(parents=True, exist_ok=True)
    call = shlex.join([str(tree.top / "configure"), f"PYTHON={sys.executable}", *options])
    return run("unshare", "--map-root-user", "--mount", "sh", "-ec", f"{change}\n{call}", cwd=build, status=None)


def without(folder: Path, *programs: str) -> str:
    """Shell that takes programs from /usr for all that runs in the same namespace."""
    nothing = folder / "nothing"
    nothing.touch()
    hidden = {os.path.realpath(f"/usr/bin/{name}") for name in programs}
    return "\n".join(f"mount --bind {nothing} {path}" for path in hidden)


def test_a_poor_host_gets_tools_and_what_cannot_be_built_is_named(tree: Tree, tmp_path: Path) -> None:
    """A host without bison, bc, g++ and xz, whose user has two of them in a folder of his own."""
    own = tmp_path / "bin"
    own.mkdir()
    for name in ("bc", "xz"):
        (own / name).write_text("#!/bin/sh\n")
        (own / name).chmod(0o755)
    path = f"PATH={own}:$PATH\n"
    done = elsewhere(tree, tmp_path / "build", path + without(tmp_path, "bison", "bc", "g++", "xz"))
    assert done.returncode == 1
    assert "this host lacks what can't be built here: g++ xz\n" in done.stderr
    assert "apt-get install g++ xz-utils\n" in done.stderr
    assert f"Steps do not see: {own}/xz\n" in done.stderr
    done = elsewhere(tree, tmp_path / "build", path + without(tmp_path, "bison", "bc"))
    assert f"checking for bc... no (steps do not see {own}/bc); hostprep builds it\n" in done.stdout
    assert "tools to build: bison bc\n" in done.stdout
    assert conf(tmp_path / "build")["hostprep_tools"].split() == ["bison", "bc"]


@pytest.mark.parametrize(
    ("change", "reason", "cure"),
    [
        ("echo 0 >/proc/sys/user/max_user_namespaces", "no user namespaces", "sysctl -w user.max_user_namespaces="),
        ("mount -t tmpfs none /proc/fs", "hides parts of /proc", "--security-opt systempaths=unconfined"),
    ],
)
def test_a_host_on_which_no_sandbox_works_is_told_from_one_on_which_it_does(
    tree: Tree, tmp_path: Path, change: str, reason: str, cure: str
) -> None:
    done = elsewhere(tree, tmp_path, change)
    assert done.returncode == 1
    for word in ("no sandbox: bwrap was tried: bwrap: ", reason, cure, f"ln -sfn {tmp_path}/hostprep-x86_64 "):
        assert word in done.stderr
    assert (
        "--with-isolation=bwrap: bwrap was tried: bwrap: "
        in elsewhere(tree, tmp_path, change, "--with-isolation=bwrap").stderr
    )


def test_tools_may_be_asked_for(tree: Tree, tmp_path: Path) -> None:
    tree.configure(tmp_path, "HOSTPREP_TOOLS=m4")
    assert conf(tmp_path)["hostprep_tools"] == "m4"
    done = tree.configure(tmp_path, "HOSTPREP_TOOLS=emacs", status=1)
    assert "hostprep has no 'emacs'" in done.stderr


def test_python_without_the_modules_is_told_how_to_get_them(tree: Tree, tmp_path: Path) -> None:
    done = run(tree.top / "configure", "PYTHON=/usr/bin/python3", cwd=tmp_path, status=None)
    if done.returncode == 0:
        pytest.skip("the system's Python happens to have them all")
    assert "build-aux/setup" in done.stderr
    assert "-m venv DIR && DIR/bin/pip install --require-hashes -r " in done.stderr, (
        "pip alone is refused by many systems (PEP 668)"
    )


@pytest.mark.parametrize(
    ("python", "message"),
    [("/nonexistent", "PYTHON: '/nonexistent' can't be run"), ("/opt/my python", "'/opt/my python' has a space")],
)
def test_a_python_that_can_not_be_run_is_not_called_too_old(
    tree: Tree, tmp_path: Path, python: str, message: str
) -> None:
    done = run(tree.top / "configure", f"PYTHON={python}", cwd=tmp_path, status=1)
    assert message in done.stderr
    assert "too old" not in done.stderr


def test_where_programs_can_not_be_run_nothing_is_configured(tree: Tree, tmp_path: Path) -> None:
    if run("unshare", "--user", "--map-root-user", "--mount", "true", cwd=tmp_path, status=None).returncode != 0:
        pytest.skip("this user may mount nothing")
    build = tmp_path / "build"
    build.mkdir()
    script = f"mount -t tmpfs -o noexec none {build} && cd {build} && '{tree.top}/configure' PYTHON='{sys.executable}'"
    script += "; test $? -eq 1 && test ! -e Makefile"
    done = run("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, cwd=tmp_path)
    assert f"BUILDROOT: programs in {build} can't be run: Permission denied" in done.stderr
    assert f"findmnt -T {build}" in done.stderr

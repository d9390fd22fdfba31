# SPDX-License-Identifier: GPL-3.0-or-later
"""configure, make download, make bootstrap with small real packages, as a user does it, and what can go wrong."""

import gzip
import os
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.real import Tree, clean_environment, outcomes, run, wait_for

GZIP, ZLIB, BZIP2 = "x86_64/stage1/minigzip", "hostprep/zlib", "x86_64/cross/bzip2"
PREFIXES = ("PREFIX_TOOLS=/opt/r/t", "PREFIX_CROSS=/opt/r/x", "PREFIX_HOSTPREP=/opt/r/h")


@pytest.fixture
def sources(cache: Path, tmp_path: Path) -> Path:
    """A cache of this test's own that has the sources, and no artifact yet."""
    own = tmp_path / "cache"
    own.mkdir()
    shutil.copy2(cache / ".ruckus", own)
    subprocess.run(["cp", "-al", cache / "sources", own / "sources"], check=True)
    return own


@pytest.fixture
def build(tree: Tree, sources: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "build"
    tree.configure(folder, f"--with-cache={sources}", "CPUCOUNT=2", *PREFIXES)
    return folder


@pytest.fixture
def recipe(tree: Tree) -> "Recipes":
    return Recipes(tree)


class Recipes:
    """Changes to recipes of the source tree, which are taken back by restore()."""

    def __init__(self, tree: Tree) -> None:
        self.folder = tree.top / "packages"
        self.saved: dict[Path, bytes] = {}

    def change(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        self.saved.setdefault(path, path.read_bytes())
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def restore(self) -> None:
        for path, content in self.saved.items():
            path.write_bytes(content)


@pytest.fixture(autouse=True)
def restored(recipe: Recipes) -> Iterator[None]:
    yield
    recipe.restore()


def test_download_bootstrap_and_again(build: Path, recipe: Recipes) -> None:
    """The life of a build directory, from one make to the next."""
    assert "all sources are there" in run("make", "download", cwd=build).stdout
    # With the network unplugged.
    first = run("unshare", "--map-root-user", "--net", "make", "bootstrap", cwd=build)
    assert outcomes(first.stdout) == {ZLIB: "BUILT", GZIP: "BUILT", BZIP2: "BUILT"}
    assert len(first.stdout.strip().splitlines()) == 4, "one line for each step, and one at the end"

    # What was built is at the prefixes below $CLFS, and hostprep's outside of it.
    minigzip = build / "baby/opt/r/t/bin/minigzip"
    (build / "text").write_text("hello")
    run(minigzip, build / "text", cwd=build)
    assert gzip.decompress((build / "text.gz").read_bytes()) == b"hello"
    assert (build / "opt/r/h/lib/libz.a").exists()
    assert not (build / "baby/opt/r/h").exists()
    # The patch was written against the CLFS book's prefixes.
    library = (build / "baby/opt/r/x/lib/libbz2.a").read_bytes()
    assert b"/opt/r/t/lib:/opt/r/t/lib64:/opt/r/x/lib:/usr/tools:/toolset" in library

    # The log has what a person needs to know.
    log = (build / f"log/{GZIP}.log").read_text()
    for part in (
        "# step     x86_64/stage1/minigzip",
        "#   LC_ALL=C",
        "#   cp minigzip",
        "# start    20",
        "# end      20",
        "# status   0",
    ):
        assert part in log
    assert re.search(r"^#   MAKEFLAGS=-j2 --jobserver-auth=\d+,\d+$", log, re.MULTILINE), (
        "the step's make is in the run's pool"
    )
    with sqlite3.connect(build / "journal.sqlite") as journal:
        cost = dict(journal.execute("SELECT step, user + system FROM entry").fetchall())
        memory = dict(journal.execute("SELECT step, memory FROM entry").fetchall())
    assert min(cost.values()) > 0.1
    assert min(memory.values()) > 10_000, "KB: a compiler's, not a shell's"
    assert list((build / "work").rglob("src")) == [], "working folders go after success"

    # Nothing to do: no step, no output.
    assert run("make", "bootstrap", cwd=build).stdout == "  READY    bootstrap\n"
    # A touched recipe, and one that changed without a change in its script.
    os.utime(recipe.folder / "zlib.py")
    recipe.change("zlib.py", '"""the library"""', '"""the compression library"""')
    assert run("make", "bootstrap", cwd=build).stdout == "  READY    bootstrap\n"
    # A changed script: this step; and what depends on it, unless that has the same bytes as before.
    recipe.change("zlib.py", '"--static"', '"--static", "--64"')
    why = run("./ruckus", "why", ZLIB, cwd=build).stdout
    assert "would run" in why
    assert "  script: changed" in why
    assert f"  dependency {ZLIB}: changed" in run("./ruckus", "why", GZIP, cwd=build).stdout
    assert outcomes(run("make", "bootstrap", cwd=build).stdout) == {ZLIB: "BUILT", GZIP: "STORED"}
    recipe.change("zlib.py", "sh.make()", 'sh.make("SFLAGS=-O1", "CFLAGS=-O1")')
    assert outcomes(run("make", "bootstrap", cwd=build).stdout) == {ZLIB: "BUILT", GZIP: "BUILT"}
    # And back: everything is still in the store.
    recipe.restore()
    assert outcomes(run("make", "bootstrap", cwd=build).stdout) == {ZLIB: "STORED", GZIP: "STORED"}

    # A file that somebody deleted comes back.
    minigzip.unlink()
    assert outcomes(run("make", "bootstrap", cwd=build).stdout) == {GZIP: "STORED"}
    assert minigzip.exists()

    # clean and distclean take away what was made here, and nothing else.
    (build / "baby" / "mine").write_text("mine")
    run("make", "clean", cwd=build)
    assert [path.name for path in (build / "baby").iterdir()] == ["mine"]
    run("make", "distclean", cwd=build)
    assert {path.name for path in build.iterdir()} == {"baby", "text.gz"}


def test_a_second_build_directory_takes_everything_from_the_store(
    tree: Tree, build: Path, sources: Path, tmp_path: Path
) -> None:
    run("make", "bootstrap", cwd=build)
    other = tmp_path / "other"
    tree.configure(other, f"--with-cache={sources}", *PREFIXES, f"CLFS={tmp_path}/elsewhere")
    assert set(outcomes(run("make", "bootstrap", cwd=other).stdout).values()) == {"STORED"}
    for name in ("bin/minigzip",):
        ours, theirs = build / "baby/opt/r/t" / name, tmp_path / "elsewhere/opt/r/t" / name
        assert ours.read_bytes() == theirs.read_bytes()


def test_the_same_key_gives_the_same_bytes(tree: Tree, build: Path, sources: Path, tmp_path: Path) -> None:
    run("make", "bootstrap", cwd=build)
    store = sources / "store"
    before = tmp_path / "before"
    store.rename(before)
    again = tmp_path / "again"
    tree.configure(again, f"--with-cache={sources}", *PREFIXES)
    assert set(outcomes(run("make", "bootstrap", cwd=again).stdout).values()) == {"BUILT"}
    for artifact in (path for path in store.iterdir() if path.name not in ("tmp", "locks", "records")):
        run("diff", "-r", "--no-dereference", artifact, before / artifact.name, cwd=tmp_path)
    run("diff", "-r", store / "records", before / "records", cwd=tmp_path)


def test_make_n_shows_and_changes_nothing(build: Path) -> None:
    done = run("make", "-n", "bootstrap", cwd=build)
    assert done.stdout.count("/ruckus step ") == 3
    assert not (build / "stamps").exists()
    assert not (build / "journal.sqlite").exists()


@pytest.mark.parametrize("flag", ["-q", "-t"])
def test_make_that_only_asks_builds_nothing(build: Path, flag: str) -> None:
    run("make", flag, "bootstrap", cwd=build, status=None)
    assert not list((build / "stamps").rglob("*.*"))
    assert not (build / "journal.sqlite").exists()


def test_j1_is_one_job(build: Path) -> None:
    run("make", "-j1", GZIP, cwd=build)
    assert "jobserver" not in (build / f"log/{GZIP}.log").read_text()


def test_what_configure_decides_cannot_be_changed_for_one_make(build: Path, tmp_path: Path) -> None:
    for goal, name in (("bootstrap", "CLFS"), ("download", "MIRRORS"), ("hostprep", "HOSTPREP_TOOLS"), ("", "prefix")):
        done = run("make", f"{name}={tmp_path}/other", *goal.split(), cwd=build, status=2)
        assert f"{name}: give it to configure, not to make" in done.stderr


def test_distclean_under_j(build: Path) -> None:
    run("make", "hostprep", cwd=build)
    run("make", "-j4", "distclean", cwd=build)
    assert list(build.iterdir()) == []


def test_modes_do_not_depend_on_who_builds(build: Path) -> None:
    run("sh", "-c", "umask 077; make bootstrap", cwd=build)
    assert (build / "baby/opt/r/t/bin/minigzip").stat().st_mode & 0o777 == 0o755
    assert (build / "baby/opt/r").stat().st_mode & 0o777 == 0o755


def test_a_patch_of_debians_that_is_gone_is_an_error(build: Path, recipe: Recipes) -> None:
    patched = f'debian = {{ package = "zlib", patches = {{ gone = "{"0" * 64}" }} }}'
    recipe.change("sources.toml", 'debian = { package = "zlib" }', patched)
    assert "no patch gone in zlib" in run("make", "download", cwd=build, status=2).stderr


def test_one_step_by_name_with_its_output(build: Path) -> None:
    done = run("make", "V=1", "KEEP=1", ZLIB, cwd=build)
    assert outcomes(done.stdout) == {ZLIB: "BUILT"}
    assert re.search(r"gcc -std=gnu17 .*-c ", done.stdout)
    assert (build / "work" / ZLIB / "src" / "zlib.h").exists()


def test_a_failure_says_what_when_where_and_how_to_go_on(build: Path, recipe: Recipes) -> None:
    recipe.change("minigzip.py", "sh.make(", "sh.sh(\"sed -i 's/^#include/#inklude/' test/minigzip.c\")\n    sh.make(")
    done = run("make", "-k", "bootstrap", cwd=build, status=2)
    assert outcomes(done.stdout) == {ZLIB: "BUILT", BZIP2: "BUILT"}, "-k goes on with the rest"
    error = done.stderr[done.stderr.index("ruckus: error:") :].splitlines()
    assert error[0] == f"ruckus: error: {GZIP} failed (exit status 2)"
    assert re.search(r"^    test/minigzip\.c:\d+:\d+: error: invalid preprocessing directive", error[1])
    assert f"  log:     {build}/log/{GZIP}.log" in error
    (enter,) = [line.split(maxsplit=1)[1] for line in error if line.startswith("  enter:")]
    # The way in works, and shows the source as it was left.
    shell = run(*enter.split(), "-c", 'grep -c "^#inklude" src/test/minigzip.c; sh script', cwd=build, status=2)
    assert int(shell.stdout.split()[0]) >= 2
    assert "invalid preprocessing directive" in shell.stderr
    with sqlite3.connect(build / "journal.sqlite") as journal:
        row = journal.execute("SELECT outcome, status, memory > 10000 FROM entry WHERE step = ?", [GZIP]).fetchone()
    assert row == ("failed", 2, 1)
    # Nothing half done is in the store; with the recipe mended, the same command goes on.
    recipe.restore()
    assert outcomes(run("make", "bootstrap", cwd=build).stdout) == {GZIP: "BUILT"}


def test_code_for_the_processor_that_builds_is_not_stored(build: Path, recipe: Recipes) -> None:
    recipe.change("zlib.py", "sh.make()", "sh.sh('make CFLAGS=\"-O2 $(printf -- -mtune=%s native)\"')")
    done = run("make", ZLIB, cwd=build, status=2)
    assert f"ruckus: error: {ZLIB} was compiled for one kind of processor: -mtune=native\n" in done.stderr
    assert outcomes(done.stdout) == {}


def test_a_step_sees_its_declared_dependencies_and_nothing_else(build: Path, recipe: Recipes, tmp_path: Path) -> None:
    recipe.change("bzip2/recipe.py", "    sh.unpack()\n", '    sh.sh("ls /opt/r/h/include/zlib.h")\n    sh.unpack()\n')
    run("make", ZLIB, cwd=build)
    done = run("make", BZIP2, cwd=build, status=2)
    assert "cannot access '/opt/r/h/include/zlib.h'" in done.stderr
    for attempt, expected in (
        (f"ls {tmp_path}", "No such file"),
        ("ls /root /home", "No such file"),
        ("touch /usr/x", "Read-only file system"),
        ("touch /opt/r/h/x", "Read-only file system"),
        ("touch sources/x", "Read-only file system"),
        ("exec 3<>/dev/tcp/127.0.0.1/9", "unreachable"),
    ):
        words = ["bash", "-c", attempt] if "tcp" in attempt else ["sh", "-c", attempt]
        done = run("./ruckus", "shell", GZIP, "-c", f"{words[0]} -c '{attempt}'", cwd=build, status=None)
        assert done.returncode != 0
        assert expected in done.stderr or "refused" in done.stderr, done.stderr
    environment = run("./ruckus", "shell", GZIP, "-c", "env", cwd=build).stdout
    assert not re.search(r"^(SSL_|PIP_|USER|SUDO)", environment, re.MULTILINE)


def test_a_link_into_the_sandbox_is_refused(build: Path, recipe: Recipes) -> None:
    recipe.change("bzip2/recipe.py", "-type l -exec rm", "-type l -exec true")
    done = run("make", BZIP2, cwd=build, status=2)
    assert f"{BZIP2} installs opt/r/x/bin/bzcmp as a link to /ruckus/out/opt/r/x/bin/bzdiff" in done.stderr
    assert not list((build / "stamps").rglob("bzip2.*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="makes symbolic links outside of the test's folder")
def test_without_isolation_behind_the_links_that_configure_asks_for(tree: Tree, sources: Path, tmp_path: Path) -> None:
    folder = tmp_path / "build"
    place = Path(f"/opt/ruckus-test-{os.getpid()}")
    prefixes = [f"PREFIX_{name}={place}/{name.lower()}" for name in ("TOOLS", "CROSS", "HOSTPREP")]
    options = (f"--with-cache={sources}", "--with-isolation=none", *prefixes)
    refusal = tree.configure(folder, *options, status=1).stderr
    commands = [line for line in refusal.splitlines() if line.startswith("    ln ")]
    assert len(commands) == 3
    place.mkdir()
    try:
        for command in commands:
            run(*command.split(), cwd=tmp_path)
        assert "not isolated" in tree.configure(folder, *options).stdout
        assert set(outcomes(run("make", "bootstrap", cwd=folder).stdout).values()) == {"BUILT"}
        assert (place / "tools/bin/minigzip").samefile(folder / f"baby{place}/tools/bin/minigzip")
    finally:
        shutil.rmtree(place)


def test_kill_9_in_the_middle_and_go_on(build: Path, recipe: Recipes) -> None:
    """Everything of a run is killed while one step is at work; what was finished is not built again."""
    recipe.change("minigzip.py", "    sh.unpack()\n", '    sh.unpack()\n    sh.sh("sleep 60")\n')
    make = subprocess.Popen(
        ["make", "bootstrap"],
        cwd=build,
        env=clean_environment(),
        start_new_session=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    journal, log = build / "journal.sqlite", build / f"log/{GZIP}.log"
    wait_for(lambda: log.exists() and "# output:" in log.read_text() and built_so_far(journal) == {ZLIB, BZIP2})
    os.killpg(make.pid, signal.SIGKILL)
    make.communicate()
    wait_for(lambda: not sandboxed("sleep 60"))
    assert not list((build / "stamps").rglob("minigzip.*"))
    recipe.restore()
    assert outcomes(run("make", "bootstrap", cwd=build).stdout) == {GZIP: "BUILT"}


def test_ctrl_c_stops_at_once_and_leaves_no_process(build: Path, recipe: Recipes) -> None:
    recipe.change("bzip2/recipe.py", "    sh.unpack()\n", '    sh.unpack()\n    sh.sh("sleep 61")\n')
    make = subprocess.Popen(
        ["make", BZIP2], cwd=build, env=clean_environment(), start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: sandboxed("sleep 61"))
    os.killpg(make.pid, signal.SIGINT)
    _, errors = make.communicate(timeout=20)
    assert make.returncode != 0
    assert "interrupted; the same command continues" in errors
    assert "Traceback" not in errors
    assert "\n# interrupted 20" in (build / f"log/{BZIP2}.log").read_text()
    assert not sandboxed("sleep 61")


def sandboxed(command: str) -> bool:
    return subprocess.run(["pgrep", "-xf", command], capture_output=True).returncode == 0


def built_so_far(journal: Path) -> set[str]:
    if not journal.exists():
        return set()
    with sqlite3.connect(journal, timeout=10) as connection:
        return {step for (step,) in connection.execute("SELECT step FROM entry WHERE outcome = 'built'")}

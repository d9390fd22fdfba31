# SPDX-License-Identifier: GPL-3.0-or-later
"""invoke build for three architectures with small real packages: what is shared, what is limited, what goes wrong."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from integration.real import Tree, clean_environment, run, wait_for
from integration.test_bootstrap import Recipes, sandboxed

from ruckus_aux.storage.layout import cache_of
from ruckus_aux.words.paths import BUILD_NAMES, BUILDDIR_NAMES, BUILDROOT_NAMES, CACHE_NAMES, MARKER

ARCHS = ("i686", "x86_64", "x86_64-64")
LIST = f"--arch-list={','.join(ARCHS)}"
STEPS = {f"{arch}/{step}" for arch in ARCHS for step in ("cross/bzip2", "cross/libz", "stage1/minigzip")}
ONCE = {"hostprep/zlib", "source/libz"}


class Place:
    """A build folder, and `invoke build` in it."""

    def __init__(self, tree: Tree, folder: Path) -> None:
        self.tree = tree
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def command(self, task: str, *options: str) -> list[str]:
        where = ["-m", "invoke", "--search-root", str(self.tree.top)]
        return [sys.executable, *where, task, f"--build-dir={self.folder}", *options]

    def invoke(self, task: str, *options: str, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        return run(*self.command(task, *options), cwd=self.folder.parent, status=status)

    def build(self, *options: str, status: int | None = 0) -> subprocess.CompletedProcess[str]:
        return self.invoke("build", LIST, "--no-boot", "--jobs=2", *options, status=status)

    def start(self, *options: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            self.command("build", LIST, "--no-boot", "--jobs=2", *options),
            cwd=self.folder.parent,
            env=clean_environment(),
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def stop(self) -> None:
        """What a failed test has left running would build with the next test's recipes."""
        for process in self.started:
            process.terminate()
            process.wait(60)

    def builddir(self, arch: str) -> Path:
        return self.folder / f"baby-{arch}" / "ruckus-build"

    def entries(self, columns: str) -> list[tuple[object, ...]]:
        """Columns of all journals' entries."""
        rows = []
        for arch in ARCHS:
            with sqlite3.connect(self.builddir(arch) / "journal.sqlite", timeout=10) as journal:
                rows += journal.execute(f"SELECT {columns} FROM entry").fetchall()
        return rows


@pytest.fixture(scope="module")
def together(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The source tree of all tests, with one more recipe: of a step that shares its source and its objects."""
    top = tmp_path_factory.mktemp("together") / "tree"
    shutil.copytree(tree.top, top)
    shutil.copytree(Path(__file__).parent / "shared", top / "packages", dirs_exist_ok=True)
    return Tree(top)


@pytest.fixture
def place(together: Tree, cache: Path, tmp_path: Path) -> Iterator[Place]:
    """A build folder whose cache has the sources, and no artifact yet."""
    folder = tmp_path / "all"
    own = cache_of(folder)
    own.mkdir(parents=True)
    shutil.copy2(cache / ".ruckus", folder)
    shutil.copy2(cache / ".ruckus", own)
    subprocess.run(["cp", "-al", cache / "sources", own / "sources"], check=True)
    place = Place(together, folder)
    yield place
    place.stop()


@pytest.fixture
def recipe(together: Tree) -> Iterator[Recipes]:
    recipes = Recipes(together)
    yield recipes
    recipes.restore()


def outcomes(output: str) -> list[tuple[str, str]]:
    return [(step, outcome) for outcome, step in re.findall(r"^  (BUILT|STORED) +(\S+)", output, re.MULTILINE)]


def built(output: str) -> list[str]:
    """The steps that were built, without the architecture where it does not matter which."""
    names = [step for step, outcome in outcomes(output) if outcome == "BUILT"]
    return [re.sub(r"^[^/]+/source/", "source/", name) for name in names]


def test_three_architectures_share_what_is_the_same(place: Place) -> None:
    first = place.build()
    assert sorted(built(first.stdout)) == sorted(STEPS | ONCE), "what is common is built once"
    assert [outcome for step, outcome in outcomes(first.stdout) if step == "hostprep/zlib"].count("STORED") == 2
    for arch in ARCHS:
        assert re.search(rf"^  READY    {arch} +4 steps", first.stdout, re.MULTILINE)
        assert (place.folder / f"baby-{arch}" / "ruckus.conf").exists() is False
        assert list((place.folder / f"baby-{arch}").glob("tools-*/bin/minigzip"))
    # The second and third architecture's library came out of ccache, and none was compiled beside the first.
    rows = place.entries("step, started, started + wall, hits, misses, outcome")
    libz = sorted((row for row in rows if str(row[0]).endswith("cross/libz")), key=lambda row: float(str(row[1])))
    assert [row[3] == 0 for row in libz] == [True, False, False]
    assert all(int(str(row[4])) == 0 for row in libz[1:])
    assert float(str(libz[1][1])) >= float(str(libz[0][2]))
    assert [folder.name for folder in (cache_of(place.folder) / "ccache").iterdir()] == ["libz%20all"]

    # Nothing to do: nothing but the end is said.
    again = place.build("--until=bootstrap")
    assert outcomes(again.stdout) == []
    assert "CONFIG" not in again.stdout
    _check_what_can_be_asked(place)
    taken = {*BUILD_NAMES, MARKER, *(f"baby-{arch}" for arch in ARCHS)}
    assert {path.name for path in place.folder.iterdir()} <= taken, "docs/configure.md lists what Ruckus takes"
    taken = {*BUILDROOT_NAMES, *BUILDDIR_NAMES, MARKER, ".pycache", "hostprep"}
    assert {path.name for path in place.builddir("i686").iterdir()} <= taken
    assert {path.name for path in (place.folder / "hostprep" / "cache").iterdir()} <= {*CACHE_NAMES, MARKER}
    # A lost build tree comes back from the store, without any source being unpacked.
    shutil.rmtree(place.folder / "baby-x86_64")
    lost = place.build("--until=bootstrap")
    assert {outcome for _, outcome in outcomes(lost.stdout)} == {"STORED"}
    assert "x86_64/source/libz" not in dict(outcomes(lost.stdout))


def _check_what_can_be_asked(place: Place) -> None:
    history = place.invoke("history").stdout.splitlines()
    assert len(history) == 2
    assert "succeeded" in history[0]
    name = history[0].split()[0]
    page = Path(place.invoke("report", f"--run={name}").stdout.strip())
    report = json.loads((page.parent / "report.json").read_text())
    assert report["status"] == "succeeded"
    assert report["saved"] > 0
    assert {step["arch"] for step in report["steps"]} == set(ARCHS)
    assert len(report["samples"]) >= 1
    for link in re.findall(r'href="([^"]+)"', page.read_text()):
        assert (page.parent / link).exists()
    trace = json.loads((page.parent / "trace.json").read_text())["traceEvents"]
    assert {event["name"] for event in trace if event["ph"] == "X"} >= STEPS
    assert "no build is running" in place.invoke("status", status=1).stdout
    estimate = json.loads(place.invoke("estimate", LIST, "--fresh", "--json").stdout)
    assert [row["name"] for row in estimate] == [*ARCHS, "all"]
    assert estimate[-1]["cpu"] == pytest.approx(sum(row["cpu"] for row in estimate[:-1]))
    assert json.loads(place.invoke("estimate", LIST, "--json").stdout)[-1]["cpu"] == 0

    place.invoke("collect-logs")
    logs = place.folder / "logs" / name
    assert (logs / "x86_64-64/stage1/minigzip.log").read_text().startswith(f"# run      {name}\n")
    index = json.loads((logs / "index.json").read_text())
    assert {line["step"] for line in index["logs"]} >= STEPS
    assert all(line["status"] == 0 for line in index["logs"])
    assert "x86_64-64/stage1/minigzip" in (logs / "index.html").read_text()


def test_without_sharing_everything_is_built_for_each(place: Place) -> None:
    done = place.build("--no-sharing", "--until=bootstrap")
    names = built(done.stdout)
    assert names.count("hostprep/zlib") == 3
    assert names.count("source/libz") == 3
    assert {row[0] for row in place.entries("hits + misses")} == {0}
    # And it is the same as what is shared.
    alone = hashes(place)
    assert len(set(alone)) == 5
    shared = place.invoke("build", f"--arch-list={ARCHS[0]}", "--no-boot", "--until=bootstrap")
    assert len(built(shared.stdout)) == 5
    assert hashes(place) == alone


def hashes(place: Place) -> list[str]:
    """What the steps of the first architecture have in the store."""
    listing = run("./ruckus", "list", "--hashes", cwd=place.builddir(ARCHS[0])).stdout
    return re.findall(r"^([0-9a-f]{64})  \S+$", listing, re.MULTILINE)


# A compiler that differs between architectures in its paths and the number of its libraries, and what it makes.
BARE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("bare")

@recipe.step("cross", name="cc")
def cc(sh):
    sh.layout_only("/libs")
    sh.write(f"$OUT{sh.prefix_cross}/bin/cc-of-mine", "echo code for $1")
    sh.sh(f"echo {sh.prefix_tools} {len(sh.arch.abis)} > $OUT{sh.prefix_cross}/libs")

@recipe.step("stage1", name="image")
def image(sh):
    sh.freestanding()
    sh.needs("cross/cc")
    sh.sh(f"mkdir $OUT/boot; sh {sh.prefix_cross}/bin/cc-of-mine {sh.target} > $OUT/boot/image")
"""


def test_architectures_whose_compilers_differ_in_paths_have_one_kernel(place: Place) -> None:
    recipe = place.tree.top / "packages" / "bare.py"
    recipe.write_text(BARE)
    both = ["--arch-list=x86_64,x86_64-64", "--no-boot", "--until=bootstrap"]
    both += ["--only=x86_64/stage1/image", "--only=x86_64-64/stage1/image"]
    images = [place.folder / f"baby-{arch}/boot/image" for arch in ("x86_64", "x86_64-64")]
    try:
        done = dict(outcomes(place.invoke("build", *both).stdout))
        assert (done["x86_64/stage1/image"], done["x86_64-64/stage1/image"]) == ("BUILT", "STORED")
        one = [image.read_text() for image in images]
        assert one == ["code for x86_64-ruckus-linux-gnu\n"] * 2
        apart = dict(outcomes(place.invoke("build", *both, "--no-sharing").stdout))
        assert [outcome for step, outcome in apart.items() if step.endswith("image")] == ["BUILT"] * 2
        assert [image.read_text() for image in images] == one
        # One that is not what it says to be.
        recipe.write_text(BARE.replace("{sh.target}", "{sh.prefix_tools}/lib"))
        failed = place.invoke("build", *both, status=2)
        assert "is not freestanding: /boot/image has /tools-x86_64/ in it" in failed.stdout
    finally:
        recipe.unlink()


MANY = """
    sh.sh('''
        for number in 1 2 3 4 5 6; do
            { cat "$SRC/inflate.c" "$SRC/trees.c"; echo "int number$number;"; } > "$BUILD/many$number.c"
        done
        for number in 1 2 3 4 5 6; do echo "all: many$number.o"; done > "$BUILD/many.mk"
        printf '%%.o: %%.c\\\\n\\\\tgcc -O2 -I"$(SRC)" -c $< -o $@\\\\n' >> "$BUILD/many.mk"
        sed -i 's/^static const int order/static const int order_/' "$BUILD"/many*.c
    ''')
    sh.sh("make -k -f many.mk || :")
"""


def test_one_pool_for_all_compilers(place: Place, recipe: Recipes) -> None:
    """At no moment more compilers than jobs, over all architectures; and at some moment as many."""
    recipe.change("libz/recipe.py", "    sh.make()\n", MANY + "    sh.make()\n")
    recipe.change("libz/recipe.py", '    sh.share_objects("all")\n', "")
    process = place.start()
    most = 0
    while process.poll() is None:
        compilers = 0
        try:
            for child in psutil.Process(process.pid).children(recursive=True):
                compilers += child.name() == "cc1"
        except psutil.Error:
            continue
        most = max(most, compilers)
    assert process.returncode == 0, process.stdout and process.stdout.read()
    assert most == 2


def test_one_architectures_failure_does_not_stop_the_others(place: Place, recipe: Recipes) -> None:
    fail = '    if sh.arch.name == "i686":\n        sh.sh("echo oops.c:1:2: error: no such luck; exit 3")\n'
    recipe.change("libz/recipe.py", "    sh.shared_source()\n", "    sh.shared_source()\n" + fail)
    done = place.build(status=2)
    # x86_64 has waited for i686, only to find its objects in ccache; it must not be left out for that.
    assert STEPS - set(built(done.stdout)) == {"i686/cross/libz"}
    assert "i686/cross/libz failed (exit status 3)\n    oops.c:1:2: error: no such luck" in done.stdout
    assert re.search(r"^  FAILED   i686 +1 of 4 steps", done.stdout, re.MULTILINE)
    assert "  READY    x86_64-64 " in done.stdout
    # It is on top of report and logs.
    page = Path(place.invoke("report").stdout.strip()).read_text()
    assert page.index("no such luck") < page.index("<h2>Time</h2>")
    place.invoke("collect-logs")
    (index,) = (place.folder / "logs").glob("*/index.json")
    top = json.loads(index.read_text())["logs"][0]
    assert (top["step"], top["status"], top["error"][0]) == ("i686/cross/libz", 3, "oops.c:1:2: error: no such luck")

    recipe.restore()
    assert built(place.build().stdout) == ["i686/cross/libz"]


def test_fail_fast_stops_at_the_first_failure(place: Place, recipe: Recipes) -> None:
    # What has the longest way to go comes first: the source, and then the step that fails.
    recipe.change("costs.toml", '"cross/libz" = { cpu = 4,', '"cross/libz" = { cpu = 400,')
    recipe.change("libz/recipe.py", "    sh.shared_source()\n", '    sh.shared_source()\n    sh.sh("exit 3")\n')
    one = ("--arch-list=i686", "--no-boot", "--jobs=1")
    done = place.invoke("build", *one, "--fail-fast", status=2)
    assert built(done.stdout) == ["source/libz"]
    assert "the same command continues" in done.stdout
    rest = set(built(place.invoke("build", *one, status=2).stdout))
    assert rest == {"hostprep/zlib", "i686/cross/bzip2", "i686/stage1/minigzip"}
    both = place.build("--fail-fast", "--keep-going", status=1)
    assert "contradict" in both.stderr


# A compiler that dies as long as other jobs may run beside it.
CRASH = """    sh.unpack()
    sh.sh("perl -e 'kill SEGV => $$'")
"""
FRAIL = '''
    sh.sh("""
        case "${MAKEFLAGS-}" in *jobserver*) perl -e 'kill SEGV => $$' ;; esac
    """)
'''


def test_a_crash_is_tried_once_more_alone(place: Place, recipe: Recipes) -> None:
    recipe.change("minigzip.py", "    sh.unpack()\n", "    sh.unpack()\n" + FRAIL)
    done = place.build()
    assert done.stdout.count("  CRASHED  ") == 3
    assert set(built(done.stdout)) >= STEPS
    rows = place.entries("step, outcome, started, started + wall, reason")
    again = [row for row in rows if str(row[0]).endswith("minigzip") and row[1] == "built"]
    assert len(again) == 3
    assert {row[4] for row in rows if row[1] == "crashed"} == {"signal SIGSEGV"}


def test_what_crashes_twice_has_failed(place: Place, recipe: Recipes) -> None:
    recipe.change("zlib.py", "    sh.unpack()\n", CRASH)
    done = place.invoke("build", "--arch-list=i686", "--no-boot", status=2)
    assert "hostprep/zlib failed (signal SIGSEGV)" in done.stdout
    assert "it crashed twice" in done.stdout


def test_kill_9_of_everything_and_go_on(place: Place, recipe: Recipes) -> None:
    recipe.change("minigzip.py", "    sh.unpack()\n", '    sh.unpack()\n    sh.sh("sleep 62")\n')
    process = place.start()
    wait_for(lambda: sandboxed("sleep 62"))
    wait_for(lambda: "stage1/minigzip" in place.invoke("status").stdout)  # it is up to a second old
    second = place.build(status=1)
    assert f"another run is building in {place.folder}" in second.stderr
    (make,) = psutil.Process(process.pid).children()
    process.kill()
    os.killpg(make.pid, signal.SIGKILL)  # with every `ruckus step`, whose scripts die with it
    process.communicate()
    wait_for(lambda: not sandboxed("sleep 62"))
    assert "killed" in place.invoke("history").stdout
    recipe.restore()
    # The sandbox was waiting in one or two of them; whatever was built before is not built again.
    before = {row[0] for row in place.entries("step") if str(row[0]).count("/") == 2}
    rest = built(place.build().stdout)
    assert {name for name in rest if name.endswith("minigzip")} == {name for name in STEPS if name.endswith("minigzip")}
    assert before.isdisjoint(rest)


def test_after_kill_9_of_the_leader_alone_make_still_holds_the_folder(place: Place, recipe: Recipes) -> None:
    recipe.change("minigzip.py", "    sh.unpack()\n", '    sh.unpack()\n    sh.sh("sleep 64")\n')
    process = place.start("--only=i686/stage1/minigzip")
    wait_for(lambda: sandboxed("sleep 64"))
    (make,) = psutil.Process(process.pid).children()
    process.kill()
    process.communicate()
    assert "another run is building" in place.build(status=1).stderr
    os.killpg(make.pid, signal.SIGKILL)
    recipe.restore()
    wait_for(lambda: not sandboxed("sleep 64"))
    assert "i686/stage1/minigzip" in built(place.build("--only=i686/stage1/minigzip").stdout)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_all_children(place: Place, recipe: Recipes, number: signal.Signals) -> None:
    recipe.change("bzip2/recipe.py", "    sh.unpack()\n", '    sh.unpack()\n    sh.sh("sleep 63")\n')
    process = place.start()
    wait_for(lambda: sandboxed("sleep 63"))
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted, everything is stopped; the same command continues" in output
    assert "Traceback" not in output
    assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert "interrupted" in place.invoke("history").stdout
    assert not list((cache_of(place.folder) / "store" / "tmp").glob("*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_disk_that_is_too_small_is_found_before_the_step(place: Place, recipe: Recipes) -> None:
    one = ("--arch-list=i686", "--no-boot")
    place.invoke("build", *one, "--until=download")
    work = place.builddir("i686") / "work"
    work.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3M", "ruckus-test", work], check=True)
    try:
        recipe.change("costs.toml", "cpu = 6, memory = 50", "cpu = 6, memory = 50, disk = 300")
        done = place.invoke("build", *one, status=2)
        assert re.search(r"i686/cross/bzip2 needs 300 MB of disk, and \S+/work has [\d.]+ MB free", done.stdout)
        assert not (work / "i686/cross/bzip2/src").exists()
        # And one whose need nobody knew: it fails in the middle, and nothing half done is in the store.
        assert "hostprep/zlib failed" in done.stdout
        assert "No space left on device" in done.stdout
        store = cache_of(place.folder) / "store"
        assert [path.name for path in store.iterdir() if len(path.name) == 32 and not any(path.iterdir())] == []
        assert "hostprep/zlib" not in built(done.stdout)
    finally:
        subprocess.run(["umount", work], check=True)
    recipe.restore()
    assert "i686/cross/bzip2" in built(place.invoke("build", *one).stdout)


@pytest.mark.skipif(os.geteuid() != 0, reason="makes symbolic links outside of the test's folder")
def test_without_a_sandbox_the_links_are_made(place: Place) -> None:
    top = Path(f"/opt/ruckus-build-{os.getpid()}")
    top.mkdir()
    try:
        prefixes = [f"--configure=PREFIX_{name}={top}/{name.lower()}" for name in ("TOOLS", "CROSS", "HOSTPREP")]
        options = ("--arch-list=i686", "--until=bootstrap", "--configure=--with-isolation=none", *prefixes)
        plain = place.invoke("build", *options, "--dry-run").stdout
        assert f"ln -sfn {place.folder}/baby-i686{top}/tools {top}/tools\n" in plain
        assert list(top.iterdir()) == []
        assert "READY    i686" in place.invoke("build", *options).stdout
        assert (top / "tools/bin/minigzip").samefile(place.folder / f"baby-i686{top}/tools/bin/minigzip")
        assert "ln -sfn" not in place.invoke("build", *options, "--dry-run").stdout
        (top / "tools").unlink()
        (top / "tools").mkdir()
        refused = place.invoke("build", *options, status=1)
        assert f"{top}/tools exists, and is not a symbolic link" in refused.stderr
    finally:
        shutil.rmtree(top)


def test_dry_run_prints_commands_that_do_the_same(place: Place) -> None:
    before = sorted(place.folder.rglob("*"))
    lines = place.build("--dry-run", "--until=bootstrap").stdout.splitlines()
    plain = [line for line in lines if not line.startswith("#")]
    assert sorted(place.folder.rglob("*")) == before
    assert [line.split()[0] for line in plain].count("mkdir") == 3
    configures = [line for line in plain if "/configure " in line]
    assert [word for line in configures for word in re.findall(r"--with-arch=(\S+)", line)] == list(ARCHS)
    assert plain[-4].split()[0].endswith("/make")
    assert [line.split()[1] for line in plain[-3:]] == ["boot-files"] * 3
    for line in plain[:6]:
        run("sh", "-c", line, cwd=place.folder)
    assert "CONFIG" not in place.build("--until=download").stdout, "they configure just as the build itself does"


def test_only_one_step_and_what_it_needs(place: Place) -> None:
    done = place.build("--only=x86_64/stage1/minigzip")
    assert sorted(built(done.stdout)) == ["hostprep/zlib", "x86_64/stage1/minigzip"]


def test_wrong_options_are_told_together_and_nothing_is_changed(place: Place) -> None:
    before = sorted(place.folder.rglob("*"))
    done = place.build("--until=banana", "--only=x86_64/cross/banana", "--profile=big", status=1)
    for part in ("--until=banana", "--only=x86_64/cross/banana", "--profile=big"):
        assert part in done.stderr
    assert "unknown: 'arm'; repeated: 'i686'; an empty entry" in (
        place.invoke("build", "--arch-list=i686,arm,,i686", status=1).stderr
    )
    assert sorted(place.folder.rglob("*")) == before
    done = place.build("--configure=--enable-mirror=/x", status=1)
    assert "configure: error: unrecognized options: --enable-mirror" in done.stderr
    assert not (place.builddir("i686") / "Makefile").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="loop devices are root's")
def test_systems_on_volumes_of_their_own(place: Place, tmp_path: Path) -> None:
    media = tmp_path / "media"
    options = ("--volumes=loop", f"--mount-base={media}", "--size=5G")
    planned = place.build(*options, "--until=bootstrap", "--dry-run").stdout
    assert planned.count("mkfs.ext4") == len(ARCHS)
    try:
        first = place.build(*options, "--until=bootstrap")
        assert sorted(built(first.stdout)) == sorted(STEPS | ONCE)
        for arch in ARCHS:
            (program,) = (media / f"baby-{arch}").glob("tools-*/bin/minigzip")
            assert program.stat().st_dev != tmp_path.stat().st_dev
        # What was chosen is remembered, by all tasks.
        assert outcomes(place.build("--until=bootstrap").stdout) == []
        place.invoke("collect-logs")
        assert list((place.folder / "logs").glob("*/x86_64-64/stage1/minigzip.log"))
        place.invoke("volume-umount", LIST)
        assert outcomes(place.build("--until=bootstrap").stdout) == [], "it is mounted again, with all that is in it"
    finally:
        place.invoke("volume-umount", LIST)
    assert list(media.glob("*/*")) == []

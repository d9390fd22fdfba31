# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that are built again, elsewhere: what depends on that is found, and nothing of it leaves its folder."""

import os
import re
import shutil
import signal
import socket
from pathlib import Path

from integration.real import wait_for
from integration.small import INSTALL, RECIPE, STEP, WAIT, Small

from ruckus_aux.artifacts.intake import tree_hash

# What scripts do most: unpack, compile, and install files with the modes that they get.
HONEST = """
mkdir -p "$HOME/b" "$OUT/bin" "$OUT/etc"
cd "$HOME/b"
echo 'int main (void) { return __DATE__[0] == 0; }' > main.c
gcc -g -O2 main.c -o "$OUT/bin/small"
date -u -d "@$SOURCE_DATE_EPOCH" > "$OUT/etc/date"
for folder in *; do echo $folder; done > "$OUT/etc/order"
"""
DEPENDS = {
    "time": "date +%j",
    "jobs": "echo ${MAKEFLAGS:-}",
    "user": "id -un",
    "number": "id -u",
    "machine": "uname -n",
    "kernel": "uname -r",
    "order": "ls -U /usr",
    "python": "python3 -c 'import os; print(os.listdir(\"/usr\"))'",
    "archive": "tar --create --directory=/usr/share/misc . | tar --list",
    "chance": "od -N 8 -A n -t x1 /dev/urandom",
    "program": "command -v autoconf bison m4 flex msgfmt || true",
} | ({"processors": "nproc"} if len(os.sched_getaffinity(0)) > 1 else {})


def outside(small: Small) -> dict[str, str]:
    """All that a second build must not touch, with its hash."""
    folders = ("cache/store", "cache/ccache", "one/baby", "one/stamps", "one/log")
    found = {name: tree_hash(small.folder / name) for name in folders if (small.folder / name).exists()}
    return {**found, "rows": str(small.outcomes())}


def test_what_is_the_same_and_nothing_is_left_of_it(small: Small) -> None:
    small.recipe(HONEST)
    missing = small.run("verify-reproducible", STEP, status=1)
    assert f"not built yet: {STEP}" in missing
    assert f"make -C {small.folder}/one {STEP}" in missing
    small.run()
    before = outside(small)
    told = small.run("verify-reproducible", "--all", "--jobs=7")
    assert f"  SAME     {STEP} " in told
    assert "with 7 jobs on " in told
    assert "all 1 steps are the same, built again" in told
    assert outside(small) == before
    assert not (small.folder / "one/again").exists()


def test_what_depends_on_where_it_is_built_is_found(small: Small) -> None:
    commands = [f'{command} > "$OUT/bin/{name}"' for name, command in DEPENDS.items()]
    small.recipe("\n".join([INSTALL.format("it"), 'mkdir "$OUT/empty"', *commands]))
    small.run()
    before = outside(small)
    told = small.run("verify-reproducible", STEP, status=1)
    assert f"  DIFFERS  {STEP} " in told
    assert f"1 of 1 steps are not the same, built again: {STEP}" in told
    for name in DEPENDS:
        assert f"    bin/{name}: " in told
    assert "bin/small:" not in told
    assert outside(small) == before
    first, second = small.artifacts()[0].parents[1], small.folder / "one/again/tree" / STEP
    assert f"the first:   {first}\n    the second:  {second}\n" in told
    assert (first / "bin/user").read_text() == "ruckus\n"
    assert (second / "bin/user").read_text() == "other\n"
    assert (second / "empty").is_dir(), "it is in the first, too"
    assert {path.name for path in (small.folder / "one/again").iterdir()} == {"tree", "log"}
    how = re.findall(r"^    how:         (\S+)", told, re.MULTILINE)[0]
    assert "+other" in Path(how).read_text() if shutil.which("diffoscope") else how == "diffoscope"
    (first / "bin/user").chmod(0o644)
    (first / "bin/user").write_text("other\n")
    told = small.run("verify-reproducible", STEP, status=1)  # what the last one has left is in nobody's way
    assert f"    what is in the store has changed since: {small.folder}/one/ruckus verify-store\n" in told
    small.run("clean")
    assert not (small.folder / "one/again").exists()


def test_empty_folders_of_what_was_kept_stay(small: Small) -> None:
    """They are a part of what was made, or that is to be looked at; a later verification has others in mind."""
    small.recipe(f'mkdir -p "$OUT/empty"; id -un >"$OUT/user"; {INSTALL.format("it")}')
    fails = 'mkdir "$HOME/empty"; test $(id -un) = ruckus; date >"$OUT/date"'
    (small.folder / "src/packages/other.py").write_text(RECIPE.format(text=fails, source="").replace("small", "other"))
    small.run()
    small.run("step", "x86_64/cross/other")
    again = small.folder / "one/again"
    for step in (STEP, "x86_64/cross/other"):
        small.run("verify-reproducible", step, status=1)
    assert (again / f"tree/{STEP}/empty").is_dir()
    assert (again / "work/x86_64/cross/other/empty").is_dir()
    assert sorted(path.name for path in again.glob("*/x86_64/cross/*")) == ["other", "other.log", "small", "small.log"]


def test_what_a_second_build_is_linked_with_is_said(small: Small) -> None:
    small.recipe("""
        cd "$HOME"
        mkdir "$OUT/bin"
        echo 'int main (void) { return 0; }' > main.c
        [ $(id -un) = ruckus ] || options='-Wl,--no-as-needed -lm -Wl,-rpath,/elsewhere'
        gcc main.c ${options:-} -o "$OUT/bin/small"
    """)
    small.run()
    told = small.run("verify-reproducible", STEP, status=1)
    assert "    bin/small: now needs libm.so.6\n    bin/small: now looks for libraries in '/elsewhere'\n" in told


def test_a_second_build_that_fails_is_left_as_it_is(small: Small) -> None:
    small.recipe("test $(id -un) = ruckus; " + INSTALL.format("it"))
    small.run()
    before = outside(small)
    told = small.run("verify-reproducible", STEP, status=1)
    again = small.folder / "one/again"
    assert f"  FAILED   {STEP} failed (exit status 1)" in told
    assert f"folder:  {again}/work/{STEP}" in told
    assert "# trial    built again" in (again / f"log/{STEP}.log").read_text()
    assert outside(small) == before


def test_what_a_second_build_can_not_leave_fails_that_step_alone(small: Small) -> None:
    odd = {
        "small": ("rm -r $OUT/bin", "installs nothing: there is no file in $OUT"),
        "link": ("ln -s $OUT/bin $OUT/link", "installs link as a link to "),
        "pipe": ("mkfifo $OUT/pipe", "installs pipe, which is a FIFO"),
        "honest": (":", ""),
    }
    for name, (command, _) in odd.items():
        text = RECIPE.format(text=f"{INSTALL.format('it')}; test $(id -un) = ruckus || {command}", source="")
        (small.folder / f"src/packages/{name}.py").write_text(text.replace("small", name))
        small.run("step", f"x86_64/cross/{name}")
    steps = [f"x86_64/cross/{name}" for name in odd]
    told = small.run("verify-reproducible", *steps, status=1)
    again = small.folder / "one/again"
    for step, (_, fault) in zip(steps[:3], list(odd.values())[:3], strict=True):
        log, folder = again / f"log/{step}.log", again / f"work/{step}"
        assert re.search(rf"  FAILED   {step} {re.escape(fault)}.*\n    log:     {log}\n    folder:  {folder}\n", told)
        assert (folder / "script").exists()
        assert "# trial    built again" in log.read_text()
    assert f"  SAME     {steps[3]} " in told
    assert f"3 of 4 steps are not the same, built again: {' '.join(steps[:3])}" in told


def test_ctrl_c_leaves_nothing(small: Small) -> None:
    small.recipe(f"test $(id -un) = ruckus || {{ {WAIT} }}; {INSTALL.format('it')}")
    small.run()
    before = outside(small)
    verification = small.start("verify-reproducible", STEP)
    again = small.folder / "one/again"
    wait_for((again / "work" / STEP / "begun").exists)
    verification.send_signal(signal.SIGINT)
    _, errors = verification.communicate(timeout=60)
    assert "interrupted" in errors
    assert not Path(again).exists()
    assert outside(small) == before


def test_two_at_a_time_take_turns(small: Small) -> None:
    small.recipe(f"test $(id -un) = ruckus || {{ {WAIT} }}; {INSTALL.format('it')}")
    other = RECIPE.format(text=INSTALL.format("it"), source="").replace("small", "other")
    (small.folder / "src/packages/other.py").write_text(other)
    small.run()
    small.run("step", "x86_64/cross/other")
    first = small.start("verify-reproducible", STEP)
    again = small.folder / "one/again"
    wait_for((again / "work" / STEP / "begun").exists)
    there = sorted(again.rglob("*"))
    holder = f"process {first.pid} on {socket.gethostname()} has the second build of steps in {small.folder}/one\n"
    second = small.start("verify-reproducible", "x86_64/cross/other")
    assert second.stdout
    assert second.stdout.readline() == f"  WAITING  the second build of steps: {holder}"
    assert f"again is in use: {holder}" in small.run("clean", status=1)
    assert sorted(again.rglob("*")) == there
    (again / "work" / STEP / "go").touch()
    assert f"  SAME     {STEP} " in first.communicate(timeout=60)[0]
    assert "  SAME     x86_64/cross/other " in second.communicate(timeout=60)[0]
    assert not again.exists()


def test_without_a_sandbox_there_is_nothing_to_compare(small: Small) -> None:
    small.recipe(INSTALL.format("it"))
    small.run(isolation="none")
    assert "in the keys of steps" in small.run("verify-reproducible", STEP, isolation="none", status=1)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step really sees, with real bubblewrap and compilers."""

import subprocess
from pathlib import Path

import pytest
from unit.samples import settings_in

from ruckus_aux.recipes.environment import step_environment
from ruckus_aux.steps import sandbox
from ruckus_aux.steps.kinds import workplace_of
from ruckus_aux.steps.workplace import Room
from ruckus_aux.words.stage import STAGES

PROGRAM = """
#include <linux/types.h>
#include <pthread.h>
#include <sys/socket.h>
#include <vector>
int main() { return std::vector<int>().size(); }
"""


def in_a_step(folder: Path, script: str, *tools: str, ccache: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a script where a step that declares these tools of the host would run."""
    settings = settings_in(folder, folder, "x86_64")
    workplace = workplace_of(settings, STAGES["hostprep"])
    room = Room(folder / "work", folder / "view", objects=ccache if ccache and workplace.shares(ccache) else None)
    workplace.prepare(room.work)
    workplace.show(room.view, (), tools)
    environment = step_environment(settings, STAGES["hostprep"], workplace.inside(room.work), {})
    words, descriptors = workplace.command(room, ["/bin/sh", "-c", script])
    return subprocess.run(
        words,
        env=workplace.environment(room, environment),
        pass_fds=descriptors,
        input=PROGRAM,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_host_compilers_find_all_that_is_theirs(tmp_path: Path) -> None:
    done = in_a_step(tmp_path, "g++ -x c++ - -o /tmp/program && /tmp/program")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/usr/include/libelf.h").exists(), reason="needs a library's headers on the host")
def test_a_library_of_the_host_is_seen_by_who_declares_it_only(tmp_path: Path) -> None:
    script = "echo '#include <libelf.h>' | gcc -E - >/dev/null"
    assert "libelf.h: No such file" in in_a_step(tmp_path / "one", script).stderr
    done = in_a_step(tmp_path / "other", script, "elfutils")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not sandbox.ccache_program(), reason="needs ccache")
def test_steps_that_share_objects_find_each_others(tmp_path: Path) -> None:
    script = "mkdir build && cd build && echo 'int x;' >x.c && gcc -c x.c && cat /ruckus/ccache.log"
    for number, found in enumerate((False, True)):
        done = in_a_step(tmp_path / str(number), script, ccache=tmp_path / "ccache")
        assert ("cache_hit" in done.stdout) == found, done.stderr

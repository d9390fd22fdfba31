# SPDX-License-Identifier: GPL-3.0-or-later
"""The store, as real steps fill it: what they leave, what happens to it later, and who else is at work."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from integration.real import wait_for
from integration.small import INSTALL, STEP, WAIT, Small
from unit.samples import tree


def test_what_has_changed_in_the_store_is_named_and_made_again(small: Small) -> None:
    small.recipe(INSTALL.format("it"))
    assert "BUILT" in small.run()
    (artifact,) = small.artifacts()
    assert "all 1 artifacts are what was stored" in small.run("verify-store", "--sample=3")
    artifact.write_text("It\n")
    told = small.run("verify-store", status=1)
    assert f"DAMAGED  {STEP}: {artifact.parents[1]}: it is not what was stored" in told
    assert small.artifacts() == []
    assert "BUILT" in small.run()
    # And what is taken from the store is verified without being asked for.
    artifact.chmod(0o755)
    told = small.run(name="two")
    assert f"DAMAGED  {STEP}: " in told
    assert "BUILT" in told
    assert "all 1 artifacts" in small.run("verify-store")


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_a_sample_is_a_positive_number(small: Small, number: str) -> None:
    assert f"'{number}' is not a positive number" in small.run("verify-store", f"--sample={number}", status=2)


def test_a_step_that_replaces_its_folder_by_a_link_gets_nowhere(small: Small, tmp_path: Path) -> None:
    host = tree(tmp_path / "host", info__dir="mine", **{"libfoo.la": "mine"})
    before = [(path, path.stat().st_mtime_ns) for path in sorted(host.rglob("*"))]
    small.recipe(f'rm -r "$OUT"; ln -s {host} "$OUT"')
    assert "out is a symbolic link, and has to be a folder" in small.run(status=1)
    assert [(path, path.stat().st_mtime_ns) for path in sorted(host.rglob("*"))] == before
    assert list((tmp_path / "cache/store").glob("?" * 32)) == []


def test_what_is_stored_belongs_to_who_builds_and_is_not_setuid(small: Small) -> None:
    small.recipe(
        INSTALL.format("it") + '; chmod 6755 "$OUT/bin/small"; chmod 2775 "$OUT/bin"; ln -s small "$OUT/bin/s"'
    )
    small.run()
    (artifact,) = small.artifacts()
    for path, mode in {artifact: 0o755, artifact.parent: 0o755, artifact.parent / "s": 0o777}.items():
        found = path.lstat()
        assert (found.st_uid, found.st_gid) == (os.geteuid(), os.getegid())
        assert stat.S_IMODE(found.st_mode) == mode


def test_a_step_in_another_pid_namespace_keeps_its_view(small: Small, tmp_path: Path) -> None:
    """Its process number is not in this one's /proc."""
    apart = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc")
    if subprocess.run([*apart, "true"], check=False).returncode != 0:
        pytest.skip("no user namespaces here")
    small.recipe(WAIT + INSTALL.format("it"))
    step = small.start()
    wait_for((small.work() / "begun").exists)
    (view,) = (tmp_path / "cache/store/tmp").glob("view.*[!k]")
    small.run("graph", STEP, name="two", within=apart)
    assert view.is_dir()
    (small.work() / "go").touch()
    assert step.wait(60) == 0
    assert list((tmp_path / "cache/store/tmp").iterdir()) == []


@pytest.mark.parametrize("attempt", range(2))
def test_rm_of_the_build_directory_while_a_step_is_stored(small: Small, attempt: int, tmp_path: Path) -> None:
    """The artifact is whole, or there is none."""
    files = 1500
    small.recipe(f'mkdir "$OUT/share"; cd "$OUT/share"; seq {files} | xargs touch; ' + INSTALL.format("it"))
    step = small.start()
    wait_for((small.work() / "out/bin/small").exists)
    subprocess.run(["rm", "-rf", small.work()], check=False)
    step.wait(60)
    assert [len(list(path.parents[1].glob("share/*"))) for path in small.artifacts()] in ([], [files])

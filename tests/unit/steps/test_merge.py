# SPDX-License-Identifier: GPL-3.0-or-later

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from golden.scripts import settings as anywhere
from unit.samples import tree

from ruckus_aux.artifacts.store import Store
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import Stamp, stamps
from ruckus_aux.steps.merge import merge, unmerge
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.step_name import StepName

STEP = Step(anywhere(ARCHITECTURES["x86_64"]), StepName("x86_64/cross/gcc"))


def merged(settings: Settings, step: Step, key: str, artifact: Path) -> Stamp:
    step = replace(step, settings=settings)
    vars(step).update(key=key, inputs={"script": key})
    return merge(step, artifact)


def test_files_links_modes_and_empty_directories(settings: Settings, tmp_path: Path) -> None:
    artifact = tree(tmp_path / "a", bin__gcc="gcc", lib__libc="c")
    (artifact / "bin" / "gcc").chmod(0o755)
    os.utime(artifact / "bin" / "gcc", (0, 1577836800))  # what Python has compiled is for a source of this time
    (artifact / "bin" / "cc").symlink_to("gcc")
    (artifact / "lib64").symlink_to("lib")
    os.link(artifact / "bin" / "gcc", artifact / "bin" / "x-gcc")
    (artifact / "tmp").mkdir(mode=0o1777)
    (artifact / "tmp").chmod(0o1777)
    stamp = merged(settings, STEP, "k1", artifact)
    root = settings.clfs
    assert (root / "bin" / "cc").readlink() == Path("gcc")
    assert (root / "lib64").readlink() == Path("lib")
    assert (root / "bin" / "gcc").stat().st_mode & 0o777 == 0o755
    assert (root / "bin" / "gcc").stat().st_mtime == 1577836800
    assert (root / "bin" / "gcc").samefile(root / "bin" / "x-gcc")
    assert (root / "tmp").stat().st_mode & 0o7777 == 0o1777
    assert stamp.path.name == "gcc.k1"
    assert not stamp.missing()
    assert list(stamps(settings)) == [stamp]


def test_a_new_version_takes_the_old_ones_files_away(settings: Settings, tmp_path: Path) -> None:
    old = merged(settings, STEP, "k1", tree(tmp_path / "a", bin__gcc="old", share__old="x", lib__keep="k"))
    merged(settings, STEP, "k2", tree(tmp_path / "b", bin__gcc="new", lib__keep="k"))
    assert (settings.clfs / "bin" / "gcc").read_text() == "new"
    assert not (settings.clfs / "share").exists()
    assert not old.path.exists()
    assert [stamp.key for stamp in stamps(settings)] == ["k2"]


def test_two_steps_may_not_install_the_same_file(settings: Settings, tmp_path: Path) -> None:
    merged(settings, STEP, "k1", tree(tmp_path / "a", bin__ld="one"))
    other = replace(STEP, name=StepName("x86_64/cross/binutils"))
    with pytest.raises(RuckusError, match="both install bin/ld"):
        merged(settings, other, "k2", tree(tmp_path / "b", bin__ld="two", bin__as="as"))
    assert (settings.clfs / "bin" / "ld").read_text() == "one"
    assert not (settings.clfs / "bin" / "as").exists()
    assert [stamp.step for stamp in stamps(settings)] == [STEP.name]


@pytest.mark.parametrize("order", [("static", "full"), ("full", "static")])
def test_a_declared_replacement_wins_in_any_order(settings: Settings, tmp_path: Path, order: tuple[str, ...]) -> None:
    steps = {
        "static": replace(STEP, name=StepName("x86_64/cross/gcc-static")),
        "full": replace(STEP, replaces=(StepName("x86_64/cross/gcc-static"),)),
    }
    for name in order:
        merged(settings, steps[name], name, tree(tmp_path / name, bin__gcc=name, **{f"only__{name}": name}))
    assert (settings.clfs / "bin" / "gcc").read_text() == "full"
    assert sorted(path.name for path in (settings.clfs / "only").iterdir()) == ["full", "static"]


@pytest.mark.parametrize("order", [("package", "overlay"), ("overlay", "package")])
def test_a_folder_has_the_mode_of_its_package(settings: Settings, tmp_path: Path, order: tuple[str, ...]) -> None:
    steps = {
        "package": STEP,
        "overlay": replace(STEP, name=StepName("x86_64/cross/overlay"), replaces=(STEP.name,)),
    }
    trees = {name: tree(tmp_path / name, **{f"etc__{name}": name}) for name in steps}
    (trees["overlay"] / "private").mkdir()
    for folder, mode in (("", 0o700), ("etc", 0o700), ("private", 0o700)):
        (trees["overlay"] / folder).chmod(mode)
    for name in order:
        merged(settings, steps[name], name, trees[name])
    modes = [(settings.clfs / folder).stat().st_mode & 0o777 for folder in ("", "etc", "private")]
    assert modes == [0o755, 0o755, 0o700]


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_replaced_comes_back_when_the_replacement_no_longer_has_it(
    settings: Settings, tmp_path: Path, kept: bool
) -> None:
    """From the store; or the step is merged again by the next make, when it is not there any more."""
    static = replace(STEP, name=StepName("x86_64/cross/gcc-static"))
    full = replace(STEP, replaces=(static.name,))
    artifact = Store(settings.cache).tree("s1") if kept else tmp_path / "a"
    first = merged(settings, static, "s1", tree(artifact, bin__gcc="static", bin__cc="static", lib__own="static"))
    merged(settings, full, "f1", tree(tmp_path / "f1", bin__gcc="full", bin__cc="full", lib__more="full"))
    merged(settings, full, "f2", tree(tmp_path / "f2", bin__cc="full"))
    assert (settings.clfs / "bin" / "cc").read_text() == "full"
    assert not (settings.clfs / "lib" / "more").exists()
    assert first.path.exists() == kept
    if not kept:
        merged(settings, static, "s1", artifact)
    assert (settings.clfs / "bin" / "gcc").read_text() == "static"
    assert [path.name for path in (settings.clfs / "bin").iterdir() if path.name.startswith(".")] == []
    assert sorted(stamp.key for stamp in stamps(settings, pending=True)) == ["f2", "s1"]


def test_nothing_comes_back_through_a_link_that_leads_out_of_the_system(settings: Settings, tmp_path: Path) -> None:
    low = replace(STEP, name=StepName("x86_64/cross/low"))
    high = replace(STEP, replaces=(low.name,))
    merged(settings, low, "l1", tree(Store(settings.cache).tree("l1"), etc__passwd="low"))
    merged(settings, high, "h1", tree(tmp_path / "h1", etc__passwd="high"))
    outside = tree(tmp_path / "host", passwd="root")
    (settings.clfs / "etc" / "passwd").unlink()
    (settings.clfs / "etc").rmdir()
    (settings.clfs / "etc").symlink_to(outside)
    merged(settings, high, "h2", tree(tmp_path / "h2", bin__x="x"))
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"passwd": "root"}


def test_of_three_steps_the_uppermost_that_is_left_comes_back(settings: Settings, tmp_path: Path) -> None:
    names = [StepName(f"x86_64/cross/{name}") for name in ("low", "middle", "high")]
    for number, name in enumerate(names):
        step = replace(STEP, name=name, replaces=tuple(names[:number]))
        merged(settings, step, name.package, tree(Store(settings.cache).tree(name.package), bin__gcc=name.package))
    merged(settings, replace(STEP, name=names[2], replaces=tuple(names[:2])), "next", tree(tmp_path / "n", bin__x="x"))
    assert (settings.clfs / "bin" / "gcc").read_text() == "middle"


def test_who_replaces_one_of_two_must_replace_the_other_too(settings: Settings, tmp_path: Path) -> None:
    low, middle, high = (StepName(f"x86_64/cross/{name}") for name in ("low", "middle", "high"))
    merged(settings, replace(STEP, name=low), "k", tree(tmp_path / "a", bin__gcc="low"))
    merged(settings, replace(STEP, name=middle, replaces=(low,)), "k", tree(tmp_path / "b", bin__gcc="middle"))
    for replaced, other in ((low, middle), (middle, low)):
        with pytest.raises(RuckusError, match=f"{high} and {other} both install bin/gcc"):
            step = replace(STEP, name=high, replaces=(replaced,))
            merged(settings, step, "k", tree(tmp_path / "c", bin__gcc="high"))


def test_a_directory_in_the_way_of_a_file(settings: Settings, tmp_path: Path) -> None:
    (settings.clfs / "bin" / "gcc" / "deep").mkdir(parents=True)
    with pytest.raises(RuckusError, match="is a directory"):
        merged(settings, STEP, "k1", tree(tmp_path / "a", bin__gcc="x"))
    assert list(stamps(settings)) == []


def test_removal_leaves_what_others_put_there(settings: Settings, tmp_path: Path) -> None:
    stamp = merged(settings, STEP, "k1", tree(tmp_path / "a", bin__gcc="x", lib__gcc__cc1="y"))
    (settings.clfs / "bin" / "mine").write_text("mine")
    unmerge(stamp)
    assert [str(path.relative_to(settings.clfs)) for path in settings.clfs.rglob("*")] == ["bin", "bin/mine"]
    assert not stamp.path.exists()


def test_a_missing_file_and_a_stamp_that_was_cut_off(settings: Settings, tmp_path: Path) -> None:
    stamp = merged(settings, STEP, "k1", tree(tmp_path / "a", bin__gcc="x"))
    (settings.clfs / "bin" / "gcc").unlink()
    assert stamp.missing() == ["bin/gcc"]
    stamp.path.write_text(stamp.path.read_text()[:20])
    assert list(stamps(settings)) == []


def test_a_link_in_the_system_does_not_lead_out_of_it(settings: Settings, tmp_path: Path) -> None:
    outside = tree(tmp_path / "host", passwd="root")
    settings.clfs.mkdir(parents=True)
    (settings.clfs / "etc").symlink_to(outside)
    with pytest.raises(RuckusError, match="etc is a symbolic link"):
        merged(settings, STEP, "k1", tree(tmp_path / "a", etc__passwd="ours"))
    assert (outside / "passwd").read_text() == "root"
    (settings.clfs / "etc").unlink()
    stamp = merged(settings, STEP, "k1", tmp_path / "a")
    (settings.clfs / "etc" / "passwd").unlink()
    (settings.clfs / "etc").rmdir()
    (settings.clfs / "etc").symlink_to(outside)
    unmerge(stamp)
    assert (outside / "passwd").read_text() == "root"


def test_a_file_of_the_users_is_not_overwritten(settings: Settings, tmp_path: Path) -> None:
    tree(settings.clfs, etc__passwd="mine", etc__same="same")
    with pytest.raises(RuckusError, match="etc/passwd is a file that no step has installed"):
        merged(settings, STEP, "k1", tree(tmp_path / "a", bin__gcc="x", etc__passwd="ours", etc__same="same"))
    assert (settings.clfs / "etc" / "passwd").read_text() == "mine"
    assert not (settings.clfs / "bin").exists()
    (settings.clfs / "etc" / "passwd").unlink()
    assert not merged(settings, STEP, "k1", tmp_path / "a").missing()


@pytest.mark.parametrize("mine", ["../lib/mine", None])
def test_nor_is_a_link_unless_it_is_the_same(settings: Settings, tmp_path: Path, mine: str | None) -> None:
    artifact = tree(tmp_path / "a", lib__gcc="gcc")
    (artifact / "bin").mkdir()
    (artifact / "bin" / "cc").symlink_to("../lib/gcc")
    there = tree(settings.clfs, lib__mine="mine") / "bin" / "cc"
    there.parent.mkdir()
    there.symlink_to(mine) if mine else there.write_text("mine")
    with pytest.raises(RuckusError, match=r"bin/cc is a .* that no step has installed"):
        merged(settings, STEP, "k1", artifact)
    assert there.read_text() == "mine"
    there.unlink()
    there.symlink_to("../lib/gcc")
    assert not merged(settings, STEP, "k1", artifact).missing()


def test_a_stamp_is_there_when_its_files_are_on_the_disk(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synchronized = list[list[str]]()

    def run(words: Sequence[str | Path]) -> None:
        assert [str(word) for word in words] == ["sync", "-f", str(settings.clfs)]
        synchronized.append([path.name for path in (settings.clfs / "bin").iterdir()])
        assert [stamp.is_pending for stamp in stamps(settings, pending=True)] == [True]

    monkeypatch.setattr("ruckus_aux.steps.merge.run", run)
    merged(settings, STEP, "k1", tree(tmp_path / "a", bin__gcc="x"))
    assert synchronized == [["gcc"]]


def test_a_merge_that_was_cut_off_is_taken_up_by_another_version(settings: Settings, tmp_path: Path) -> None:
    stamp = merged(settings, STEP, "k1", tree(tmp_path / "a", bin__gcc="old", lib__old="x"))
    stamp.path.rename(stamp.pending)  # as a crash before the end leaves it
    assert list(stamps(settings)) == []
    merged(settings, STEP, "k2", tree(tmp_path / "b", bin__gcc="new"))
    assert (settings.clfs / "bin" / "gcc").read_text() == "new"
    assert not (settings.clfs / "lib").exists()
    assert [found.key for found in stamps(settings, pending=True)] == ["k2"]


def test_of_two_steps_at_the_same_time_with_the_same_file_one_fails(settings: Settings, tmp_path: Path) -> None:
    names = {f"share__{number}": "x" for number in range(50)}
    steps = [replace(STEP, name=StepName(f"x86_64/cross/{name}")) for name in ("one", "two")]
    artifacts = [tree(tmp_path / step.name, **names) for step in steps]
    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(merged, settings, step, "k", tree) for step, tree in zip(steps, artifacts, strict=True)]
        errors = [task.exception() for task in tasks]
    assert sorted(type(error).__name__ for error in errors) == ["NoneType", "RuckusError"]
    assert len(list(stamps(settings, pending=True))) == 1

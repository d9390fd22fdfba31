# SPDX-License-Identifier: GPL-3.0-or-later

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from unit.samples import OTHER, built, installed, tree

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host.commands import user_name
from ruckus_aux.host.locks import is_free
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps
from ruckus_aux.systems.image import Addition, make_image
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import STAMPS_LOCK


@pytest.fixture
def plan(settings: Settings, recipes: Path) -> Plan:
    settings.buildroot.mkdir()
    (settings.recipes / "other.py").write_text(
        f'{OTHER}    sh.mode(0o4711, f"/share/x86_64-cross-other-{{abi.bits}}")\n'
    )
    plan = evaluate(settings)
    built(plan, *plan.steps)
    return plan


@pytest.fixture
def scripts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What debugfs is told."""
    told: list[str] = []

    def run(words: Sequence[str | Path], **_: object) -> tuple[int, str]:
        assert not is_free(settings.buildroot / STAMPS_LOCK), "somebody may change the system that is being read"
        if words[0] == "mke2fs":
            return 0, ""
        told.append(Path(words[3]).read_text())
        return 0, f"debugfs 1.47.0\ndebugfs: write a b\nAllocated inode: 12\n{os.environ.get('COMPLAINT', '')}"

    monkeypatch.setattr("ruckus_aux.systems.image.run", run)
    return told


def test_an_image_has_what_the_system_has_in_order(plan: Plan, settings: Settings, scripts: list[str]) -> None:
    clfs = settings.clfs
    (clfs / "with \"quotes\" and 'more'").symlink_to("to where")
    os.link(clfs / "share/x86_64-cross-other-32", clfs / "same")
    output = settings.builddir / "image"
    make_image(plan, output)
    make_image(plan, output)
    assert scripts[0] == scripts[1]
    first = scripts[0].splitlines()
    assert first[:3] == ['sif "/." mode 040755', f'write "{clfs}/same" "/same"', 'sif "/same" mode 0100644']
    assert first[4:10] == [
        'sif "/share" mode 040755',
        'symlink "/share/x86_64-cross-other-32" x',
        'rm "/share/x86_64-cross-other-32"',
        'ln "/same" "/share/x86_64-cross-other-32"',
        'sif "/same" links_count 2',
        'sif "/share/x86_64-cross-other-32" mode 0104711',
    ]
    assert first[-1] == 'symlink "/with ""quotes"" and \'more\'" "to where"'
    assert output.stat().st_size > 64 << 20
    assert not list(settings.builddir.glob(".image*"))


def test_owners_modes_and_nodes_are_those_of_the_table(plan: Plan, settings: Settings, scripts: list[str]) -> None:
    """A set-uid bit that it does not name is nobody's."""
    lines = (
        'if abi.bits == "64":',
        '    sh.owner("5:7", "/share")',
        '    sh.device("/share/sda", "b", 8, 1, mode=0o660)',
        '    sh.device("/share/null", "c", 1, 3, mode=0o666)',
    )
    (settings.recipes / "other.py").write_text("".join([OTHER, *(f"    {line}\n" for line in lines)]))
    (settings.clfs / "share/x86_64-stage1-pigz").chmod(0o6755)
    make_image(evaluate(settings), settings.builddir / "image")
    said = scripts[0].splitlines()
    assert 'sif "/share/x86_64-stage1-pigz" mode 0100755' in said
    folder = said.index('sif "/share" mode 040755')
    assert said[folder + 1 : folder + 3] == ['sif "/share" uid 5', 'sif "/share" gid 7']
    assert said[-6:] == [
        'cd "/share"',
        'mknod "null" c 1 3',
        'sif "/share/null" mode 020666',
        'cd "/share"',
        'mknod "sda" b 8 1',
        'sif "/share/sda" mode 060660',
    ]


def test_what_no_system_needs_is_left_out(settings: Settings, recipes: Path, scripts: list[str]) -> None:
    """A build directory and a cache in $CLFS, the cross toolchain, and what is there only while something runs."""
    clfs = settings.clfs
    inside = replace(settings, builddir=clfs / "build", cache=clfs / "cache")
    plan = evaluate(inside)
    built(plan, *plan.steps)
    tree(clfs, **{"cross-tools-x86_64__gcc": "", "lost+found__x": "", "build__file": ""})
    os.mkfifo(clfs / "pipe")
    for cross in (False, True):
        make_image(plan, clfs / "build" / "image", cross=cross)
    there = [set(re.findall(r'(?m)^sif "/(.*?)" mode', script)) for script in scripts]
    assert there[0] == {".", "share", *(f"share/{name.replace('/', '-')}" for name in plan.system)}
    assert there[1] - there[0] == {"cross-tools-x86_64", "cross-tools-x86_64/gcc"}


@pytest.mark.usefixtures("scripts")
def test_what_debugfs_can_not_do(plan: Plan, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    output = settings.builddir / "image"
    output.write_text("earlier")
    monkeypatch.setenv("COMPLAINT", "Could not allocate block in ext2 filesystem while writing\n")
    with pytest.raises(RuckusError, match="debugfs can't write") as caught:
        make_image(plan, output)
    assert caught.value.hint == "Could not allocate block in ext2 filesystem while writing"
    assert output.read_text() == "earlier"
    assert [path.name for path in settings.builddir.iterdir() if "image" in path.name] == ["image"]


def test_no_image_where_it_has_no_room(plan: Plan, settings: Settings) -> None:
    output = settings.builddir / "image"
    with pytest.raises(RuckusError, match=r"image: the image is to have 1125\.9 TB, and /\S+ has [\d.]+ .B free"):
        make_image(plan, output, 1 << 50)
    with pytest.raises(RuckusError, match=r"an image of 1\.0 MB is too small: the system takes \d+ MB"):
        make_image(plan, output, 1 << 20)
    (settings.clfs / "a\nb").touch()
    with pytest.raises(RuckusError, match="can't write a name with a line break"):
        make_image(plan, output)
    assert not output.exists()


def test_who_may_not_read_a_file_is_told_whose_it_is(
    plan: Plan,
    settings: Settings,
    scripts: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One that a step has installed is taken from the store."""
    installed, other = settings.clfs / "share/x86_64-cross-other-32", settings.clfs / "other"
    other.touch()
    for path in (installed, other):
        path.chmod(0o000)
    monkeypatch.setattr(os, "access", lambda path, mode: path not in (installed, other))
    whose = f"is {user_name(os.geteuid())}'s, with mode 000"
    with pytest.raises(RuckusError, match=f"{other} {whose}, and no step has installed it") as caught:
        make_image(plan, settings.builddir / "image")
    assert caught.value.hint == f"run: chmod u+rw {other}"
    other.unlink()
    capsys.readouterr()
    make_image(plan, settings.builddir / "image")
    note = f"  NOTE     {installed} {whose}: in the image, it is as it was built; all of it: chmod u+rw {installed}\n"
    assert capsys.readouterr().out == note
    assert f'write "{installed}"' not in scripts[0]
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    make_image(plan, settings.builddir / "image")
    assert capsys.readouterr().out.endswith(f"all of it: sudo make -C {settings.builddir} image\n")
    Store(settings.cache).tree(plan["x86_64/cross/other-32"].key).rename(settings.cache / "lost")
    with pytest.raises(RuckusError, match=r"the system hides it, and .* is gone") as caught:
        make_image(plan, settings.builddir / "image")
    assert caught.value.hint == f"run: sudo make -C {settings.builddir} image"


FINAL = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("it")
for name in ("it", "linux-headers", "glibc-32", "glibc-64"):
    recipe.step("final", name=name)(lambda sh, name=name: sh.sh(f"echo {name}"))
"""


@pytest.mark.usefixtures("scripts")
def test_ways_out_are_those_of_the_final_system(
    settings: Settings, recipes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (recipes / "profiles/tiny.toml").write_text('steps = ["cross/other", "stage1/pigz", "final/it"]')
    (recipes / "it.py").write_text(FINAL)
    whole = evaluate(settings)
    built(whole, *whole.steps)
    plan, secret, output = whole.of_final(), settings.final / "share/x86_64-final-it", settings.builddir / "image"
    monkeypatch.setattr(os, "access", lambda path, mode: path != secret)
    make_image(plan, output)
    again, reads = f"make -C {settings.builddir} final", f"make -C {settings.builddir} image SYSTEM=final"
    assert capsys.readouterr().out.endswith(f"all of it: sudo {reads}\n")
    Store(settings.cache).tree(plan["x86_64/final/it"].key).rename(settings.cache / "lost")
    with pytest.raises(RuckusError) as caught:
        make_image(plan, output)
    assert caught.value.hint == f"run: sudo {reads}"
    secret.unlink()
    with pytest.raises(RuckusError) as caught:
        make_image(plan, output)
    assert caught.value.hint == f"run: {again}"
    next(stamp for stamp in stamps(settings) if stamp.step == "x86_64/final/it").path.unlink()
    with pytest.raises(RuckusError, match="1 of the system's 1 steps are not built") as caught:
        make_image(plan, output)
    assert caught.value.hint == f"run: make -C {settings.builddir} -k final"


def test_no_image_of_half_a_system(settings: Settings, recipes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, output = evaluate(settings), settings.builddir / "image"
    steps = "x86_64/cross/other-32 x86_64/cross/other-64 x86_64/stage1/pigz"
    with pytest.raises(RuckusError, match=f"3 of the system's 3 steps are not built: {steps}$"):
        make_image(plan, output)
    built(plan, *steps.split()[:2])
    with pytest.raises(RuckusError, match=r"1 of the system's 3 steps are not built: x86_64/stage1/pigz$") as caught:
        make_image(plan, output)
    build = f"run: make -C {settings.builddir} -k bootstrap"
    assert caught.value.hint == build
    monkeypatch.setattr("ruckus_aux.systems.whole.is_closed", lambda root, user: True)
    with pytest.raises(RuckusError) as caught:
        make_image(plan, output)
    assert caught.value.hint == f"{build} && sudo make -C {settings.builddir} bootstrap-install"
    (recipes / "pigz/recipe.py").write_text("this, is; not Python")
    with pytest.raises(RuckusError, match="1 of the system's 3 steps are not built: x86_64/stage1/pigz"):
        make_image(evaluate(settings), output)
    with pytest.raises(RuckusError, match="builds no system"):
        make_image(evaluate(replace(settings, hostprep_only=True)), output)
    assert not output.exists()


@pytest.mark.usefixtures("scripts")
def test_a_system_of_earlier_recipes_is_whole(plan: Plan, settings: Settings) -> None:
    (settings.recipes / "other.py").write_text(f'{OTHER}    sh.sh("now: another")\n')
    changed = evaluate(settings)
    assert changed["x86_64/cross/other-32"].key != plan["x86_64/cross/other-32"].key
    make_image(changed, settings.builddir / "image")
    assert (settings.builddir / "image").exists()


def test_an_image_has_nothing_that_a_merge_was_killed_at(plan: Plan, settings: Settings, scripts: list[str]) -> None:
    """Of a step beyond the system, as those of stage2 are."""
    installed(settings, "x86_64/stage2/more", tree(settings.buildroot / "artifact", share__more="more"))
    stamp = next(stamp for stamp in stamps(settings) if stamp.step.stage.name == "stage2")
    stamp.reopen()
    (settings.clfs / "share" / stamp.temporary).write_text("mo")
    make_image(plan, settings.builddir / "image")
    assert '"/share/more"' in scripts[0]
    assert ".ruckus-" not in scripts[0]


def test_what_is_added_has_an_owner_and_room(
    plan: Plan, settings: Settings, scripts: list[str], tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("text\n")
    (tmp_path / "text").chmod(0o644)
    output = settings.builddir / "image"
    make_image(plan, output)
    plain = output.stat().st_size
    more = Addition({"a/b/text": tmp_path / "text"}, {}, "a/b", (65533, 65533), 1 << 30)
    make_image(plan, output, addition=more)
    assert (1 << 30) - (64 << 20) < output.stat().st_size - plain < (1 << 30)
    lines = scripts[1].splitlines()
    begin = lines.index('mkdir "/a"')
    assert lines[begin : begin + 10] == [
        'mkdir "/a"',
        'sif "/a" mode 040755',
        'mkdir "/a/b"',
        'sif "/a/b" mode 040755',
        'sif "/a/b" uid 65533',
        'sif "/a/b" gid 65533',
        f'write "{tmp_path}/text" "/a/b/text"',
        'sif "/a/b/text" mode 0100644',
        'sif "/a/b/text" uid 65533',
        'sif "/a/b/text" gid 65533',
    ]


def test_a_tree_is_added_as_it_is_and_is_roots(
    plan: Plan, settings: Settings, scripts: list[str], tmp_path: Path
) -> None:
    added = tree(tmp_path / "tree", bin__sh="shell", bin__bash="shell")
    (added / "bin/sh").chmod(0o711)
    (added / "bin/bash").unlink()
    (added / "bin/bash").hardlink_to(added / "bin/sh")
    (added / "lib").symlink_to("usr/lib")
    make_image(plan, settings.builddir / "image", addition=Addition({}, {"a/c": added}, "a/b", (1, 1), 1 << 20))
    lines = scripts[0].splitlines()
    assert [line for line in lines if '"/a/c' in line and "mode 04" not in line] == [
        'mkdir "/a/c"',
        'mkdir "/a/c/bin"',
        f'write "{added}/bin/bash" "/a/c/bin/bash"',
        'sif "/a/c/bin/bash" mode 0100711',
        'symlink "/a/c/bin/sh" x',
        'rm "/a/c/bin/sh"',
        'ln "/a/c/bin/bash" "/a/c/bin/sh"',
        'sif "/a/c/bin/bash" links_count 2',
        'symlink "/a/c/lib" "usr/lib"',
    ]

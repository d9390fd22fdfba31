# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine is given to build with."""

import hashlib
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import tree

from ruckus_aux.artifacts.store import Store
from ruckus_aux.builders.disks import shown_trees
from ruckus_aux.builders.tree import native_tree
from ruckus_aux.recipes.manifest import Fetched, File, Source
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import logs
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import INSIDE
from ruckus_aux.words.stage import CHECK, Stage
from ruckus_aux.words.step_name import StepName


@pytest.fixture(autouse=True)
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of a stage that sees nothing of the host."""
    monkeypatch.setattr(Step, "stage", property(lambda step: stage_of(step.name)))


def stage_of(name: StepName) -> Stage:
    return replace(CHECK, installs=True) if name.within_arch.startswith("stage2/") else name.stage


def native_steps(settings: Settings) -> tuple[Step, Step, Source]:
    settings.sources.mkdir(parents=True)
    (settings.sources / "a.tar").write_bytes(b"tar")
    file = File("a.tar", hashlib.sha256(b"tar").hexdigest())
    source = Source("a", "1", file.name, file.sha256, fetched=Fetched("upstream", "1", (file,), "here"))
    patch = settings.srcdir / "a.patch"
    patch.write_text("patch\n")
    first = Step(settings, StepName("x86_64/stage2/a"), pieces=("make",), sources=(source,), files=(patch,))
    second = Step(settings, StepName("x86_64/stage2/b"), pieces=("make it",), needs=(first,))
    return first, second, source


def test_a_machine_has_scripts_keys_files_and_verified_sources(settings: Settings, tmp_path: Path) -> None:
    first, second, _ = native_steps(settings)
    files = native_tree(settings, [first, second], tmp_path / "native")
    assert {"start", "runner", "step", "root", "machine", "etc/passwd", "etc/group"} <= files.keys()
    assert files["sources/a.tar"] == settings.sources / "a.tar"
    a, b = "steps/x86_64.stage2.a", "steps/x86_64.stage2.b"
    assert files[f"{a}/key"].read_text() == f"{first.key}\n"
    assert files[f"{a}/script"].read_text() == first.script
    assert files[f"{a}/sources"].read_text() == f"{hashlib.sha256(b'tar').hexdigest()} a.tar\n"
    assert files[f"{a}/files/a.patch"].read_text() == "patch\n"
    assert files[f"{b}/sources"].read_text() == ""
    rules = files["steps.mk"].read_text().splitlines()
    assert rules[2:] == ["x86_64.stage2.a:", "\t+@sh ./step $@", "x86_64.stage2.b: x86_64.stage2.a", "\t+@sh ./step $@"]
    log = tmp_path / "log"
    log.write_text(files[f"{a}/head"].read_text() + "said\n\n# end      now\n# status   0\n")
    assert logs.read(log) == logs.Log({"step": first.name, "key": first.key}, {"end": "now", "status": "0"}, "said\n")
    assert "SRC=/ruckus/src" in files[f"{a}/environment"].read_text().split()
    assert not {f"{a}/shown", f"{a}/shared"} & files.keys()


def test_a_final_step_is_shown_its_source_and_what_it_declares(
    settings: Settings, tmp_path: Path, fp: FakeProcess
) -> None:
    fp.allow_unregistered(True)  # cp
    temporary, _, _ = native_steps(settings)
    unpacked = Step(settings, StepName("source/a"), pieces=("unpack",))
    early = Step(settings, StepName("x86_64/final/early"), pieces=("make",), needs=(temporary,), implied=1)
    late = replace(early, name=StepName("x86_64/final/late"), pieces=("make it",), needs=(temporary, unpacked, early))
    files = native_tree(settings, [early, late], tmp_path / "native")
    steps = {name: f"steps/x86_64.final.{name}" for name in ("early", "late")}
    assert files[f"{steps['early']}/shown"].read_text() == "programs\n"
    assert files[f"{steps['late']}/shown"].read_text() == "programs\nx86_64.final.early\n"
    assert f"{steps['early']}/shared" not in files
    assert files[f"{steps['late']}/shared"].read_text() == "source.a\n"
    assert "PATH=/usr/bin:/usr/sbin" in files[f"{steps['late']}/environment"].read_text().split()

    with (
        pytest.raises(RuckusError, match="final/early needs x86_64/stage2/a, which is not built"),
        shown_trees([early]),
    ):
        pass
    artifacts = {
        step: tree(tmp_path / step.name, **{f"tools-x86_64__bin__{step.name.package}": ""})
        for step in (temporary, unpacked, early)
    }
    store = Store(settings.cache)
    for step, artifact in artifacts.items():
        store.add(step.key, artifact, step.name, inside=INSIDE, ended=time.time_ns())
    with shown_trees([early, late]) as trees:
        assert trees.keys() == {"programs", "source.a"}
        assert (trees["programs"] / "usr/bin/a").readlink() == Path("/tools-x86_64/bin/a")
        assert trees["source.a"] == store.tree(unpacked.key)
    with shown_trees([late]) as trees:  # the other is in the store already
        assert trees.keys() == {"programs", "source.a", "x86_64.final.early"}
    with shown_trees([temporary]) as trees:
        assert not trees


def test_what_a_machine_can_not_make_is_refused(settings: Settings, tmp_path: Path) -> None:
    first, _, _ = native_steps(settings)
    for name in ("x86_64/stage1/a", "source/a"):
        with pytest.raises(RuckusError, match="needs the host"):
            native_tree(settings, [replace(first, name=StepName(name))], tmp_path / "native")
    (settings.sources / "a.tar").write_bytes(b"not it")
    with pytest.raises(RuckusError, match=r"a\.tar"):
        native_tree(settings, [first], tmp_path / "native")

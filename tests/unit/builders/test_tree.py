# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine is given to build with."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from ruckus_aux.builders.tree import native_tree
from ruckus_aux.recipes.manifest import Fetched, File, Source
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import logs
from ruckus_aux.words.errors import RuckusError
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
    assert {"start", "runner", "step", "machine", "environment", "etc/passwd", "etc/group"} <= files.keys()
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
    assert "SRC=/ruckus/src" in files["environment"].read_text().split()


def test_what_a_machine_can_not_make_is_refused(settings: Settings, tmp_path: Path) -> None:
    first, second, _ = native_steps(settings)
    host = replace(first, name=StepName("x86_64/stage1/a"))
    unpacked = replace(first, name=StepName("x86_64/source/a"))
    for steps, match in (([host], "needs the host"), ([replace(second, needs=(unpacked,))], "shares x86_64/source/a")):
        with pytest.raises(RuckusError, match=match):
            native_tree(settings, steps, tmp_path / "native")
    (settings.sources / "a.tar").write_bytes(b"not it")
    with pytest.raises(RuckusError, match=r"a\.tar"):
        native_tree(settings, [first], tmp_path / "native")

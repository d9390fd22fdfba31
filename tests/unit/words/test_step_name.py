# SPDX-License-Identifier: GPL-3.0-or-later

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.words.stage import SOURCE, STAGES, Stage
from ruckus_aux.words.step_name import StepName


@pytest.mark.parametrize(
    ("text", "arch", "stage", "package"),
    [
        ("x86_64/cross/gcc-static", "x86_64", STAGES["cross"], "gcc-static"),
        ("hostprep/m4", "", STAGES["hostprep"], "m4"),
        ("i686/source/gcc", "i686", SOURCE, "gcc"),
    ],
)
def test_a_name_is_put_together_and_taken_apart(text: str, arch: str, stage: Stage, package: str) -> None:
    name = StepName(text)
    assert (name.arch, name.stage, name.package) == (arch, stage, package)
    assert StepName.of(arch, stage, package) == name


def test_a_stage_of_a_later_version_is_one_of_a_system() -> None:
    name = StepName("x86_64/stage9/gcc")
    assert name.stage.of_system
    assert (name.arch, name.within_arch, name.package) == ("x86_64", "stage9/gcc", "gcc")


@pytest.mark.parametrize("text", ["", "bootstrap", "/", "a/", "a/b/c/d"])
def test_of_what_a_person_may_type_nothing_is_lost(text: str) -> None:
    name = StepName(text)
    assert (f"{name.arch}/" if name.arch else "") + name.within_arch == text


@given(st.text())
def test_in_files_it_is_its_text(text: str) -> None:
    name = StepName(text)
    assert json.loads(json.dumps({name: name})) == {text: text}
    assert str(name) == text

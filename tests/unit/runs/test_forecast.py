# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dry run says about the steps."""

import shutil
from dataclasses import replace
from pathlib import Path

from unit.samples import built

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.runs.forecast import forecast
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import ARCHITECTURES


def test_of_each_architecture_it_is_said_what_would_be_built_and_what_not(settings: Settings, recipes: Path) -> None:
    other = replace(settings, arch=ARCHITECTURES["x86_64-64"], buildroot=settings.buildroot / "other")
    plans = [evaluate(settings), evaluate(other)]
    selection = [(plan, plan.of_profile()) for plan in plans]
    lines = list(forecast(selection))
    assert lines[0] == "1 sources to download: zlib"
    assert lines[1].startswith("x86_64: 4 steps to build, 0:")
    assert lines[1].endswith("; 0 from the store, 0 from another architecture, 0 done")
    assert set(lines[2].split()[1:]) == {step.name for step in plans[0].of_profile()}
    assert "from another architecture, 0 done" in lines[3]

    built(plans[0], "hostprep/zlib", "x86_64/cross/other-32")
    shutil.rmtree(settings.stamps / "x86_64")
    lines = list(forecast(selection[:1]))
    assert "2 steps to build" in lines[1]
    assert "1 from the store, 0 from another architecture, 1 done" in lines[1]
    assert lines[-1] == "  from the store: x86_64/cross/other-32"

# SPDX-License-Identifier: GPL-3.0-or-later

from datetime import UTC, datetime
from pathlib import Path

import pytest
from unit.samples import TOP, built, configured

from ruckus_aux.recipes.costs import Costs
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.measuring import as_text
from ruckus_aux.runs import hypervisor
from ruckus_aux.runs.estimate import estimate, serial_shares, settings_of_build, table
from ruckus_aux.runs.request import Request
from ruckus_aux.settings.journal import Sample
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.terminal import MB


def samples(running: str, *jobs: int) -> list[Sample]:
    return [Sample("r", 0.0, 2.0, 0, used, running) for used in jobs]


def test_how_much_of_a_step_only_one_job_can_do() -> None:
    alone = samples("x86_64/stage1/pigz", *[1] * 4, *[2] * 5) + samples("i686/stage1/pigz", 2, 2, 2)
    beside = samples("hostprep/zlib x86_64/stage1/pigz", *[1] * 20)
    seldom = samples("hostprep/zlib", *[1] * 9)
    unknown = samples("x86_64/cross/other-32", *[-1] * 20)
    shares = serial_shares([*alone, *beside, *seldom, *unknown, *samples("", 1)])
    assert shares == {"stage1/pigz": pytest.approx((4 + 1) / (4 + 2 * 8 + 1))}


def test_an_estimate_names_the_critical_path(settings: Settings, recipes: Path) -> None:
    plan = evaluate(settings)
    (row,) = estimate([(plan, plan.of_profile())], 2, {"stage1/pigz": 1.0})
    # zlib and, one after the other, the two steps that need nothing: 2. The rest of zlib on both: 1.5. pigz on one: 7.
    assert row.cpu == 5 + 7 + 1 + 1
    assert row.wall == pytest.approx(2 + 1.5 + 7)
    assert row.path == (("hostprep/zlib", 2.5), ("x86_64/stage1/pigz", 7.0))
    lines = table([row], 2).splitlines()
    assert [line.split() for line in lines[-2:]] == [["0:02", "hostprep/zlib"], ["0:07", "x86_64/stage1/pigz"]]


def test_what_is_built_already_costs_nothing_unless_all_is_to_be_built_again(settings: Settings, recipes: Path) -> None:
    plan = evaluate(settings)
    built(plan, "hostprep/zlib")
    rows = [estimate([(plan, plan.of_profile())], 2, {}, fresh=fresh)[0] for fresh in (False, True)]
    assert [(row.steps, row.cpu) for row in rows] == [(3, 7 + 1 + 1), (4, 5 + 7 + 1 + 1)]


def test_an_estimate_before_configure_is_of_what_that_will_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as the hypervisor. Afterwards, it is of what was chosen."""
    monkeypatch.setattr(hypervisor, "installed_tools", dict)
    archs = [ARCHITECTURES[name] for name in ("x86_64", "i686")]
    request = Request(tuple(archs), tmp_path, TOP, "python3", "clfs", 3)
    chosen = [settings_of_build(request, arch) for arch in archs]
    assert [bool(settings.xen_version) for settings in chosen] == [True, False]
    assert not [*tmp_path.iterdir()]
    builddir = request.builddir(archs[0])
    builddir.mkdir(parents=True)
    configured(builddir, arch="x86_64", xen_version="", prefix_tools="/mine")
    known = settings_of_build(request, archs[0])
    assert (known.xen_version, known.prefix_tools, known.profile, known.cpucount) == ("", "/mine", "clfs", 3)


def test_a_volume_has_room_for_the_system_and_what_is_being_built(settings: Settings, recipes: Path) -> None:
    gb = 1000
    known = {"hostprep/zlib": Costs(5, 1, disk=2 * gb, installed=gb), "stage1/pigz": Costs(7, 1, disk=gb, installed=gb)}
    (recipes / "costs.toml").write_text(as_text(known, "", datetime.now(UTC)))
    plan = evaluate(settings)
    (row,) = estimate([(plan, plan.of_profile())], 1, {})
    assert row.volume == (gb + gb + 2 * gb) * MB * 1.25
    assert table([row], 1).splitlines()[1].split()[-1] == "5G"

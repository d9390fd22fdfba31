# SPDX-License-Identifier: GPL-3.0-or-later

from dataclasses import replace
from pathlib import Path

import pytest
from unit.reports.test_history import BUILT

from ruckus_aux.recipes.costs import UNKNOWN, Costs, read_costs
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.measuring import write_costs
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError


def test_what_was_measured_is_written_and_the_rest_stays(settings: Settings, recipes: Path) -> None:
    full = replace(BUILT, user=100.0, system=7.4, memory=200_000, work=3_000_000, artifact=2_000_000, hits=0, misses=9)
    shared = replace(full, user=20.0, hits=9, misses=0)
    path = write_costs(recipes, {"i686/cross/lib": [full, shared], "hostprep/zlib": [full]}, '2 x "fast"')
    assert 'machine = "2 x \\"fast\\""\n' in path.read_text()
    with path.open("a") as file:
        file.write('"final/lib-check" = { cpu = 9, memory = 1, estimated = true }\n')
    costs = read_costs(recipes)
    assert costs["cross/lib"] == Costs(cpu=107.0, shared_cpu=27.0, memory=204, disk=3, installed=2)
    assert costs["hostprep/zlib"].shared_cpu == 0
    write_costs(recipes, {"x86_64/cross/lib": [replace(shared, user=13.0)]}, "another")
    assert read_costs(recipes)["final/lib-check"].estimated
    write_costs(recipes, {"x86_64/final/lib-check": [full]}, "another")
    assert not read_costs(recipes)["final/lib-check"].estimated
    assert read_costs(recipes)["cross/lib"] == replace(costs["cross/lib"], shared_cpu=20.0), "the other figure stays"
    assert costs["stage1/pigz"] == Costs(cpu=7.0, memory=10), "it was not built there"
    assert evaluate(settings)["hostprep/zlib"].costs.memory == 204
    write_costs(recipes, {"hostprep/zlib": [replace(full, user=0.1, system=0.0, memory=9)]}, "fast")
    assert read_costs(recipes)["hostprep/zlib"] == Costs(cpu=1.0, memory=1, disk=3, installed=2)


def test_a_step_without_an_entry_has_costs_all_the_same(settings: Settings, recipes: Path) -> None:
    (recipes / "costs.toml").unlink()
    assert evaluate(settings)["hostprep/zlib"].costs == UNKNOWN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps = 1", "int"),
        ("[step]", "'steps'"),
        ('[steps]\n"a" = { cpus = 1 }', "cpus"),
        ("[steps", "Expected"),
    ],
)
def test_a_file_that_is_wrong_is_named(recipes: Path, text: str, message: str) -> None:
    (recipes / "costs.toml").write_text(text)
    with pytest.raises(RuckusError, match=f"/costs.toml: .*{message}"):
        read_costs(recipes)

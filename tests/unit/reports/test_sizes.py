# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

from pytest_subprocess import FakeProcess
from unit.samples import built

from ruckus_aux.artifacts.store import Store
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.reports.sizes import installed_sizes, size_lines
from ruckus_aux.settings.settings import Settings


def test_what_each_package_takes(settings: Settings, recipes: Path, host: FakeProcess) -> None:
    plan = evaluate(settings)
    built(plan, "x86_64/stage1/pigz", "x86_64/cross/other-32")
    steps = plan.of_system()[0]
    (Store(settings.cache).tree(plan["x86_64/stage1/pigz"].key) / "share" / "large").write_bytes(b"x" * 100_000)
    sizes = installed_sizes(steps)
    assert list(sizes) == ["x86_64/stage1/pigz", "x86_64/cross/other-32"], "of what is in the store, the largest first"
    lines = size_lines({"x86_64/final/gcc": 3_000_000, "x86_64/final/sed": 1_000_000})
    assert lines == [
        f"x86_64/final/gcc                      3.0 MB  {40 * '#'}",
        f"x86_64/final/sed                      1.0 MB  {13 * '#'}",
        "all 2                                 4.0 MB",
    ]
    assert size_lines({"x86_64/final/lto-plugin": 0})[0].split() == ["x86_64/final/lto-plugin", "0.0", "MB"]

# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands about systems of which something is missing."""

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import OTHER, built, tree

from ruckus_aux.artifacts.store import Store
from ruckus_aux.entry.cli import main
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import stamps


@pytest.mark.parametrize("command", ["image", "boot", "check"])
def test_half_a_system_is_refused(here: Settings, capsys: pytest.CaptureFixture[str], command: str) -> None:
    built(evaluate(here), "x86_64/cross/other-32", "x86_64/cross/other-64")
    tree(here.clfs, boot__vmlinuz="kernel")
    assert main([command]) == 1
    lacking = f"{here.clfs}: 1 of the system's 3 steps are not built: x86_64/stage1/pigz\n"
    assert f"{lacking}  run: make -C {here.builddir} -k bootstrap\n" in capsys.readouterr().err


def test_sizes_say_what_is_not_among_them(here: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    plan = evaluate(here)
    built(plan, "x86_64/cross/other-32", "x86_64/cross/other-64")
    (here.recipes / "other.py").write_text(OTHER.replace("echo", "echo -n"))
    built(evaluate(here), "x86_64/cross/other-64")
    assert main(["sizes"]) == 0
    *_, everything, note = capsys.readouterr().out.splitlines()
    assert everything.startswith("all 1 ")
    lacking = "x86_64/cross/other-32 x86_64/stage1/pigz"
    assert note == f"  NOTE     2 of the system's 3 steps are not in the store: {lacking}"
    built(evaluate(here), *lacking.split())
    (here.recipes / "pigz/recipe.py").write_text("this, is; not Python")
    assert main(["sizes"]) == 0
    note = "  NOTE     1 of the system's 3 steps are not in the store: x86_64/stage1/pigz\n"
    assert capsys.readouterr().out.endswith(note)


def test_what_the_store_lacks_hides_no_other_fault_of_a_system(
    here: Settings, fp: FakeProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the command that is named makes it again."""
    fp.pass_command(["rm", fp.any()], occurrences=100)
    fp.register(["readelf", fp.any()], stdout="  Class:   ELF64\n  Machine: Advanced Micro Devices X86-64\n")
    plan, pigz = evaluate(here), "x86_64/stage1/pigz"
    built(plan, *plan.steps)
    (here.clfs / "bin").mkdir()
    (here.clfs / "bin/sh").symlink_to("busybox")
    gone = here.clfs / "share/x86_64-cross-other-32"
    gone.unlink()
    Store(here.cache).tree(plan[pigz].key).rename(here.cache / "lost")
    assert main(["check"]) == 1
    output = capsys.readouterr()
    for line in ("WRONG    files ", "WRONG    native programs ", "SKIPPED  boot "):
        assert f"  {line}" in output.out
    assert f"{gone} is gone\n" in output.err
    lacking = f"{here.cache}/store no longer has 1 of the system's steps: {pigz}\n"
    assert f"{lacking}    make them again: make -C {here.builddir} {pigz}\n" in output.err
    monkeypatch.setattr("ruckus_aux.entry.called.supply", lambda selection: [plan for plan, _ in selection])
    assert main(["graph", pigz]) == 0
    assert pigz in {stamp.step for stamp in stamps(here, pending=True) if stamp.is_pending}

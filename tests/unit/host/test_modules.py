# SPDX-License-Identifier: GPL-3.0-or-later

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from unit.samples import TOP

from ruckus_aux.host.modules import main, requirements


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_what_is_wanted_is_pinned_with_hashes(name: str) -> None:
    """After a change of the one file, somebody has to run what writes the other."""
    wanted = {module for module, _ in requirements(TOP / f"{name}.in")}
    pinned = dict(requirements(TOP / f"{name}.txt"))
    assert wanted <= pinned.keys(), "run: make update-requirements"
    assert all(pinned.values())
    for block in re.split(r"\n(?=\w)", (TOP / f"{name}.txt").read_text())[1:]:
        assert re.search(r"\n    --hash=sha256:[0-9a-f]{64}", block), block


def test_tests_run_with_the_modules_of_builds() -> None:
    tests = dict(requirements(TOP / "requirements-dev.txt"))
    assert dict(requirements(TOP / "requirements.txt")).items() < tests.items()
    assert "pytest" in tests


def test_modules_that_are_not_there_or_of_another_version_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pinned = tmp_path / "pinned.txt"
    pinned.write_text(
        f"# these\nsarge=={version('sarge')} \\\n    --hash=sha256:00\nno-such-thing==1.0\npytest==0.1\n"
        "colorama==0.4 ; sys_platform == 'win32' \\\n"
    )
    main([str(pinned)])
    assert capsys.readouterr().out.split() == ["no-such-thing==1.0", "pytest==0.1"]


def test_any_version_of_an_unpinned_module_will_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wanted.in").write_text("sarge\nno-such-thing\n")
    (tmp_path / "more.in").write_text("-r wanted.in\npytest>=2\nno-such-other>=3,<4\n")
    main([str(tmp_path / "more.in")])
    assert capsys.readouterr().out.split() == ["no-such-thing", "no-such-other"]

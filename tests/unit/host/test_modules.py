# SPDX-License-Identifier: GPL-3.0-or-later

from importlib.metadata import version
from pathlib import Path

import pytest
from unit.samples import TOP

from ruckus_aux.host.modules import main, requirements


def test_what_another_file_pins_is_wanted_too() -> None:
    tests = dict(requirements(TOP / "requirements-dev.txt"))
    assert dict(requirements(TOP / "requirements.txt")).items() < tests.items()
    assert "pytest" in tests


def test_modules_that_are_not_there_or_of_another_version_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = tmp_path / "wanted.txt"
    wanted.write_text(f"# these\nsarge=={version('sarge')}\nno-such-thing==1.0\npytest==0.1\n")
    main([str(wanted)])
    assert capsys.readouterr().out.split() == ["no-such-thing==1.0", "pytest==0.1"]
    main(["--any-version", str(wanted)])
    assert capsys.readouterr().out.split() == ["no-such-thing==1.0"]

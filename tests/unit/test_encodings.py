# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ruckus writes is the same in every language's environment, also where Python would not take UTF-8 by itself."""

import os
import sys
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess
from unit.samples import MANIFEST

from ruckus_aux.host.commands import run

PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
from ruckus_aux.steps.kinds import workplace_of
from ruckus_aux.steps.work import Work
from unit.samples import settings_in
from ruckus_aux.words.step_name import StepName
from ruckus_aux.recipes.manifest import read_manifest
from ruckus_aux.recipes.plan import Step
from ruckus_aux.host.writing import write_whole
folder = Path(sys.argv[1])
read_manifest(folder / "sources.toml", folder)
write_whole(folder / "page.html", "\\u00fc")
settings = replace(settings_in(folder, folder, "i686"), buildroot=folder, isolation="none")
step = Step(settings, StepName("one"), pieces=("echo \\u00fc",))
Work(step, workplace_of(settings, step.stage)).prepare()
"""


def test_text_is_utf8_whatever_the_locale_says(
    fp: FakeProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fp.allow_unregistered(True)
    (tmp_path / "sources.toml").write_text("# für zlib\n" + MANIFEST, encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONPATH": ":".join(sys.path)}
    run([sys.executable, "-c", PROGRAM, tmp_path], env={**ascii_only, "PATH": os.environ["PATH"]}, replace_env=True)
    assert (tmp_path / "page.html").read_bytes() == b"\xc3\xbc"
    assert (tmp_path / "work" / "one" / "script").read_bytes().endswith(b"; echo \xc3\xbc\n")

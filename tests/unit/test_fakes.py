# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixture that keeps unit tests from running anything must itself hold."""

import pytest
import sarge
from pytest_subprocess import FakeProcess
from pytest_subprocess.exceptions import ProcessNotRegisteredError


def test_a_command_that_is_not_registered_does_not_run() -> None:
    with pytest.raises(ProcessNotRegisteredError):
        sarge.run(["lvcreate", "--name", "baby"])


def test_a_registered_command_answers_through_sarge(fp: FakeProcess) -> None:
    fp.register(["lvs"], stdout="vg00\n", returncode=5)
    pipeline = sarge.capture_stdout(["lvs"])
    assert (pipeline.returncode, pipeline.stdout.text) == (5, "vg00\n")

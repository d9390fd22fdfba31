# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

from ruckus_aux.host.process import Usage
from ruckus_aux.recipes.stages import TEST_RESULTS
from ruckus_aux.steps import logs

FIELDS = {"run": "r1", "step": "i686/cross/gcc"}
USAGE = Usage(3, 2.0, 1.0, 1.0, 1024, 2048)


def written(path: Path, output: str) -> Path:
    text = logs.beginning(FIELDS, {"A": "b"}, "echo '# output:'\n") + output
    path.write_text(text + logs.ending(USAGE, 0.0))
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    log = logs.read(written(tmp_path / "log", "one\ntwo\n"))
    assert log.beginning == FIELDS
    assert log.ending["status"] == "3"
    assert log.output == "one\ntwo\n"
    assert logs.fields_at_the_beginning(tmp_path / "log") == FIELDS


def test_of_a_long_log_beginning_and_end_are_read(tmp_path: Path) -> None:
    log = logs.read(written(tmp_path / "log", "early\n" + "x\n" * (1 << 21) + "late\n"))
    assert log.beginning == FIELDS
    assert log.ending["status"] == "3"
    assert log.output.endswith("x\nlate\n")
    assert len(log.output) < 1 << 22


def test_what_a_test_suite_has_come_to_is_said_last(tmp_path: Path) -> None:
    """A suite of Ruckus's own may say so of others."""
    assert logs.results_of_tests(tmp_path / "log") == ""
    log = written(tmp_path / "log", f"{TEST_RESULTS}9 passed\n{TEST_RESULTS}1 passed\nmake: done\n")
    assert logs.results_of_tests(log) == "1 passed"


def test_what_a_script_says_is_neither_beginning_nor_end(tmp_path: Path) -> None:
    """It can print whatever Ruckus prints."""
    lies = logs.beginning({"run": "../../r2"}, {}, "") + logs.ending(USAGE, 0.0)
    log = logs.read(written(tmp_path / "log", lies))
    assert log.beginning == FIELDS
    assert log.output == lies
    (tmp_path / "cut").write_text(logs.beginning(FIELDS, {}, "") + lies + logs.interrupted(0.0))
    assert logs.read(tmp_path / "cut").ending == {}

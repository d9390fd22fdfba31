# SPDX-License-Identifier: GPL-3.0-or-later
"""Test suites of packages: steps of their own, there when they are wanted, that know which tests may fail."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_subprocess import FakeProcess

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.stages import FAILED_TEST, TALLY
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps.logs import results_of_tests

RECIPE = """
from ruckus_aux.recipes.recipe import Check, Recipe
recipe = Recipe("{name}", source="zlib").autotools(
    "stage2", check=Check(critical={critical}, make=("check", "X=1"), expected={{"a/slow": "the machine is busy"}})
)
"""


@pytest.mark.parametrize(
    ("tests", "steps"),
    [
        ("none", ["careful", "usual"]),
        ("critical", ["careful", "careful-check", "usual"]),
        ("all", ["careful", "careful-check", "usual", "usual-check"]),
    ],
)
def test_they_are_there_when_they_are_wanted(settings: Settings, recipes: Path, tests: str, steps: list[str]) -> None:
    (recipes / "profiles" / "tiny.toml").write_text('steps = ["stage2/careful", "stage2/usual"]')
    for name, critical in (("careful", True), ("usual", False)):
        (recipes / f"{name}.py").write_text(RECIPE.format(name=name, critical=critical))
    plan = evaluate(replace(settings, tests=tests))
    assert [name.package for name in plan.profile] == steps
    keys = {plan[f"x86_64/stage2/{name}"].key for name in ("careful", "usual")}
    assert keys == {evaluate(settings)[f"x86_64/stage2/{name}"].key for name in ("careful", "usual")}
    if tests == "all":
        step = plan["x86_64/stage2/usual-check"]
        assert step.only_tests
        assert not step.is_merged, "a system is whole without it"
        assert "{ make -k check X=1 MAKEINFO=true && echo" in step.script
        assert "a/slow # the machine is busy\n" in step.script


AUTOTEST = """
## ------------- ##
  1: good                                            ok
 22: with a: colon, ok                               ok
  3: slow                                            FAILED (a.at:12)
  4: known to fail                                   expected failure (a.at:20)
  5: of another system                               skipped (a.at:30)
"""
PERL = """
01-one.t ............ ok
02-other.t .......... skipped: not here
03-bad.t ............
Dubious, test returned 1 (wstat 256, 0x100)
Failed 1/2 subtests
Test Summary Report
03-bad.t          (Wstat: 256 (exited 1) Tests: 2 Failed: 1)
04-todo.t         (Wstat: 0 Tests: 1 Failed: 0)
"""
GNU_MAKE = """
features/archives .................................. ok     (22 passed)
features/se_explicit ............................... N/A
misc/bad ........................................... FAILED (2/4 passed)
misc/worse ......................................... Error running make (expected 0; got 512)
FAILED (4/5 passed)
"""
RUN = """
make[4]: *** [Makefile:1891: test-suite.log] Error 1
make[3]: *** [Makefile:1551: check-regression] Error 1
make[3]: *** [Makefile:5550: pass-fail] Error 1
make[2]: *** [Makefile:484: elf/tests] Error 2
make[1]: *** [Makefile:1798: check-recursive] Error 1
make: *** [Makefile:2096: check] Error 2
"""
SLOW = {"a/b.trs": ":test-result: PASS\n", "a/slow.trs": ":test-result: FAIL\n"}


@pytest.mark.parametrize(
    ("files", "status", "result"),
    [
        ({"t/good.trs": ":test-result: PASS\n", "made": "PASS: make\n"}, 0, "1 passed, 0 failed, 0 expected to fail"),
        ({"t/good.trs": ":test-result: PASS\n", "t/bad.trs": ":test-result: FAIL it\n"}, 1, "1 passed, 1 failed, 0"),
        (
            {"a/b.trs": ":test-result: PASS\n", "a/slow.trs": ":test-result: ERROR\n"},
            0,
            "1 passed, 0 failed, 1 expected",
        ),
        ({"gcc.sum": "PASS: one\nFAIL: two three\nXFAIL: four\nUNSUPPORTED: five\n"}, 1, "1 passed, 1 failed, 0"),
        ({"gcc.sum": "PASS: one\nXPASS: two\nUNRESOLVED: three\nERROR: four\n"}, 1, "1 passed, 3 failed, 0"),
        (
            {"tests.sum": "PASS: a/b\nFAIL: a/slow\n", "a/subdir-tests.sum": "PASS: a/b\nFAIL: a/slow\n"},
            0,
            "1 passed, 0 failed, 1 expected",  # glibc's, which are in two files
        ),
        ({"none.trs": ":test-result: SKIP\n", "made": "PASS: make\n"}, 1, "0 passed, 0 failed"),
        ({"t/good.trs": ":test-result: PASS\n"}, 1, "1 passed, 1 failed"),  # others could not be made
        ({"made": "PASS: make\n"}, 0, "1 passed, 0 failed"),
        ({"made": "FAIL: make\n"}, 1, "0 passed, 1 failed"),
        ({"made": "PASS: make\n", "said": "WARNING: could not find 'runtest'\n"}, 1, "0 passed, 1 failed"),
        ({"said": AUTOTEST}, 1, "2 passed, 1 failed"),
        ({"said": AUTOTEST.replace("slow", "a/slow")}, 0, "2 passed, 0 failed, 1 expected"),
        ({"said": PERL}, 1, "1 passed, 1 failed"),
        ({"said": GNU_MAKE}, 1, "1 passed, 2 failed"),
        ({**SLOW, "said": RUN}, 0, "1 passed, 0 failed, 1 expected"),
        # It stopped half way, which is nothing that a test expects.
        ({**SLOW, "said": f"make[2]: *** [Makefile:9: c/test-x] Error 1{RUN}"}, 1, "1 passed, 1 failed, 1 expected"),
        ({**SLOW, "said": f"make[2]: *** [<builtin>: check-y.o] Killed{RUN}"}, 1, "1 passed, 1 failed, 1 expected"),
        ({**SLOW, "said": f"make[2]: *** No rule to make target 'c', needed by 'd'.{RUN}"}, 1, "1 passed, 1 failed, 1"),
        ({**SLOW, "said": f"c.mk:2: *** missing separator.  Stop.{RUN}"}, 1, "1 passed, 1 failed, 1 expected"),
        (
            {**SLOW, "said": "make[2]: *** [Makefile:9: a/slow.o] Error 1\n", "made": "PASS: make\n"},
            0,
            "1 passed, 0 failed, 1 expected",  # it did not matter to make
        ),
    ],
)
def test_what_they_come_to(tmp_path: Path, fp: FakeProcess, files: dict[str, str], status: int, result: str) -> None:
    fp.allow_unregistered(True)  # sh, find, awk, sed
    home, build = tmp_path / "home", tmp_path / "build"
    home.mkdir()
    for name, text in ({"made": "FAIL: make\n", "said": ""} | files).items():
        path = (home if name in ("made", "said") else build) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    build.mkdir(exist_ok=True)
    (home / "expected").write_text("a/slow # the machine is busy\n")
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-euc", TALLY], cwd=build, env=environment, capture_output=True, text=True, check=False
    )
    log = tmp_path / "log"
    log.write_text(f"# output:\n{done.stdout}")
    assert results_of_tests(log).startswith(result)
    assert done.stdout.count(FAILED_TEST) == int(result.split()[2]), "each is named"
    assert done.returncode == status, done.stderr

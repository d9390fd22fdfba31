# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest
from unit.samples import OTHER

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.rights import Right
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.errors import RuckusError

STEP = "x86_64/cross/other-64"


def declare(settings: Settings, *lines: str) -> None:
    text = "".join(f"    {line}\n" for line in lines)
    (settings.recipes / "other.py").write_text(f"{OTHER}{text}")


def test_what_root_gives_is_in_no_key(settings: Settings, recipes: Path) -> None:
    before = evaluate(settings)[STEP]
    declare(
        settings,
        'sh.device("/dev/null", "c", 1, 3, mode=0o666)',
        'sh.owner("root:utmp", "/var/log/lastlog", "/var/run/utmp")',
        'sh.mode(0o4755, "/bin/su")',
    )
    after = evaluate(settings)[STEP]
    assert (after.key, after.script) == (before.key, before.script)
    assert after.rights == (
        Right("/dev/null", mode=0o666, device=("c", 1, 3)),
        Right("/var/log/lastlog", owner="root:utmp"),
        Right("/var/run/utmp", owner="root:utmp"),
        Right("/bin/su", mode=0o4755),
    )


def test_a_program_that_runs_as_root_is_hardened_and_looked_at(settings: Settings, recipes: Path) -> None:
    declare(settings, 'sh.set_uid("/bin/su")')
    step = evaluate(settings)[STEP]
    assert step.rights == (Right("/bin/su", mode=0o4755),)
    assert "for program in /bin/su; do\n    readelf -dW " in step.script


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('sh.device("dev/null", "c", 1, 3)', "'dev/null' is no path from the root of the system"),
        ('sh.mode(0o755, "/bin/../../etc")', r"'/bin/../../etc' is no path"),
        ('sh.mode(755000, "/bin/su")', "/bin/su: 755000 is no mode"),
        ('sh.device("/dev/null", "p", 1, 3)', "/dev/null: p 1 3 is no device"),
        ('sh.device("/dev/null", "c", 1, -3)', "/dev/null: c 1 -3 is no device"),
        ('sh.device("/dev/null", "c", 4096, 3)', "/dev/null: c 4096 3 is no device"),
        ('sh.device("/dev/null", "c", 1, 1 << 20)', "/dev/null: c 1 1048576 is no device"),
        ('sh.mode(-1, "/bin/su")', "/bin/su: -1 is no mode"),
        ('sh.mode(0o755, "/bin/")', "'/bin/' is no path"),
        ('sh.owner("Joe Doe", "/home")', "'Joe Doe' is no owner"),
        ('sh.owner("joe", "/home/the joe")', "'/home/the joe' has a character"),
    ],
)
def test_a_mistake_names_the_value(settings: Settings, recipes: Path, line: str, error: str) -> None:
    declare(settings, line)
    with pytest.raises(RuckusError, match=error):
        evaluate(settings)[STEP]


def test_hostprep_installs_nothing_into_a_system(settings: Settings, recipes: Path) -> None:
    zlib = settings.recipes / "zlib.py"
    zlib.write_text(f'{zlib.read_text()}    sh.mode(0o755, "/bin/su")\n')
    with pytest.raises(RuckusError, match="a step of stage hostprep installs nothing into a system"):
        evaluate(settings)["hostprep/zlib"]

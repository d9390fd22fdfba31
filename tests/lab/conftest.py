# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab tests: a real Xen dom0 with LVM, in QEMU; see docs/lab.md."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.machine.lab import Lab, default_folder, missing_programs

from ruckus_aux.host.locks import try_held

TOP = Path(__file__).parents[2]
_TREE = (
    "build-aux",
    "m4",
    "packages",
    "python",
    "autogen.sh",
    "configure.ac",
    "Makefile.am",
    "requirements.in",
    "tasks.py",
)
_MADE = ("configure", "aclocal.m4", "Makefile.in")  # by autogen.sh, which the guest lacks the programs for


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A running lab with this source tree in /srv/ruckus; it runs on, for the next session.

    Tests that change something in it take `dom0` instead.
    """
    if missing := missing_programs():
        pytest.skip(f"the lab needs programs that are not installed: {' '.join(missing)}; see build-aux/setup --lab")
    made = Lab(default_folder())
    with try_held(made.folder / "session.lock") as descriptor:
        if descriptor is None:
            pytest.fail(f"another run of tests is using the lab in {made.folder}")
        yield from _prepared(made)


def _prepared(made: Lab) -> Iterator[Lab]:
    made.start()
    made.reset()
    names = [*_TREE, *(name for name in _MADE if (TOP / name).exists())]
    made.copy({name: TOP / name for name in names}, "/srv/ruckus", user="guest")
    made.run("python3 -m compileall -q /srv/ruckus/python /srv/ruckus/tasks.py")
    made.save()
    yield made
    made.hang_up()


@pytest.fixture
def dom0(lab: Lab) -> Iterator[Lab]:
    """The lab for a test that may do with it what it likes: afterwards it is reset."""
    yield lab
    lab.reset()

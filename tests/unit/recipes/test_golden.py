# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of the shipped recipes are what tests/golden says."""

import pytest
from golden.scripts import kept, rendered

SAID, NOW = kept(), rendered()


@pytest.mark.parametrize("name", sorted(SAID | NOW))
def test_the_script_is_the_one_in_the_golden_file(name: str) -> None:
    said, now = SAID.get(name), NOW.get(name)
    assert now == said, "if it is meant: make update-golden, and explain the diff in the commit's message"

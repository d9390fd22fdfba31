# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two configurations, as lines of a fragment."""

from ruckus_aux.recipes.kconfig import changed_options, kconfig_options, with_options

BEFORE = """
# Networking
CONFIG_A=y
# CONFIG_B is not set
CONFIG_C="two words"
CONFIG_NEEDS_A=y
"""


def test_options_are_what_sets_them_or_says_that_they_are_not_set() -> None:
    assert kconfig_options(BEFORE.splitlines()) == {
        "CONFIG_A": "CONFIG_A=y",
        "CONFIG_B": "# CONFIG_B is not set",
        "CONFIG_C": 'CONFIG_C="two words"',
        "CONFIG_NEEDS_A": "CONFIG_NEEDS_A=y",
    }


def test_what_can_not_be_chosen_any_more_or_is_new_and_off_has_not_changed() -> None:
    after = '# CONFIG_A is not set\nCONFIG_B=m\nCONFIG_C="two words"\n# CONFIG_NEEDS_B is not set\nCONFIG_D=y\n'
    changed = changed_options(*(kconfig_options(text.splitlines()) for text in (BEFORE, after)))
    assert list(changed.values()) == ["# CONFIG_A is not set", "CONFIG_B=m", "CONFIG_D=y"]


def test_a_fragment_keeps_its_other_lines() -> None:
    text = with_options("# Why:\nCONFIG_AB=y\nCONFIG_A=y\n# CONFIG_B is not set", {"CONFIG_A": "CONFIG_A=m"})
    assert text == "# Why:\nCONFIG_AB=y\n# CONFIG_B is not set\nCONFIG_A=m\n"

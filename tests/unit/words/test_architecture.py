# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.words.architecture import ARCHITECTURES, architecture
from ruckus_aux.words.errors import RuckusError


@pytest.mark.parametrize(
    ("name", "string", "target", "libdirs"),
    [
        ("i686", "x86", "i686-ruckus-linux-gnu", ("lib",)),
        ("x86_64", "x86_64", "x86_64-ruckus-linux-gnu", ("lib64", "lib")),
        ("x86_64-64", "x86_64-64", "x86_64-ruckus-linux-gnu", ("lib",)),
    ],
)
def test_the_three_kinds(name: str, string: str, target: str, libdirs: tuple[str, ...]) -> None:
    arch = architecture(name)
    assert (arch.string, arch.target, arch.libdirs) == (string, target, libdirs)


def test_multilib_has_both_abis_and_64_bit_is_the_main_one() -> None:
    assert [abi.flag for abi in architecture("x86_64").abis] == ["-m32", "-m64"]
    assert architecture("x86_64").main_abi.loader == "ld-linux-x86-64.so.2"


def test_disable_multilib_makes_x86_64_pure_64_bit() -> None:
    assert architecture("x86_64", multilib=False) is ARCHITECTURES["x86_64-64"]
    assert architecture("i686", multilib=False) is ARCHITECTURES["i686"]


@given(st.text().filter(lambda name: name not in ARCHITECTURES))
def test_any_other_name_is_an_error_that_names_it_and_the_choices(name: str) -> None:
    with pytest.raises(RuckusError) as caught:
        architecture(name)
    assert name in caught.value.message
    assert all(known in caught.value.hint for known in ARCHITECTURES)

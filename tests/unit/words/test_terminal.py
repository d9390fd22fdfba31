# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.words.terminal import readable_size, some_of


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0.0 MB"),
        (349_999, "0.3 MB"),
        (11_400_000, "11 MB"),
        (1_378_000_000, "1378 MB"),
        (2**34, "17.2 GB"),
        (900 << 40, "989.6 TB"),
    ],
)
def test_sizes_are_in_millions_of_bytes(number: int, text: str) -> None:
    assert readable_size(number) == text


@given(st.integers(0, 10**18), st.integers(0, 10**18))
def test_what_is_more_never_reads_as_less(one: int, other: int) -> None:
    def value(text: str) -> float:
        figure, unit = text.split()
        return float(figure) * {"MB": 1, "GB": 1000, "TB": 1_000_000}[unit]

    less, more = sorted((one, other))
    assert value(readable_size(less)) <= value(readable_size(more))


def test_of_many_names_a_few_are_said_and_how_many_there_are_besides() -> None:
    assert some_of(["a", "b", "a", "c", "d", "b"]) == "a b c d"
    assert some_of("abcdefcba") == "a b c d and 2 more"
    assert some_of([]) == ""

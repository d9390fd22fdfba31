# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.words.terminal import readable_size


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0.0 MB"), (349_999, "0.3 MB"), (11_400_000, "11 MB"), (1_378_000_000, "1378 MB"), (2**34, "17.2 GB")],
)
def test_sizes_are_in_millions_of_bytes(number: int, text: str) -> None:
    assert readable_size(number) == text


@given(st.integers(0, 10**15), st.integers(0, 10**15))
def test_what_is_more_never_reads_as_less(one: int, other: int) -> None:
    def value(text: str) -> float:
        figure, unit = text.split()
        return float(figure) * {"MB": 1, "GB": 1000}[unit]

    less, more = sorted((one, other))
    assert value(readable_size(less)) <= value(readable_size(more))

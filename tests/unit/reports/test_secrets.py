# SPDX-License-Identifier: GPL-3.0-or-later
"""What is blanked in a collected log, and that nothing else is."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruckus_aux.reports import secrets
from ruckus_aux.reports.secrets import copy_without_secrets

KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\naC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n"
BODY = b"\nb3BlbnNz\naC1rZXk=\n"


def copied(log: bytes) -> tuple[int, bytes]:
    copy = io.BytesIO()
    count = copy_without_secrets(io.BytesIO(log), copy)
    return count, copy.getvalue()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"export API_TOKEN=abc123; make", b"abc123;"),
        (b"#   GITHUB_TOKEN=abc", b"abc"),
        (b'PASSWORD="two words" make', b"two words"),
        (b"DB_PASSWORD_FILE='/a b'", b"/a b"),
        (b"+ env CLIENT_SECRET=x=y=z sh", b"x=y=z"),
        (b'SECRET="no end', b"no end"),
    ],
)
def test_values_of_variables(line: bytes, value: bytes) -> None:
    assert copied(b"before\n" + line + b"\nafter") == (
        1,
        b"before\n" + line.replace(value, b"*" * len(value)) + b"\nafter",
    )


@pytest.mark.parametrize("line", [b"PATH=/bin", b"TOKEN=", b"yytoken=5", b"TOKEN = 5", b"gcc -c TOKEN.c", b"SECRET"])
def test_everything_else_stays(line: bytes) -> None:
    assert copied(line) == (0, line)


def test_private_keys() -> None:
    assert copied(b"a" + KEY + b"b" + KEY) == (2, (b"a" + KEY + b"b" + KEY).replace(BODY, b"*" * len(BODY)))
    public = KEY.replace(b"PRIVATE", b"PUBLIC")
    assert copied(public) == (0, public)


def test_a_key_without_its_end_takes_no_more_than_what_may_be_a_key() -> None:
    cut = KEY[: KEY.index(b"-----END")]
    assert copied(cut + b"[make failed]") == (1, cut.replace(BODY, b"*" * len(BODY)) + b"[make failed]")


@given(
    before=st.integers(0, 200),
    secret=st.sampled_from([(b" MY_TOKEN=abc ", b"abc"), (KEY, BODY)]),
    piece=st.integers(1, 150),
)
def test_secrets_across_pieces(before: int, secret: tuple[bytes, bytes], piece: int) -> None:
    text, value = secret
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "_PIECE", piece)
        patch.setattr(secrets, "_LONGEST", len(KEY))
        log = b"x " * before + text + b"y " * 100
        assert copied(log) == (1, log.replace(value, b"*" * len(value)))


@given(st.binary(max_size=400), st.integers(1, 100))
def test_a_copy_has_the_size_of_the_log(log: bytes, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "_PIECE", piece)
        count, copy = copied(log)
    assert len(copy) == len(log)
    assert count or copy == log

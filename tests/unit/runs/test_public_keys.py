# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of public keys."""

import base64

import pytest

from ruckus_aux.runs.public_keys import is_public_key


def key(kind: str, *fields: bytes, called: str = "") -> str:
    """A key of a kind, which has these fields; called: its type, where that is another."""
    parts = (kind.encode(), *fields)
    whole = b"".join(len(part).to_bytes(4) + part for part in parts)
    return f"{called or kind} {base64.b64encode(whole).decode()}"


ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGzfQ2sT2Qy7y3q2fQJkz2fNfS2QpVvQm9w7c3dYx0aB"
KEYS = (
    ED25519,
    key("ssh-rsa", b"\x01\x00\x01", b"\x00" + b"n" * 384),
    key("ecdsa-sha2-nistp384", b"nistp384", b"\x04" + b"q" * 96),
    key("sk-ssh-ed25519@openssh.com", b"k" * 32, b"ssh:"),
    key("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", b"\x04" + b"q" * 64, b"ssh:"),
)


@pytest.mark.parametrize("line", KEYS)
def test_a_key_of_each_kind(line: str) -> None:
    assert is_public_key(line)
    assert is_public_key(f"{line} me@here, # 1")
    assert is_public_key(f"restrict,pty {line}")


@pytest.mark.parametrize(
    "line",
    [
        ED25519.replace(" ", "\t"),
        f"{ED25519}\tmy key: Schlüssel",
        f'command="x # y" {ED25519}',
        rf'command="echo \"a b\"",from="10.0.0.0/8" {ED25519}',
    ],
)
def test_what_sshd_reads(line: str) -> None:
    assert is_public_key(line)


@pytest.mark.parametrize(
    "line",
    [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2b",
        ED25519[:-4],
        f"{ED25519}AAAA",
        f"{ED25519}=",
        "ssh-ed25519",
        key("ssh-ed25519"),
        key("ssh-ed25519", b"k" * 32, b"k"),
        key("ssh-foo", b"k" * 32),
        key("ssh-rsä", b"e", b"n"),
        key("ssh-ed25519", b"k" * 32, called="ssh-rsa"),
        key("ssh-ed25519", b"k" * 32, b"n", called="ssh-rsa"),
        ED25519.replace(" ", ""),
        f'command="x {ED25519}',
        f"a b {ED25519}",
        f"{ED25519}\0",
        f"{ED25519} me\0",
        f"\0 {ED25519}",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "",
    ],
)
def test_what_sshd_does_not_read(line: str) -> None:
    assert not is_public_key(line)

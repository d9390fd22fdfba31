# SPDX-License-Identifier: GPL-3.0-or-later
"""What configure is told of the finished system."""

from pathlib import Path

import pytest

from ruckus_aux.runs.finished import CHECKS, summary
from ruckus_aux.settings.options import USUAL
from ruckus_aux.words.errors import RuckusError

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGzfQ2sT2Qy7y3q2fQJkz2fNfS2QpVvQm9w7c3dYx0aB me@here"
SHA512 = "$6$Qk3p7dZs$" + "a/.Z" * 21 + "bc"
YESCRYPT = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$" + "a" * 43


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, USUAL[name]) for name in CHECKS),
        *(("hostname", name) for name in ("clfs", "a-1.example.org")),
        *(("timezone", zone) for zone in ("Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+12", "EST5EDT")),
        *(("locale", locale) for locale in ("POSIX", "de_DE.UTF-8", "sr_RS.UTF-8@latin", "eo.UTF-8")),
        *(("user", name) for name in ("me", "a_b-1", "x" * 32)),
        *(("translations", languages) for languages in ("none", "de", "de,pt_BR,sr@latin")),
        *(("root_password_hash", text) for text in (SHA512, SHA512.replace("$6$", "$6$rounds=5000$"), YESCRYPT)),
    ],
)
def test_what_is_fine(name: str, value: str) -> None:
    assert CHECKS[name](value) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("hostname", name) for name in ("-a", "a b", "a..b", "a" * 65, "$(reboot)")),
        *(("timezone", zone) for zone in ("", "../etc/passwd", "/UTC", "Europe/", "Europe/Berlín", "UTC; reboot")),
        *(("locale", locale) for locale in ("", "german", "de_DE.UTF-8 ", "de_de.UTF-8", "de_DE")),
        *(("user", name) for name in ("Me", "1a", "a:b", "a b", "x" * 33, "../me", "root", "sshd", "nobody", "wheel")),
        *(("translations", languages) for languages in ("german", "de,", "de pt", "de,all", "../de")),
        *(("root_password_hash", text) for text in ("secret", "$1$a$bcd", SHA512[:-1], f"{SHA512}:", "y.bc")),
        ("root_password_hash", SHA512.replace("$6$", "$6$rounds=٣$")),
        ("authorized_key", "key.pub"),
        ("authorized_key", "/nowhere/key.pub"),
        *(("overlay", folder) for folder in ("mine", "/", "/usr", "/etc", "/proc/self/root", "/bin")),
    ],
)
def test_what_is_refused_with_a_way_out(name: str, value: str) -> None:
    with pytest.raises(RuckusError, match=f"--with-{name.replace('_', '-')}") as caught:
        CHECKS[name](value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("given", "who"),
    [
        ({}, "nobody: no password, no key"),
        ({"root_password_hash": SHA512}, "root (password at the console)"),
        ({"authorized_key": "/key.pub", "user": "me"}, "root (key), me (key)"),
        ({"root_password_hash": SHA512, "authorized_key": "/key.pub"}, "root (password at the console, key)"),
        (
            {"root_password_hash": SHA512, "user": "me"},
            "root (password at the console), me (once root sets a password)",
        ),
    ],
)
def test_who_may_log_in_is_said(given: dict[str, str], who: str) -> None:
    values = {**USUAL, "buildroot": "/b", "clfs_arch_string": "x86", **given}
    first = "finished system    /b/final: clfs-x86, C.UTF-8, UTC"
    assert list(summary(values)) == [first, f"may log in         {who}"]
    assert list(summary({**values, "overlay": "/mine"}))[2:] == ["laid over it       /mine"]


def test_what_may_be_a_password_is_not_repeated() -> None:
    with pytest.raises(RuckusError) as caught:
        CHECKS["root_password_hash"]("hunter2")
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_keys_are_public_ones(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f'# mine\n \t# and\n\n{KEY}\r\n\t{KEY}\nfrom="10.0.0.0/8" {KEY}')
    assert CHECKS["authorized_key"](str(path)) == str(path)
    wrong = {"# none": "it has no key", f"{KEY}\n-----BEGIN OPENSSH PRIVATE KEY-----\n": "line 2 is not"}
    for text, what in {**wrong, f"{KEY.removesuffix(' me@here')}\r{KEY}": "line 1 is not"}.items():
        path.write_text(text)
        with pytest.raises(RuckusError, match=what):
            CHECKS["authorized_key"](str(path))

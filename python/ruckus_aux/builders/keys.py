# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys by which builders are reached over ssh: one of the machine, and one of whoever logs in.

They are made once for a build directory, and are in its builder's folder, which nobody else may look into, and on the
disks of its machines; nowhere else.
"""

import os
from pathlib import Path

from ruckus_aux.host.trees import remove
from ruckus_aux.settings.settings import Settings

_KEYS = "keys"  # in a builder's folder; what it has:
USER_KEY, KNOWN_HOSTS = "user", "known_hosts"
_HOST_KEY, _HOME, _AUTHORIZED = "host", "home", "authorized_keys"
_TYPE = b"ssh-ed25519"


def ssh_name(arch: str) -> str:
    """What ssh knows the builder of an architecture by."""
    return f"builder-{arch}"


def has_ssh_server(settings: Settings) -> bool:
    """Whether a build directory's system can be reached over ssh, when it runs and has a network."""
    return Path(f"{settings.clfs}{settings.prefix_tools}/sbin/dropbear").exists()


def keys_of(folder: Path, arch: str) -> Path:
    """The folder of a builder's keys, which are made if there are none.

    Args:
        folder: The builder's.
        arch: Its architecture.
    """
    keys = folder / _KEYS
    if not keys.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        partial = folder / f"{_KEYS}.part"
        remove(partial)
        partial.mkdir(mode=0o700)
        _make_keys(partial, arch)
        partial.rename(keys)
    return keys


def _make_keys(keys: Path, arch: str) -> None:
    from cryptography.hazmat.primitives import serialization  # takes a while, and few need it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    def public(key: Ed25519PrivateKey) -> str:
        kinds = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        return key.public_key().public_bytes(*kinds).decode()

    user, host = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH
    _write(keys / USER_KEY, user.private_bytes(*kinds, serialization.NoEncryption()))
    # As dropbear keeps a key (ed25519.c in its source): its type, and both halves in one.
    halves = host.private_bytes_raw() + host.public_key().public_bytes_raw()
    _write(keys / _HOST_KEY, b"".join(len(part).to_bytes(4, "big") + part for part in (_TYPE, halves)))
    _write(keys / KNOWN_HOSTS, f"{ssh_name(arch)} {public(host)}\n".encode())
    (keys / _HOME).mkdir(mode=0o700)
    _write(keys / _HOME / _AUTHORIZED, f"{public(user)} ruckus\n".encode())


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)


def keys_on_disk(keys: Path) -> dict[str, Path]:
    """What a machine's disk has of the keys: files, and root's folder for them, by their paths in its system."""
    return {
        "etc/dropbear/dropbear_ed25519_host_key": keys / _HOST_KEY,
        "root/.ssh": keys / _HOME,
        f"root/.ssh/{_AUTHORIZED}": keys / _HOME / _AUTHORIZED,
    }


def identity_of_keys(keys: Path) -> bytes:
    """What tells a builder's keys from others, and is no secret."""
    return (keys / KNOWN_HOSTS).read_bytes() + (keys / _HOME / _AUTHORIZED).read_bytes()

# SPDX-License-Identifier: GPL-3.0-or-later
"""What configure is told of the finished system: its name, place and language, who may log in, and what lies over it.

Whether it has the time zone and the locale is known when these are built: see packages/base.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ruckus_aux.host.folders import absolute, leads_to
from ruckus_aux.recipes.given import check_laid_over, check_new_user
from ruckus_aux.runs.public_keys import is_public_key
from ruckus_aux.settings.options import OPTIONS
from ruckus_aux.words.architecture import ARCHITECTURES, merged_root
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import RESERVED, SRCDIR

_LONGEST_NAME = 64  # characters of a host's name, to Linux
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_ZONE = r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*)*"
_LOCALE = r"C|POSIX|(C|[a-z]{2,3}(_[A-Z]{2})?)\.[A-Za-z0-9-]+(@[a-z]+)?"
_LANGUAGE = r"(?!all\b)[a-z]{2,3}(_[A-Z]{2})?(@[a-z]+)?"
_LONGEST_USER = 32  # characters, to utmp(5)
_ETC = SRCDIR / "packages" / "base" / "etc"
_USER = f"[a-z][a-z0-9_-]{{0,{_LONGEST_USER - 1}}}"
_BASE64 = "[./A-Za-z0-9]"  # of crypt(5); what its methods print after $ID$: parameters, salt, $ and the hash itself
_HASHES = (
    rf"\$(y|gy)\${_BASE64}+\${_BASE64}{{1,86}}\${_BASE64}{{43}}",  # yescrypt
    rf"\$7\${_BASE64}{{11,97}}\${_BASE64}{{43}}",  # scrypt
    rf"\$2[aby]\$[0-9]{{2}}\${_BASE64}{{53}}",  # bcrypt
    rf"\$6\$(rounds=[0-9]+\$)?{_BASE64}{{1,16}}\${_BASE64}{{86}}",  # SHA-512
    rf"\$5\$(rounds=[0-9]+\$)?{_BASE64}{{1,16}}\${_BASE64}{{43}}",  # SHA-256
)


def _hostname(name: str) -> str:
    if name and (len(name) > _LONGEST_NAME or not re.fullmatch(rf"{_LABEL}(\.{_LABEL})*", name)):
        raise RuckusError(
            f"--with-hostname: '{name}' can't be a host's name",
            f"letters, digits, hyphens and dots, at most {_LONGEST_NAME}; for instance: --with-hostname=clfs",
        )
    return name


def _timezone(zone: str) -> str:
    if not re.fullmatch(_ZONE, zone):
        raise RuckusError(f"--with-timezone: '{zone}' is no time zone", "for instance: --with-timezone=Europe/Berlin")
    return zone


def _locale(locale: str) -> str:
    if not re.fullmatch(_LOCALE, locale):
        raise RuckusError(f"--with-locale: '{locale}' is no locale", "for instance: --with-locale=de_DE.UTF-8")
    return locale


def _translations(languages: str) -> str:
    if not re.fullmatch(rf"all|none|{_LANGUAGE}(,{_LANGUAGE})*", languages):
        raise RuckusError(
            f"--with-translations: '{languages}' is no list of languages", "all, none, or --with-translations=de,pt_BR"
        )
    return languages


def _password(text: str) -> str:
    """A hash; what is not one may be a password, and is not repeated."""
    if text and not any(re.fullmatch(pattern, text) for pattern in _HASHES):
        raise RuckusError(
            "--with-root-password-hash: that is not a hash as crypt(5) has them",
            "`openssl passwd -6` or `mkpasswd` makes one; its $ need single quotes: --with-root-password-hash='$6$...'",
        )
    return text


def _key_file(path: str) -> str:
    if not path:
        return ""
    file = Path(absolute("--with-authorized-key", path))
    if not file.is_file():
        raise RuckusError(f"--with-authorized-key: there is no file {file}", "ssh-keygen makes one: FILE.pub")
    lines = [line.strip(" \t\r") for line in file.read_bytes().decode(errors="replace").split("\n")]
    keys = {number: line for number, line in enumerate(lines, 1) if line and not line.startswith("#")}
    wrong = [number for number, line in keys.items() if not is_public_key(line)]
    if wrong or not keys:
        what = f"line {wrong[0]} is not a public key, or not a whole one" if wrong else "it has no key"
        raise RuckusError(f"--with-authorized-key: {file}: {what}", "it has to be a file as ssh-keygen's .pub")
    return str(file)


def _user(name: str) -> str:
    if name and not re.fullmatch(_USER, name):
        raise RuckusError(
            f"--with-user: '{name}' can't be a user's name",
            f"small letters, digits, - and _, at most {_LONGEST_USER}; for instance: --with-user=me",
        )
    if name:
        check_new_user("--with-user", name, _ETC / "passwd", _ETC / "group")
    return name


def _overlay(path: str) -> str:
    if not path:
        return ""
    folder = absolute("--with-overlay", path)
    if leads_to(folder, ("/", *RESERVED)):
        raise RuckusError(f"--with-overlay: '{folder}' belongs to the host", "choose a folder of its own")
    return folder


def check_overlay(folder: str, user: str) -> None:
    """Make sure that a folder can be laid over the finished system.

    Args:
        folder: An absolute path.
        user: Of --with-user; "" for nobody.

    Raises:
        RuckusError: It can't.
    """
    links = {name for arch in ARCHITECTURES.values() for name in merged_root(arch)}
    check_laid_over("--with-overlay", Path(folder), links, user)


# By the options' names in Python: each takes what was given, and returns what is so.
CHECKS: Mapping[str, Callable[[str], str]] = {
    "hostname": _hostname,
    "timezone": _timezone,
    "locale": _locale,
    "translations": _translations,
    "root_password_hash": _password,
    "authorized_key": _key_file,
    "user": _user,
    "overlay": _overlay,
}
_OTHERS = ("tests", "debug", "documentation")  # what else only the final profile has use for


def summary(values: Mapping[str, str]) -> Iterator[str]:
    """What configure says of the finished system, in the form of its other lines.

    Args:
        values: All, by the names of ruckus.conf.
    """
    hostname = values["hostname"] or f"clfs-{values['clfs_arch_string']}"
    yield f"finished system    {values['buildroot']}/final: {hostname}, {values['locale']}, {values['timezone']}"
    root = ["password at the console"] if values["root_password_hash"] else []
    root += ["key"] if values["authorized_key"] else []
    users = [f"root ({', '.join(root)})"] if root else []
    how = "key" if values["authorized_key"] else "once root sets a password"
    users += [f"{values['user']} ({how})"] if values["user"] else []
    yield f"may log in         {', '.join(users) or 'nobody: no password, no key'}"
    if values["overlay"]:
        yield f"laid over it       {values['overlay']}"


def without_effect(values: Mapping[str, str]) -> list[str]:
    """The options that change nothing but a finished system, as far as they were given.

    Args:
        values: All, by the names of ruckus.conf.
    """
    of_it = [option for option in OPTIONS if option.key in (*CHECKS, *_OTHERS)]
    return [option.usage.partition("=")[0] for option in of_it if values[option.key] != option.default]

# SPDX-License-Identifier: GPL-3.0-or-later

import fnmatch
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pytest_subprocess import FakeProcess

from ruckus_aux.host import root, sudo
from ruckus_aux.host.sudo import entries, refused, sudoers, verify_commands
from ruckus_aux.storage import commands
from ruckus_aux.words.errors import RuckusError

# As sudo 1.9.13 prints it.
LISTING = """Matching Defaults entries for guest on lab0:
    env_reset, mail_badpass, secure_path=/usr/sbin\\:/usr/bin, use_pty

User guest may run the following commands on lab0:

Sudoers entry:
    RunAsUsers: root
    Options: !authenticate
    Commands:
\t/usr/bin/umount /media/baby-i686
\t/usr/sbin/mkfs.xfs -m uuid\\=[0-9a-f][0-9a-f] /dev/vg00/*

Sudoers entry:
    RunAsUsers: root
    Commands:
\t/usr/bin/mount
\t/usr/bin/chown ^[0-9]+ /media/[a-z]+$
\t/usr/bin/id ""
"""
ASKING = ("sudo", "-n", "-k")
UMOUNT = ("/usr/bin/umount", "/media/baby-i686")
MOUNT = ("/usr/bin/mount", "/dev/sda1", "/mnt")


@pytest.fixture
def ordinary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name, path="": f"/usr/bin/{name}")
    monkeypatch.setattr(sudo, "user_name", lambda number: "guest")


def test_entries_match_as_sudoers_defines_it() -> None:
    free, asking = entries(LISTING)
    assert (free.password, asking.password) == (False, True)
    assert free.matches(UMOUNT)
    assert not free.matches((*UMOUNT, "--lazy"))
    assert free.matches(("/usr/sbin/mkfs.xfs", "-m", "uuid=a0", "/dev/vg00/x"))
    assert not free.matches(("/usr/sbin/mkfs.xfs", "-m", "uuid=xx", "/dev/vg00/x"))
    assert asking.matches(MOUNT), "without arguments in sudoers, any are allowed"
    assert asking.matches(("/usr/bin/chown", "10", "/media/x")) is None, "regular expressions are sudo's"
    assert asking.matches(("/usr/bin/id",))
    assert not asking.matches(("/usr/bin/id", "root"))


def test_nothing_is_asked_of_root(monkeypatch: pytest.MonkeyPatch, fp: FakeProcess) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    verify_commands([UMOUNT])
    assert len(fp.calls) == 0


@pytest.mark.parametrize("has_sudo", [True, False])
def test_a_build_that_needs_no_root_asks_sudo_nothing(
    has_sudo: bool, monkeypatch: pytest.MonkeyPatch, fp: FakeProcess
) -> None:
    """Also where there is no sudo, and where sudo would refuse this user everything."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name, path="": f"/usr/bin/{name}" if has_sudo else None)
    verify_commands([])
    assert len(fp.calls) == 0


def asked(fp: FakeProcess, command: tuple[str, ...], returncode: int = 0) -> None:
    fp.register([*ASKING, "-u", "root", "-l", *command], returncode=returncode)


@pytest.mark.usefixtures("ordinary")
def test_what_is_allowed_only_with_a_password_is_refused(fp: FakeProcess) -> None:
    """`sudo -n -l COMMAND` says yes to it (sudo 1.9.13)."""
    fp.register([*ASKING, "-ll"], stdout=LISTING)
    asked(fp, UMOUNT)
    asked(fp, MOUNT)
    asked(fp, ("/usr/sbin/lvs", "vg00"), returncode=1)
    assert refused([UMOUNT, MOUNT, ("/usr/sbin/lvs", "vg00")]) == [MOUNT, ("/usr/sbin/lvs", "vg00")]


@pytest.mark.usefixtures("ordinary")
def test_the_last_entry_that_matches_counts(fp: FakeProcess) -> None:
    everything = "\nSudoers entry:\n    RunAsUsers: ALL\n    Options: !authenticate\n    Commands:\n\tALL\n"
    fp.register([*ASKING, "-ll"], stdout=LISTING + everything)
    asked(fp, MOUNT)
    assert refused([MOUNT]) == []


@pytest.mark.parametrize(
    ("entry", "free"),
    [
        ("    RunAsUsers: root\n    Commands:\n\t/usr/bin/\n", False),
        (
            "    RunAsUsers: root\n    Commands:\n\tsha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdb1+NsQ== /usr/bin/mount\n",
            False,
        ),
        ("    RunAsUsers: root\n    Commands:\n\t^/usr/bin/(mount|umount)$\n", False),
        ("    RunAsUsers: www-data\n    Commands:\n\tALL\n", True),
        ("    RunAsUsers: www-data, root\n    Commands:\n\tALL\n", False),
    ],
)
@pytest.mark.usefixtures("ordinary")
def test_forms_of_entries_that_ask_for_a_password(fp: FakeProcess, entry: str, free: bool) -> None:
    everything = "\nSudoers entry:\n    RunAsUsers: ALL\n    Options: !authenticate\n    Commands:\n\tALL\n"
    fp.register(
        [*ASKING, "-ll"],
        stdout=LISTING.partition("\nSudoers")[0] + everything + f"\nSudoers entry:\n{entry}",
    )
    asked(fp, MOUNT)
    assert refused([MOUNT]) == ([] if free else [MOUNT])


ALL = "\nSudoers entry:\n    RunAsUsers: {}\n{}    Commands:\n\t{}\n"
FREE = "    Options: !authenticate\n"


@pytest.mark.parametrize(
    "more",
    [
        ALL.format("ALL, !root", FREE, "ALL"),
        ALL.format("%root", "    Options: authenticate\n", "ALL"),
        ALL.format("root", f"{FREE}    NotAfter: 20200101000000Z\n", "ALL"),
        ALL.format("root", f"{FREE}    Cwd: /tmp\n", "ALL"),
        ALL.format("root", FREE, "/usr/*"),  # no star stands for a slash
        ALL.format("root", FREE, "sha256:0000 /usr/bin/mount"),
        ALL.format("root", FREE, "^/USR/(?i).*$"),
        ALL.format("root", FREE, "/usr/bin/mount ^(?i)/DEV.*$"),
    ],
)
@pytest.mark.usefixtures("ordinary")
def test_what_cannot_be_told_is_a_no(fp: FakeProcess, more: str) -> None:
    """Each was seen to ask for a password (sudo 1.9.13), although a list of entries looks as if it would not."""
    fp.register([*ASKING, "-ll"], stdout=LISTING + more)
    asked(fp, MOUNT)
    assert refused([MOUNT]) == [MOUNT]


@pytest.mark.parametrize("pattern", ["/usr/bin/mo[[\\:alpha\\:]]nt", "/usr/bin/mount ^.*$", "sha224:00 /usr/bin/mount"])
@pytest.mark.usefixtures("ordinary")
def test_what_may_ask_for_a_password_does(fp: FakeProcess, pattern: str) -> None:
    stdout = LISTING + ALL.format("root", FREE, "ALL") + ALL.format("root", "", pattern)
    fp.register([*ASKING, "-ll"], stdout=stdout)
    asked(fp, MOUNT)
    assert refused([MOUNT]) == [MOUNT]


@pytest.mark.usefixtures("ordinary")
def test_a_command_for_which_defaults_ask_for_a_password(fp: FakeProcess) -> None:
    specific = "Runas and Command-specific defaults for guest:\n    Defaults!/usr/bin/mount authenticate\n\n"
    stdout = LISTING.replace("use_pty\n\n", f"!authenticate\n\n{specific}")
    fp.register([*ASKING, "-ll"], stdout=stdout)
    asked(fp, MOUNT)
    assert refused([MOUNT]) == [MOUNT]


@pytest.mark.usefixtures("ordinary")
def test_roles_of_a_directory_are_entries(fp: FakeProcess) -> None:
    stdout = (
        LISTING + ALL.format("ALL", FREE, "ALL") + ALL.format("ALL", "", "ALL").replace("Sudoers entry", "LDAP Role")
    )
    fp.register([*ASKING, "-ll"], stdout=stdout)
    asked(fp, MOUNT)
    assert refused([MOUNT]) == [MOUNT]


@pytest.mark.usefixtures("ordinary")
def test_defaults_for_one_command_are_not_for_all(fp: FakeProcess) -> None:
    specific = "\nRunas and Command-specific defaults for guest:\n    Defaults!/usr/bin/apt !authenticate\n"
    general, rest = LISTING.split("\n\n", 1)
    fp.register([*ASKING, "-ll"], stdout=f"{general}\n{specific}\n{rest}")
    asked(fp, MOUNT)
    assert refused([MOUNT]) == [MOUNT]


def test_root_may_ask_about_others(monkeypatch: pytest.MonkeyPatch, fp: FakeProcess) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda name, path="": f"/usr/bin/{name}")
    monkeypatch.setattr(sudo, "user_name", lambda number: "root")
    fp.register([*ASKING, "-U", "guest", "-ll"], stdout=LISTING)
    fp.register([*ASKING, "-U", "guest", "-u", "root", "-l", *MOUNT])
    assert refused([MOUNT], "guest") == [MOUNT]


@pytest.mark.usefixtures("ordinary")
def test_a_user_whom_sudo_never_asks(fp: FakeProcess) -> None:
    fp.register([*ASKING, "-ll"], stdout=LISTING.replace("use_pty", "!authenticate"))
    asked(fp, MOUNT)
    assert refused([MOUNT]) == []


@pytest.mark.usefixtures("ordinary")
def test_what_is_missing_is_named_with_the_way_out(fp: FakeProcess) -> None:
    fp.register([*ASKING, "-ll"], stdout="sudo: a password is required\n", returncode=1)
    with pytest.raises(RuckusError, match="guest run nothing without a password") as caught:
        verify_commands([UMOUNT], way_out="do this")
    assert caught.value.hint == "do this"
    fp.register([*ASKING, "-ll"], stdout=LISTING)
    asked(fp, MOUNT)
    with pytest.raises(RuckusError, match="does not let guest run") as caught:
        verify_commands([MOUNT])
    assert caught.value.hint.splitlines()[0] == shlex.join(MOUNT)


def test_without_sudo_it_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name, path="": None)
    with pytest.raises(RuckusError, match="sudo is not installed"):
        verify_commands([UMOUNT])


@pytest.mark.usefixtures("ordinary")
def test_a_fragment_of_sudoers(fp: FakeProcess) -> None:
    fp.register(["/usr/bin/visudo", "-c", "-f", fp.any()], occurrences=3)
    mkfs = ("/usr/sbin/mkfs.xfs", "-m", root.Shape("uuid=[0-9]", "uuid=1"), "/dev/a*")
    text = sudoers("guest", [UMOUNT, mkfs, UMOUNT])
    assert text.splitlines()[1:] == [
        "guest ALL=(root) NOPASSWD: \\",
        "    /usr/bin/umount /media/baby-i686, \\",
        "    /usr/sbin/mkfs.xfs -m uuid\\=[0-9] /dev/a\\*",
    ]
    for word in ("/media/my disk", 'a "b', '"a#b"', "it's", ""):
        with pytest.raises(RuckusError, match="sudoers can't name"):
            sudoers("guest", [("/usr/bin/umount", word)])
    extra = root.Shape('extra="run=[0-9] x"', 'extra="run=1 x"')
    assert sudoers("guest", [("/usr/sbin/xl", extra)]).splitlines()[2] == '    /usr/sbin/xl extra\\="run\\=[0-9]\\ x"'


def test_lines_that_sudo_has_broken() -> None:
    listing = (
        "\nUser guest may run\n\nSudoers entry:\n    RunAsUsers: root\n    Options: !authenticate\n    Commands:\n"
    )
    (entry,) = sudo.entries(f'{listing}\t/usr/sbin/xl create extra\\="console\\=hvc0\n        root\\=/dev/xvda1" x\n')
    assert entry.matches(("/usr/sbin/xl", "create", 'extra="console=hvc0 root=/dev/xvda1"', "x"))
    assert not entry.matches(("/usr/sbin/xl", "create", 'extra="console=hvc0 root=/dev/sda"', "x"))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), st.text(min_size=1))
def test_an_escaped_word_stands_for_itself_and_nothing_else(word: str, other: str) -> None:
    assume(not set("\"'#") & set(word) and word != other)
    pattern = re.sub(r"\\([,:=])", r"\1", sudo._escaped(word))  # sudo takes these away when it reads the file
    glob = re.sub(r"\\(.)", lambda match: f"[{match[1]}]" if match[1] != "!" else "!", pattern)
    assert fnmatch.fnmatchcase(word, glob)
    assert not fnmatch.fnmatchcase(other, glob)


def test_the_shape_of_a_uuid() -> None:
    pattern = str(commands.UUID)
    assert "*" not in pattern
    assert fnmatch.fnmatchcase(commands.UUID.sample, pattern)


class There:
    """Another machine, on which a user may list domains and no more."""

    name, by_root = "dom0", False

    def run(self, words: Sequence[str], *, text: bytes = b"", limit: float = 0.0) -> tuple[int, str]:
        match [word for word in words if word not in ("sudo", "-n", "-k", "-u", "root")]:
            case ["id", "-un"]:
                return 0, "guest\n"
            case ["-ll"]:
                head = "\nSudoers entry:\n    RunAsUsers: root\n    Options: !authenticate\n    Commands:\n"
                return 0, f"{head}\t/sbin/xl list -v\n"
            case ["-l", *command]:
                return (0, "") if command == ["/usr/sbin/xl", "list", "-v"] else (1, "")
        raise AssertionError(words)

    def same_file(self, path: str, other: str) -> bool:
        return Path(path).name == Path(other).name

    def program(self, name: str) -> str:
        return f"/usr/sbin/{name}"

    def pipe(
        self, words: Sequence[str], *, source: BinaryIO | None = None, target: BinaryIO, limit: float = 0.0
    ) -> tuple[int, str]:
        raise AssertionError(words)


def test_rights_on_another_machine() -> None:
    allowed, other = ("/usr/sbin/xl", "list", "-v"), ("/usr/sbin/xl", "info")
    verify_commands([allowed], host=There())
    with pytest.raises(RuckusError, match="sudo on dom0 does not let this user run") as caught:
        verify_commands([allowed, other], way_out="install it", host=There())
    assert caught.value.hint == "/usr/sbin/xl info\ninstall it"

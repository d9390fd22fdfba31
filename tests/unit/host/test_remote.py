# SPDX-License-Identifier: GPL-3.0-or-later

import errno
import os
import socket
import sys
from pathlib import Path

import paramiko
import pytest
from paramiko.auth_strategy import AuthFailure, SourceResult
from paramiko.ssh_exception import NoValidConnectionsError
from pytest_subprocess import FakeProcess

from ruckus_aux.host import ssh
from ruckus_aux.host.hosts import Unreachable
from ruckus_aux.host.remote import Remote
from ruckus_aux.host.root import Root, Rooted, as_command
from ruckus_aux.settings.journal import Journal
from ruckus_aux.words.errors import RuckusError


class There(Remote):
    """Another machine whose answers are known."""

    by_root = False

    def __init__(self, status: int, output: str) -> None:
        super().__init__("dom0")
        self.answer = status, output
        self.asked: list[list[str]] = []

    def _do(self, words, source, target, limit, *, together):  # type: ignore[no-untyped-def]
        self.asked.append(list(words))
        target.write(self.answer[1].encode())
        return self.answer[0], ""


def test_root_there_is_asked_for_there_and_named_in_the_journal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = There(1, "sudo: a password is required\n")
    access = Root(Journal(tmp_path / "journal.sqlite"), "run", host=there)
    with pytest.raises(
        RuckusError, match=r"^dom0: 'sudo -n -u root /sbin/xl list' failed with exit status 1$"
    ) as caught:
        access.ask(("/sbin/xl", "list"))
    assert "invoke verify-sudo" in caught.value.hint
    assert there.asked == [["sudo", "-n", "-u", "root", "/sbin/xl", "list"]]
    assert [row.command for row in access.journal.rows(Rooted)] == ["dom0: /sbin/xl list"]
    Root(access.journal, "run", host=there, dry=True).run(("/sbin/xl", "destroy", "a b"))
    assert capsys.readouterr().out == "dom0: sudo -n -u root /sbin/xl destroy 'a b'\n"


def test_roots_programs_are_looked_for_where_they_run() -> None:
    there = There(0, "/usr/sbin/xl\n")
    assert as_command("xl", "list", at=there) == ("/usr/sbin/xl", "list")
    assert as_command("xl", "info", at=there) == ("/usr/sbin/xl", "info")
    assert len(there.asked) == 1
    with pytest.raises(RuckusError, match=r"xl: not found in /usr/sbin:.* on dom0") as caught:
        as_command("xl", "list", at=There(127, ""))
    assert caught.value.hint == "install it there: apt-get install xen-system-amd64"


def unable(number: int) -> NoValidConnectionsError:
    return NoValidConnectionsError({("10.0.0.1", 22): OSError(number, os.strerror(number))})


class Result(list[SourceResult]):
    """Of a login: what each key came to."""


@pytest.mark.parametrize(
    ("raised", "kind", "message"),
    [
        (socket.gaierror(-2, "Name or service not known"), RuckusError, "no such host: Name or service not known"),
        (unable(errno.ECONNREFUSED), Unreachable, "connection refused: nothing listens there"),
        (unable(errno.EHOSTUNREACH), Unreachable, "no way leads there: No route to host"),
        (unable(errno.ENETUNREACH), Unreachable, "no way leads there: Network is unreachable"),
        (TimeoutError(), Unreachable, "no answer within 10 s"),
        (paramiko.ChannelException(2, "Connect failed"), Unreachable, "it refuses to .* lead further: Connect failed"),
        (paramiko.SSHException("Timeout opening channel."), Unreachable, "has not started a command for 15 s"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), Unreachable, "the connection was lost: .*reset"),
        (EOFError(), Unreachable, "the connection was lost: EOFError"),
        (AuthFailure(Result()), RuckusError, "accepts none of this user's keys"),
        (AuthFailure(Result([SourceResult("key", EOFError())])), Unreachable, "was lost during the login"),
    ],
    ids=lambda value: "" if isinstance(value, type) else str(value)[:30],
)
def test_each_failure_has_its_own_text(raised: Exception, kind: type[RuckusError], message: str) -> None:
    with pytest.raises(RuckusError, match=message) as caught, ssh.in_our_words("dom0", []):
        raise raised
    assert type(caught.value) is kind
    assert "dom0" in caught.value.message
    assert caught.value.hint


def test_attempts_to_connect_become_rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    now, attempts = 0.0, []

    def connect(name: str, **_: object) -> None:
        attempts.append(now)
        raise Unreachable(f"{name}: gone")

    monkeypatch.setattr(ssh, "connect", connect)
    dom0 = Remote("dom0", clock=lambda: now)
    for second in range(300):
        now = float(second)
        with pytest.raises(Unreachable, match="dom0: gone"):
            dom0.run(["true"])
    assert attempts == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]


def test_what_ssh_says_of_a_machine(fp: FakeProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    listing = "user me\nhostname 10.0.0.1\nport 2222\nidentityfile ~/my keys/%h\nidentityfile ~/.ssh/id_rsa\n"
    listing += "userknownhostsfile ~/.ssh/known_hosts /tmp/%n.%p.%r\nproxycommand none\n"
    fp.register(["ssh", "-G", "-p", "2222", "--", "me@dom0"], stdout=f"Pseudo-terminal will not be ...\n{listing}")
    found = ssh._Destination.resolved("me@dom0:2222")
    assert found.known_as == "[10.0.0.1]:2222"
    assert found.files("identityfile") == ["/home/me/my keys/10.0.0.1", "/home/me/.ssh/id_rsa"]
    assert found.files("userknownhostsfile") == ["/home/me/.ssh/known_hosts", "/tmp/me@dom0:2222.2222.me"]
    assert (found.word("proxycommand"), found.word("proxyjump")) == ("", "")


def test_without_ssh_there_is_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(RuckusError, match="ssh: command not found") as caught:
        ssh.connect("dom0")
    assert caught.value.hint == "install it: apt-get install openssh-client"


def test_nothing_of_fabric_is_imported_before_it_is_needed(fp: FakeProcess) -> None:
    fp.allow_unregistered(True)
    import subprocess

    code = "import sys, ruckus_aux.host.remote, ruckus_aux.entry.cli; print('paramiko' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on another machine: with a real sshd on loopback, as root and as any other user."""

import hashlib
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from support import sshd
from support.sshd import Sshd, make_key, write_ssh

from ruckus_aux.host import ssh
from ruckus_aux.host.hosts import Host, Unreachable
from ruckus_aux.host.remote import Remote
from ruckus_aux.host.root import HERE, Root
from ruckus_aux.settings.journal import Journal
from ruckus_aux.words.errors import RuckusError

pytestmark = pytest.mark.skipif(not sshd.PROGRAM, reason="needs sshd")

JUMP = "Host inner\n  HostName 127.0.0.1\n  Port {port}\n  User {user}\n  ProxyJump dom0\n"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sshd]:
    """An sshd that this process knows as dom0."""
    with sshd.running(tmp_path / "sshd") as server:
        use(monkeypatch, server.folder, server.ssh_config())
        yield server


def use(monkeypatch: pytest.MonkeyPatch, folder: Path, config: str) -> None:
    """Let `ssh` have this configuration."""
    monkeypatch.setenv("PATH", str(write_ssh(folder, config)), prepend=":")
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
def dom0(server: Sshd) -> Iterator[Remote]:
    remote = Remote("dom0")
    yield remote
    remote.close()


@pytest.fixture(params=["here", "there"])
def either(request: pytest.FixtureRequest) -> Host:
    """This machine, and another: what is above must not see a difference."""
    return HERE if request.param == "here" else request.getfixturevalue("dom0")


def test_words_arrive_as_they_are_and_status_and_output_come_back(either: Host) -> None:
    words = ["a  b", "$HOME", "it's; exit 1", "*", "", "\\n"]
    assert either.run(["printf", "%s|", *words]) == (0, "|".join([*words, ""]))
    assert either.run(["sh", "-c", "echo to stderr >&2; echo $LC_ALL; exit 7"]) == (7, "to stderr\nC\n")
    assert either.run(["cat"]) == (0, "")  # nobody waits for an input
    assert either.run(["wc", "-c"], text=b"\0\xff\n")[1].strip() == "3"
    assert either.by_root == (os.geteuid() == 0)


def test_programs_and_files(either: Host, tmp_path: Path) -> None:
    assert os.access(either.program("sh"), os.X_OK)
    with pytest.raises(RuckusError, match=r"xl-of-mine: not found in /usr/sbin.*"):
        either.program("xl-of-mine")
    (tmp_path / "link").symlink_to("/etc")
    assert either.same_file(str(tmp_path / "link"), "/etc")
    assert not either.same_file(str(tmp_path / "no"), str(tmp_path / "nothing"))


def test_data_is_the_same_in_both_directions(either: Host, tmp_path: Path) -> None:
    data = os.urandom(20 << 20)
    (tmp_path / "data").write_bytes(data)
    with (tmp_path / "data").open("rb") as source, tempfile.TemporaryFile() as target:
        assert either.pipe(["sh", "-c", f"cat >{tmp_path}/copy; echo whole >&2"], source=source, target=target) == (
            0,
            "whole\n",
        )
        assert hashlib.file_digest((tmp_path / "copy").open("rb"), "sha256").digest() == hashlib.sha256(data).digest()
        assert either.pipe(["cat", f"{tmp_path}/copy"], target=target) == (0, "")
        target.seek(0)
        assert target.read() == data


def test_who_reads_no_further_says_why(either: Host, tmp_path: Path) -> None:
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        source.write(bytes(8 << 20))
        source.seek(0)
        words = ["sh", "-c", "exec <&-; echo no space >&2; exit 3"]
        assert either.pipe(words, source=source, target=target) == (3, "no space\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_disk_that_is_full_here_is_not_the_connections_fault(dom0: Remote) -> None:
    with open("/dev/full", "wb", buffering=0) as target, pytest.raises(RuckusError, match="No space") as caught:
        dom0.pipe(["echo", "something"], target=target)
    assert not isinstance(caught.value, Unreachable)
    assert dom0.run(["echo", "again"]) == (0, "again\n")


def test_silence_is_not_waited_for(either: Host) -> None:
    with pytest.raises(Unreachable, match=r"'sleep 60' .*was silent for 1 s"):
        either.run(["sleep", "60"], limit=1)
    with tempfile.TemporaryFile() as target, pytest.raises(Unreachable, match="silent for 1 s"):
        either.pipe(["sh", "-c", "echo a; sleep 60"], target=target, limit=1)
    assert either.run(["echo", "again"]) == (0, "again\n")


def test_a_signal_and_a_lost_connection_are_told_apart(server: Sshd, dom0: Remote) -> None:
    with pytest.raises(RuckusError, match="on dom0 was ended by a signal") as caught:
        dom0.run(["sh", "-c", "kill -9 $$"])
    assert not isinstance(caught.value, Unreachable)
    with pytest.raises(Unreachable, match="connection was lost") as lost:
        dom0.run(
            ["sh", "-c", f"trap '' HUP; kill -9 $PPID {' '.join(str(one.pid) for one in server.sessions)}; sleep 9"]
        )
    assert "may still run there" in lost.value.hint
    assert dom0.run(["echo", "again"]) == (0, "again\n")


def test_an_idle_connection_that_was_lost_is_made_again(server: Sshd, dom0: Remote) -> None:
    assert dom0.run(["true"])[0] == 0
    server.signal(signal.SIGKILL)
    psutil.wait_procs(server.sessions, timeout=60)
    with suppress(Unreachable):  # the kernel may not have told us yet
        dom0.run(["true"])
    assert dom0.run(["echo", "again"]) == (0, "again\n")


def test_a_server_that_stands_still_is_given_up(server: Sshd, dom0: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "_CHANNEL", 2.0)
    assert dom0.run(["true"])[0] == 0
    server.signal(signal.SIGSTOP)
    with pytest.raises(Unreachable, match="has not started a command for"):
        dom0.run(["true"])
    assert dom0.run(["echo", "again"]) == (0, "again\n")  # the one that listens was not stopped


def test_threads_share_one_connection(server: Sshd, dom0: Remote) -> None:
    outputs: list[str] = []
    threads = [threading.Thread(target=lambda: outputs.append(dom0.run(["echo", "one"])[1])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == ["one\n"] * 6
    assert (server.folder / "log").read_text().count("Accepted publickey") == 1


def test_a_machine_that_is_gone_and_back(server: Sshd) -> None:
    now = 0.0
    dom0 = Remote("dom0", clock=lambda: now)
    assert dom0.run(["true"])[0] == 0
    server.stop()
    with suppress(Unreachable):
        dom0.run(["true"])
    for _ in range(2):  # the second time, it is not even tried
        with pytest.raises(Unreachable, match="dom0: connection refused") as caught:
            dom0.run(["true"])
    assert caught.value.hint == "try it by hand: ssh -o BatchMode=yes dom0 true"
    server.start()
    now += 1.5
    assert dom0.run(["echo", "again"]) == (0, "again\n")
    dom0.close()


def refused(host: str = "dom0") -> RuckusError:
    """The error with which a machine is not reached, for good."""
    with pytest.raises(RuckusError) as caught:
        Remote(host).run(["true"])
    assert not isinstance(caught.value, Unreachable)
    return caught.value


def test_a_key_that_nobody_has_confirmed(server: Sshd) -> None:
    server.known_hosts.write_text("")
    error = refused()
    fingerprint = subprocess.run(
        ["ssh-keygen", "-l", "-f", server.folder / "host_key.pub"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    assert error.message == f"dom0: its host key is not known yet: ssh-ed25519, {fingerprint}"
    assert error.hint.endswith("say yes if it is the same: ssh dom0 true")
    assert server.known_hosts.read_text() == ""


def test_a_key_that_has_changed(server: Sshd) -> None:
    server.stop()
    make_key(server.folder / "host_key")
    server.start()
    error = refused()
    assert error.message.startswith(
        f"dom0: its host key is not the one that {server.known_hosts} has, but ssh-ed25519, "
    )
    forget = next(line for line in error.hint.splitlines() if line.startswith("ssh-keygen -R"))
    subprocess.run(["sh", "-c", forget], check=True, capture_output=True)
    assert "is not known yet" in refused().message  # the way out leads there
    server.know()
    assert Remote("dom0").run(["true"])[0] == 0


def test_a_key_that_was_revoked(server: Sshd) -> None:
    server.known_hosts.write_text(f"{server.known_hosts.read_text()}@revoked {server.known_hosts.read_text()}")
    assert refused().message.startswith("dom0 shows a host key that is revoked: ssh-ed25519, SHA256:")


def test_known_hosts_that_are_hashed_have_wildcards_or_other_types(server: Sshd) -> None:
    key = " ".join((server.folder / "host_key.pub").read_text().split()[:2])
    make_key(server.folder / "other")
    other = " ".join((server.folder / "other.pub").read_text().split()[:2])
    server.known_hosts.write_text(
        f"@cert-authority * {other}\n[127.0.0.*]:{server.port} {other}\n[127.0.0.*]:{server.port} {key}\n"
    )
    assert Remote("dom0").run(["true"])[0] == 0
    server.know()
    subprocess.run(["ssh-keygen", "-H", "-f", server.known_hosts], check=True, capture_output=True)
    assert str(server.port) not in server.known_hosts.read_text()
    assert Remote("dom0").run(["true"])[0] == 0
    make_key(server.folder / "ecdsa", "ecdsa")
    server.known_hosts.write_text(f"[127.0.0.1]:{server.port} {(server.folder / 'ecdsa.pub').read_text()}")
    assert "its host keys are of other types than the known one" in refused().message


def test_a_known_key_of_a_type_that_is_not_the_servers_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_key(tmp_path / "rsa_key", "rsa")
    with sshd.running(tmp_path / "sshd", more=f"HostKey {tmp_path}/rsa_key") as server:
        server.known_hosts.write_text(f"[127.0.0.1]:{server.port} {(tmp_path / 'rsa_key.pub').read_text()}")
        use(monkeypatch, server.folder, server.ssh_config())
        assert Remote("dom0").run(["true"])[0] == 0


def test_every_machine_on_the_way_is_verified(server: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = f"{JUMP.format(port=server.port, user=server.user)}  IdentityFile {server.folder}/user_key\n"
    use(monkeypatch, server.folder, f"{server.ssh_config()}{inner}  UserKnownHostsFile {server.known_hosts}\n")
    assert Remote("inner").run(["echo", "two hops"]) == (0, "two hops\n")
    use(monkeypatch, server.folder, f"{server.ssh_config()}{inner}  UserKnownHostsFile {server.folder}/none\n")
    assert refused("inner").message.startswith("inner: its host key is not known yet")
    jump = server.ssh_config().replace(str(server.known_hosts), f"{server.folder}/none")
    use(monkeypatch, server.folder, f"{jump}{inner}  UserKnownHostsFile {server.known_hosts}\n")
    assert refused("inner").message.startswith("dom0: its host key is not known yet")
    use(monkeypatch, server.folder, f"Include {server.folder}/more\nHost dom0\n  ProxyJump dom0\n")
    (server.folder / "more").write_text(server.ssh_config())
    assert "more than 8 machines on the way" in refused().message


def test_a_proxy_command(server: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    program = server.folder / "bin" / "proxy"
    program.write_text(
        "#!/usr/bin/env python3\nimport os, socket, sys, threading\n"
        "there = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def copy(read, write):\n    while block := read(65536):\n        write(block)\n"
        "threading.Thread(target=copy, args=(lambda n: os.read(0, n), there.sendall), daemon=True).start()\n"
        "copy(there.recv, lambda block: os.write(1, block))\n"
    )
    program.chmod(0o755)
    use(monkeypatch, server.folder, f"{server.ssh_config()}  ProxyCommand {program} %h %p\n")
    assert Remote("dom0").run(["echo", "by proxy"]) == (0, "by proxy\n")


def test_a_user_who_is_not_let_in(server: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    make_key(server.folder / "other")
    config = server.ssh_config().replace("user_key", "other")
    use(monkeypatch, server.folder, config)
    error = refused()
    assert error.message == "dom0 accepts none of this user's keys"
    assert error.hint == "this has to work without a password: ssh -o BatchMode=yes dom0 true"
    use(monkeypatch, server.folder, config.replace("/other", "/missing"))
    assert f"{server.folder}/missing is missing, which ssh's configuration names" in refused().hint
    make_key(server.folder / "locked", passphrase="secret")
    use(monkeypatch, server.folder, config.replace("/other", "/locked"))
    assert f"{server.folder}/locked needs its passphrase: ssh-add {server.folder}/locked" in refused().hint


def test_keys_of_the_agent(server: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    make_key(server.folder / "other")
    config = f"{server.ssh_config().replace('user_key', 'other')}  IdentityAgent SSH_AUTH_SOCK\n"
    with agent(server.folder / "agent", server.folder / "user_key") as variable:
        use(monkeypatch, server.folder, config)
        monkeypatch.setenv("SSH_AUTH_SOCK", variable)
        assert Remote("dom0").run(["true"])[0] == 0
        use(monkeypatch, server.folder, f"{config}  IdentitiesOnly yes\n")
        monkeypatch.setenv("SSH_AUTH_SOCK", variable)
        assert refused().message == "dom0 accepts none of this user's keys"


@contextmanager
def agent(address: Path, key: Path) -> Iterator[str]:
    """An ssh-agent with a key."""
    process = subprocess.Popen(["ssh-agent", "-D", "-a", address], stdout=subprocess.DEVNULL)
    try:
        environment = {**os.environ, "SSH_AUTH_SOCK": str(address)}
        while subprocess.run(["ssh-add", "-q", key], env=environment, capture_output=True, check=False).returncode:
            assert process.poll() is None
        yield str(address)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("says", "error"),
    [(b"HTTP/1.1 400 no\r\n\r\n" * 99, "is not ssh"), (b"", "says nothing for 1 s")],
    ids=["http", "silence"],
)
def test_what_answers_is_no_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: bytes, error: str) -> None:
    monkeypatch.setattr(ssh, "CONNECT", 1)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            other, _ = listening.accept()
            other.sendall(says)
            with suppress(OSError):
                other.recv(99)
                other.recv(99)

        threading.Thread(target=serve, daemon=True).start()
        use(monkeypatch, tmp_path, f"Host dom0\n  HostName 127.0.0.1\n  Port {listening.getsockname()[1]}\n")
        with pytest.raises(Unreachable, match=error):
            Remote("dom0").run(["true"])


def test_names_that_ssh_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path, "")
    for name in ("-oProxyCommand=touch /tmp/x", "a b", "a;b"):
        assert refused(name).message.startswith(f"ssh can't make anything of '{name}'")
    use(monkeypatch, tmp_path, "Host x\n  NoSuchOption yes\n")
    assert "Bad configuration option: nosuchoption" in refused("x").message


def test_sudo_that_asks_for_a_password_is_an_error_with_a_way_out(
    server: Sshd, dom0: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dom0._by_root = False
    access = Root(Journal(tmp_path / "journal.sqlite"), "run", host=dom0)
    sudo = server.folder / "bin" / "sudo"
    sudo.write_text("#!/bin/sh\necho sudo: a password is required\nexit 1\n")
    sudo.chmod(0o755)
    monkeypatch.setattr(
        dom0, "_do", lambda words, *rest, **more: Remote._do(dom0, [str(sudo), *words[1:]], *rest, **more)
    )
    with pytest.raises(RuckusError, match="dom0: 'sudo -n -u root /sbin/xl list' failed with exit status 1") as caught:
        access.ask(("/sbin/xl", "list"))
    assert "invoke verify-sudo" in caught.value.hint

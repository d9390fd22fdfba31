# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect to another machine with Fabric as `ssh` itself would, whose configuration of this user decides everything.

Fabric alone takes any host key for the right one, a changed one as well, and reads ssh's configuration in its own way.
So `ssh -G` says what that configuration comes to, `ssh-keygen -F` which keys are known, and Fabric is told the result,
for the machine itself and for each one on the way to it. Nobody is asked for a password.

Fabric and paramiko take a fifth of a second to import: only host/remote.py imports this module, when it connects.
"""

import errno
import logging
import os
import re
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import paramiko
from fabric import Config, Connection
from paramiko.auth_strategy import AuthSource, AuthStrategy, InMemoryPrivateKey

from ruckus_aux.host.commands import run
from ruckus_aux.host.hosts import Unreachable
from ruckus_aux.words.errors import RuckusError

CONNECT = 10.0  # seconds for the connection and the exchange of keys
_BANNER = 15.0  # seconds for the server's first line; more than the above, so that silence is told from nonsense
_LOGIN = 30.0  # seconds until the user's key is accepted
_CHANNEL = 15.0  # seconds until a command can be started: paramiko would wait for an hour
_UNACKNOWLEDGED = 60_000  # milliseconds after which the kernel gives up a connection whose other end says nothing
_MOST_HOPS = 8
_DEFAULT_KEY = re.compile(r".*/\.ssh/id_[a-z0-9_]+")  # which ssh tries if it is there

logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # it logs what it also raises


@dataclass(frozen=True)
class _Destination:
    """A machine, as ssh's configuration describes it: each word that `ssh -G` prints, in small letters, and its values.

    name: as the user calls it.
    config: a configuration in place of the user's, if there is one.
    """

    name: str
    words: Mapping[str, list[str]]
    config: Path | None = None

    @classmethod
    def resolved(cls, name: str, config: Path | None = None) -> "_Destination":
        """Ask ssh.

        Args:
            name: May be [USER@]HOST[:PORT] or ssh://..., as a ProxyJump is.
            config: A configuration in place of the user's.
        """
        if shutil.which("ssh") is None:
            raise RuckusError("ssh: command not found", "install it: apt-get install openssh-client")
        host, port = name, ""
        if (match := re.fullmatch(r"((?:[^@]*@)?(?:\[[^]]+\]|[^:]+)):(\d+)", name)) and "://" not in name:
            host, port = match.groups()
        words: dict[str, list[str]] = {}
        options = [*(["-p", port] if port else []), *_instead(config)]
        status, listing = run(["ssh", "-G", *options, "--", host], check=False)
        if status != 0:
            raise RuckusError(
                f"ssh can't make anything of '{name}': {listing.strip()}", f"try it by hand: ssh {shlex.quote(name)}"
            )
        for line in listing.splitlines():
            key, _, value = line.partition(" ")
            words.setdefault(key, []).append(value)
        return cls(name, words, config)

    def word(self, key: str) -> str:
        """The first value of a word; "" without any, or for ssh's "none"."""
        value = self.words.get(key, [""])[0]
        return "" if value == "none" else value

    @property
    def port(self) -> int:
        return int(self.word("port"))

    @property
    def known_as(self) -> str:
        """The name that its keys have in known_hosts."""
        host = self.word("hostkeyalias") or self.word("hostname")
        return host if self.port == 22 or self.word("hostkeyalias") else f"[{host}]:{self.port}"

    def files(self, key: str) -> list[str]:
        """The files that a word names."""
        lines = self.words.get(key, [])
        names = lines if key == "identityfile" else [name for line in lines for name in line.split()]
        return [os.path.expanduser(self.filled(name)) for name in names]

    def filled(self, text: str) -> str:
        """A text with ssh's own abbreviations written out (TOKENS in ssh_config(5))."""
        values = {"d": os.path.expanduser("~"), "h": self.word("hostname"), "p": str(self.port), "%": "%"}
        values |= {"n": self.name, "r": self.word("user"), "k": self.word("hostkeyalias") or self.name}
        return re.sub("%(.)", lambda match: values.get(match[1], match[0]), text)


class _KnownKeys(paramiko.MissingHostKeyPolicy):  # type: ignore[misc] # paramiko has no types
    """Accepts the host keys in known_hosts files and no others."""

    def __init__(self, destination: _Destination) -> None:
        self._at = destination
        self._where = ""
        self.keys: list[tuple[str, str]] = []  # type, and base64
        self.revoked: list[tuple[str, str]] = []
        for file in (*destination.files("userknownhostsfile"), *destination.files("globalknownhostsfile")):
            if os.path.exists(file):
                self._read(file)

    def _read(self, file: str) -> None:
        _, listing = run(["ssh-keygen", "-F", self._at.known_as, "-f", file], check=False)
        for line in listing.splitlines():
            marker, _, rest = line.partition(" ") if line.startswith("@") else ("", "", line)
            _, kind, key, *_ = (*rest.split(), "", "", "")
            if line.startswith("#") or not key:
                continue
            if marker == "@revoked":
                self.revoked.append((kind, key))
            elif not marker:  # certificates of hosts (@cert-authority) are unknown to paramiko
                self.keys.append((kind, key))
                self._where = self._where or file

    @property
    def unwanted(self) -> list[str]:
        """The types of keys that it must not show: those that are not known, if any are."""
        known = {kind for kind, _ in self.keys}
        types = paramiko.Transport._preferred_keys
        return [kind for kind in types if known and kind not in known and not ("ssh-rsa" in known and "rsa" in kind)]

    def missing_host_key(self, client: object, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002
        """Whatever key is shown: paramiko itself knows none."""
        shown = (key.get_name(), key.get_base64())
        if shown in self.keys and shown not in self.revoked:
            return
        name, log_in = self._at.name, _by_hand(self._at.name, self._at.config)
        what = f"{key.get_name()}, {key.fingerprint}"
        by_hand = f"ask there which is right: ssh-keygen -l -f /etc/ssh/ssh_host_{key.get_name().split('-')[1]}_key.pub"
        if shown in self.revoked:
            raise RuckusError(f"{name} shows a host key that is revoked: {what}", "somebody may be in between")
        if not self.keys:
            raise RuckusError(
                f"{name}: its host key is not known yet: {what}",
                f"{by_hand}\nthen log in once, and say yes if it is the same: {log_in}",
            )
        forget = shlex.join(["ssh-keygen", "-R", self._at.known_as, "-f", self._where])
        raise RuckusError(
            f"{name}: its host key is not the one that {self._where} has, but {what}",
            f"somebody may be in between; if it was changed on purpose ({by_hand}):\n{forget}\n{log_in}",
        )


class _UserKeys(AuthStrategy):  # type: ignore[misc]
    """The user's keys: those of ssh's configuration, then those of the agent."""

    def __init__(self, destination: _Destination) -> None:
        super().__init__(ssh_config=None)
        self._at = destination
        self._files = destination.files("identityfile")
        self.trouble: list[str] = []  # why keys could not be tried

    def get_sources(self) -> Iterator[AuthSource]:
        """Yield what is tried."""
        user = self._at.word("user")
        for path in self._files:
            if (key := self._key(path)) is not None:
                yield InMemoryPrivateKey(user, key)
        if "none" in self._at.words.get("identityagent", ()):
            return
        for key in paramiko.Agent().get_keys():
            if self._at.word("identitiesonly") != "yes" or self._is_of_files(key.get_base64()):
                yield InMemoryPrivateKey(user, key)

    def _key(self, path: str) -> paramiko.PKey | None:
        try:
            return paramiko.PKey.from_path(path)
        except FileNotFoundError:
            if not _DEFAULT_KEY.fullmatch(path):
                self.trouble.append(f"{path} is missing, which ssh's configuration names")
        except (TypeError, paramiko.PasswordRequiredException):
            self.trouble.append(f"{path} needs its passphrase: ssh-add {shlex.quote(path)}")
        except (OSError, ValueError, paramiko.SSHException, paramiko.UnknownKeyType) as error:
            self.trouble.append(f"{path}: {error}")
        return None

    def _is_of_files(self, key: str) -> bool:
        for path in self._files:
            with suppress(OSError), open(path if path.endswith(".pub") else f"{path}.pub") as file:
                if key in file.read().split():
                    return True
        return False


def _instead(config: Path | None) -> list[str]:
    """The words for a configuration in place of the user's."""
    return ["-F", str(config)] if config else []


def connect(name: str, depth: int = 0, config: Path | None = None) -> Connection:
    """Connect to a machine.

    Args:
        name: As ssh's configuration or the network knows it; [USER@]HOST[:PORT].
        depth: How many machines were on the way so far.
        config: A configuration in place of the user's.

    Raises:
        Unreachable: It does not answer.
        RuckusError: It may not be trusted, or does not trust us, or there is no such machine.
    """
    destination = _Destination.resolved(name, config)
    if depth > _MOST_HOPS:
        raise RuckusError(f"{name}: more than {_MOST_HOPS} machines on the way", "see ProxyJump in: ssh -G " + name)
    gateway: Connection | None = None
    for number, hop in enumerate(filter(None, destination.word("proxyjump").split(","))):
        gateway = _opened(_Destination.resolved(hop), gateway) if number else connect(hop, depth + 1)
    return _opened(destination, gateway)


def _opened(destination: _Destination, gateway: Connection | None) -> Connection:
    known, keys = _KnownKeys(destination), _UserKeys(destination)
    command = "" if gateway else destination.word("proxycommand")
    connection = Connection(
        destination.word("hostname"),
        user=destination.word("user"),
        port=destination.port,
        config=Config(ssh_config=paramiko.SSHConfig(), lazy=True),
        gateway=gateway,
        connect_timeout=CONNECT,
        connect_kwargs={
            "auth_strategy": keys,
            "banner_timeout": _BANNER,
            "auth_timeout": _LOGIN,
            "channel_timeout": _CHANNEL,
            "disabled_algorithms": {"keys": known.unwanted},
            "sock": _proxied(destination.filled(command)) if command else None,
        },
    )
    connection.client.set_missing_host_key_policy(known)
    try:
        with in_our_words(destination.name, keys.trouble, destination.config):
            connection.open()
    except BaseException:
        connection.close()
        raise
    with suppress(AttributeError, OSError):  # of a way through another machine, only its first part is a socket
        connection.transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED)
    return connection


def _proxied(command: str) -> socket.socket:
    """What leads to a ProxyCommand; paramiko's own never found the end of a short message, and waited."""
    ours, theirs = socket.socketpair()
    with theirs:  # not through sarge, whose streams are no sockets; it ends with the connection
        subprocess.Popen(
            ["sh", "-c", f"exec {command}"], stdin=theirs.fileno(), stdout=theirs.fileno(), start_new_session=True
        )
    return ours


@contextmanager
def in_our_words(name: str, trouble: list[str], config: Path | None = None) -> Iterator[None]:
    """Turn what Fabric and paramiko raise into errors that people can act on.

    Args:
        name: The machine, as the user calls it.
        trouble: What else is known when the user is not let in.
        config: A configuration in place of the user's.

    Raises:
        Unreachable: It may pass.
        RuckusError: It will not pass by itself.
    """
    by_hand = _by_hand(name, config, "-o", "BatchMode=yes")
    try:
        yield
    except RuckusError:
        raise
    except socket.gaierror as error:
        raise RuckusError(
            f"{name}: no such host: {error.strerror}", f"see what ssh makes of it: ssh -G {shlex.quote(name)}"
        ) from error
    except paramiko.AuthenticationException as error:
        if any(not isinstance(one.result, paramiko.AuthenticationException) for one in getattr(error, "result", ())):
            raise Unreachable(f"{name}: the connection was lost during the login", by_hand) from error
        hint = "\n".join([*trouble, f"this has to work without a password: {by_hand}"])
        raise RuckusError(f"{name} accepts none of this user's keys", hint) from error
    except paramiko.IncompatiblePeer as error:
        raise RuckusError(
            f"{name}: its host keys are of other types than the known one, or its ssh is too old: {error}",
            f"see which: ssh -v {shlex.quote(name)} true",
        ) from error
    except (OSError, EOFError, paramiko.SSHException) as error:
        raise Unreachable(f"{name}: {_reason(error)}", f"try it by hand: {by_hand}") from error


def _by_hand(name: str, config: Path | None, *options: str) -> str:
    return shlex.join(["ssh", *_instead(config), *options, name, "true"])


def _reason(error: Exception) -> str:
    if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError):
        error = next(iter(error.errors.values()))
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: nothing listens there"
    if isinstance(error, OSError) and error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return "no way leads there: " + os.strerror(error.errno)
    if isinstance(error, TimeoutError):
        return f"no answer within {CONNECT:.0f} s"
    if isinstance(error, paramiko.ChannelException):
        return f"it refuses to start another command, or to lead further: {error.args[1]}"
    for sign, reason in {
        "protocol": "what answers there is not ssh",
        "No existing session": f"it accepts connections, and says nothing for {CONNECT:.0f} s",
        "opening channel": f"it has not started a command for {_CHANNEL:.0f} s",
    }.items():
        if sign in str(error):
            return reason
    return f"the connection was lost: {str(error) or type(error).__name__}"

# SPDX-License-Identifier: GPL-3.0-or-later
"""A dom0, which is this machine or another: what its builders' domains do, and the commands that change that.

Nothing of ours waits there. A domain that has ended stays in xl's list with the reason, so nothing is lost while nobody
looks; what it says is recorded by an `xl console` of its own. All builders of a dom0 are looked at by one command.
"""

import gzip
import os
import shlex
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ruckus_aux.host.hosts import Unreachable
from ruckus_aux.host.locks import held, lock_file
from ruckus_aux.host.root import HERE, Root, as_root
from ruckus_aux.storage import xl
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import invoke_command

NETWORK = "/sys/class/net"
_PATIENCE = 30.0  # seconds without a byte of an answer
_READING = 300.0  # the same, while it packs what is empty
_BLOCK = 1 << 20  # bytes
_FRESH = 2.0  # seconds in which one look is good for all builders
_MOST = 1 << 20  # bytes of a console that one look brings
_SPARE = 24  # MiB of the free memory that Xen itself needs
_TOO_LATE = "because of timeout"  # what xl says when its hotplug scripts took too long
_PART = """f=$(mktemp) && trap 'rm -f "$f"' EXIT
part() { "$@" >"$f" 2>&1 </dev/null; s=$?; echo "$s $(wc -c <"$f")"; cat "$f"; }"""


class Part(NamedTuple):
    """What one of several commands came to."""

    status: int
    output: bytes


@dataclass
class Followed:
    """A domain that is looked at, and how much of its console is known already.

    console: the path in the dom0, from the user's home there. offset: bytes.
    """

    domain: xl.Domain
    console: str
    offset: int = 0


class Seen(NamedTuple):
    """What one look shows of a domain: its line in xl's list, if it has one, its record, what is new on its console."""

    listed: xl.ListedDomain | None
    record: bytes
    said: bytes


@dataclass
class Dom0:
    """A dom0.

    access: who runs commands there as root.
    """

    access: Root
    _followed: dict[str, Followed] = field(default_factory=dict)
    _seen: dict[str, Seen] = field(default_factory=dict)
    _home: str = ""
    _looked: float = -_FRESH
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """As people call it."""
        return self.access.host.name

    def domains(self) -> Mapping[str, xl.ListedDomain]:
        """Its domains by name.

        Raises:
            Unreachable: It does not answer.
            RuckusError: It is no dom0.
        """
        status, output = self.access.ask(xl.list_domains(self.access.host), check=False)
        if status != 0:
            self._refuse_stranger(output)
        return xl.parse_domains(output)

    def _refuse_stranger(self, output: str) -> None:
        if output.startswith("sudo:"):
            raise RuckusError(f"{self.name}: {output.strip()}", self.verify_sudo)
        raise RuckusError(
            f"{self.name} is not a dom0, or Xen's tools are of another version: {xl.first_complaint(output)}",
            "see whether it runs Xen: cat /sys/hypervisor/type; or build with --builder=qemu",
        )

    @property
    def host_name(self) -> str:
        """What --dom0 has to be for it: "" for this machine."""
        return "" if self.access.host is HERE else self.name

    @property
    def home(self) -> str:
        """The user's home there."""
        if not self._home:
            self._home = self.access.host.run(["pwd"], limit=_PATIENCE)[1].strip()
        return self._home

    def send(self, file: Path, path: str) -> None:
        """Copy a file of this machine into the dom0.

        Args:
            file: The file.
            path: Where it goes; its folder is made.
        """
        script = 'mkdir -p "${1%/*}" && cat >"$1.part" && mv "$1.part" "$1"'
        with file.open("rb") as source, tempfile.TemporaryFile() as nothing:
            words = ["sh", "-c", script, "sh", path]
            status, complaints = self.access.host.pipe(words, source=source, target=nothing, limit=_PATIENCE)
        if status != 0:
            raise RuckusError(f"{self.name}: {path} can't be written: {complaints.strip()}", "is its disk full? df")

    @property
    def verify_sudo(self) -> str:
        """The command that says what is not allowed."""
        where = [f"--dom0={self.host_name}"] if self.host_name else []
        return f"see what sudo has to allow there: {invoke_command('verify-sudo', '--builder=xen', *where)}"

    def check(self, domain: xl.Domain) -> None:
        """Refuse beforehand what `xl create` would refuse later, in its own words.

        Args:
            domain: What is to be created.

        Raises:
            RuckusError: For one of many reasons, each with its own text and way out.
        """
        host = self.access.host
        if known := self.domains().get(domain.name):
            way_out = shlex.join(as_root(xl.act_on_domain("destroy", domain.arch, host), host))
            state = "has ended, and is still there" if "s" in known.flags else "runs"
            raise RuckusError(f"{self.name}: the domain {domain.name} {state}", f"if nobody needs it: {way_out}")
        if domain.bridge and host.run(["test", "-d", f"{NETWORK}/{domain.bridge}/bridge"])[0] != 0:
            raise RuckusError(f"{self.name} has no bridge {domain.bridge}", "see there: ip link show type bridge")
        free = xl.parse_free_memory(self.access.ask(xl.describe_xen(host))[1])
        if free is not None and free - _SPARE < int(domain.memory):
            raise RuckusError(
                f"{self.name} has {max(0, free - _SPARE)} MiB of memory free, and {domain.name} needs {domain.memory}",
                "end other domains, or give dom0 less: dom0_mem= on Xen's command line",
            )

    def create(self, domain: xl.Domain, console: str) -> None:
        """Create a domain, record its console, and let it run; if that fails, nothing of it is left.

        Args:
            domain: What it is; see `check`.
            console: Where its console is recorded, from the user's home there.

        Raises:
            RuckusError: xl's first complaint, in its own words.
        """
        host = self.access.host
        # One at a time in a dom0: two at once have both failed.
        with held(lock_file(f"domains of {self.name}, by user {os.getuid()}")):
            for command in xl.wipe_results(domain.results, host):
                self.access.run(command, text=xl.ZEROS)
            self._create(domain)
            try:
                record = shlex.join(as_root(xl.act_on_domain("console", domain.arch, host), host))
                folder, file = shlex.quote(console.rpartition("/")[0] or "."), shlex.quote(console)
                script = f"mkdir -p {folder} && : >{file} && exec setsid nohup {record} >{file} 2>&1 </dev/null &"
                host.run(["sh", "-c", script], limit=_PATIENCE)
                self.access.run(xl.act_on_domain("unpause", domain.arch, host))
            except BaseException:
                self.access.run(xl.act_on_domain("destroy", domain.arch, host), check=False)
                raise

    def _create(self, domain: xl.Domain) -> None:
        """Once more if the first attempt took too long: hotplug scripts do, when a machine is busy."""
        command = xl.create_domain(domain, self.access.host)
        for last in (False, True):
            status, output = self.access.run(command, check=False)
            if status == 0:
                return
            if last or _TOO_LATE not in output:
                raise RuckusError(
                    f"{self.name}: xl could not create {domain.name}: {xl.first_complaint(output)}",
                    "\n".join(output.strip().splitlines()[-10:]),
                )

    def destroy(self, domain: xl.Domain) -> None:
        """End a domain of this very start, if it is there."""
        listed = self.domains().get(domain.name)
        if listed and listed.run == domain.run:
            self.access.run(xl.act_on_domain("destroy", domain.arch, self.access.host))

    def results(self, domain: xl.Domain, size: int, target: BinaryIO) -> None:
        """Copy the beginning of a results device.

        Args:
            domain: Whose.
            size: Bytes, of a device that may have fewer; 0 for all.
            target: Where to.
        """
        host = self.access.host
        read = shlex.join(as_root(xl.read_results(domain.results, host), host))
        read += f" | head -c {size}" if size else ""
        with tempfile.TemporaryFile() as packed:  # what is empty packs well
            status, complaints = host.pipe(["sh", "-c", f"{read} | gzip -1c"], target=packed, limit=_READING)
            if status != 0 or complaints.strip():  # the status is gzip's
                raise RuckusError(
                    f"{self.name}: {domain.results} can't be read: {complaints.strip()}", self.verify_sudo
                )
            packed.seek(0)
            with gzip.open(packed) as unpacked:
                while block := unpacked.read(_BLOCK):
                    if block.strip(b"\0"):
                        target.write(block)
                    else:  # takes no room here
                        target.seek(len(block), os.SEEK_CUR)
            target.truncate()

    def follow(self, followed: Followed) -> None:
        """Let `look` look at a domain."""
        with self._lock:
            self._followed[followed.domain.name] = followed

    def leave(self, domain: xl.Domain) -> None:
        """Look at it no more, and forget what it said there."""
        with self._lock:
            followed = self._followed.pop(domain.name, None)
        if followed:
            self.access.host.run(["rm", "-f", followed.console], limit=_PATIENCE)

    def look(self, domain: xl.Domain) -> Seen:
        """What is seen of a domain that is followed, no later than it was last asked for.

        Raises:
            RuckusError: It can't be seen.
        """
        with self._lock:
            if domain.name not in self._seen or time.monotonic() - self._looked > _FRESH:
                self._seen = self._look()
                self._looked = time.monotonic()
            seen = self._seen.pop(domain.name)
            self._followed[domain.name].offset += len(seen.said)  # not before somebody has it
            return seen

    def _look(self) -> dict[str, Seen]:
        host = self.access.host
        lines = [as_root(xl.list_domains(host), host)]
        for one in self._followed.values():
            lines.append(as_root(xl.read_start_of_results(one.domain.results, host), host))
            lines.append(["sh", "-c", f"tail -c +{one.offset + 1} {shlex.quote(one.console)} | head -c {_MOST}"])
        script = "\n".join([_PART, *(f"part {shlex.join(line)}" for line in lines)])
        with tempfile.TemporaryFile() as output:
            host.pipe(["sh", "-c", script], target=output, limit=_PATIENCE)
            output.seek(0)
            listing, *parts = parts_of(output, len(lines))
        if listing.status != 0:
            self._refuse_stranger(listing.output.decode(errors="replace"))
        listed = xl.parse_domains(listing.output.decode(errors="replace"))
        seen = {}
        for one, record, said in zip(self._followed.values(), parts[::2], parts[1::2], strict=True):
            news = said.output if said.status == 0 else b""
            found = listed.get(one.domain.name)
            own = found if found and found.run == one.domain.run else None
            seen[one.domain.name] = Seen(own, record.output if record.status == 0 else b"", news)
        return seen


def parts_of(output: BinaryIO, count: int) -> list[Part]:
    """What several commands came to: of each a line with its exit status and how many bytes it wrote, then these.

    Args:
        output: All of them.
        count: How many they are.

    Raises:
        Unreachable: Some are missing: the answer was cut off.
    """
    parts = []
    for _ in range(count):
        head = output.readline().split()
        if len(head) != 2 or not all(word.isdigit() for word in head):
            break
        part = Part(int(head[0]), output.read(int(head[1])))
        if len(part.output) != int(head[1]):
            break
        parts.append(part)
    if len(parts) != count:
        raise Unreachable(f"a dom0 answered {len(parts)} of {count} questions", "is its /tmp full? df /tmp")
    return parts

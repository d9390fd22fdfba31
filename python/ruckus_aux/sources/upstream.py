# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses in the manifest, over HTTP or HTTPS: one after the other, with patience that has an end.

A transfer that breaks off is continued, here or at the next address. A server that is busy is asked again when the
others were asked. What goes wrong is of one address only, and its text says of what kind it is (trouble.py).
"""

import queue
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3
from urllib3.util import Retry

from ruckus_aux.recipes.manifest import Fetched, File, Source, sha256_of
from ruckus_aux.sources.provider import Unavailable, Watcher, check_hash, without_password, writing
from ruckus_aux.sources.trouble import ERRORS, bundle, explain_failure, host_of, status_text

BLOCK = 1 << 16  # bytes read at most at a time
_BUSY = (429, 500, 502, 503, 504)
_ASKED = 3  # times that a busy server is asked for one file
_LOOK = 0.2  # seconds between two looks at whether it was called off
_BREAKS = 10  # times that a transfer is continued which breaks off and still gets on


@dataclass(frozen=True)
class Limits:
    """What is borne with.

    connect: seconds until there is a connection.
    head: seconds until the head of an answer is there, redirects and all.
    silence: seconds without a byte.
    floor, window: an address that gives less than so many bytes in so many seconds is too slow.
    largest: bytes that a file may have; no release of source code comes near.
    pause: seconds until a busy server is asked again that does not say when.
    patience: seconds, in all, that a run waits for busy servers.
    """

    connect: float = 10
    head: float = 90
    silence: float = 60
    floor: int = 60_000
    window: float = 60
    largest: int = 1 << 30
    pause: float = 2
    patience: float = 60


class _Busy(Unavailable):
    """The server asks to come back later: at `again`, on time.monotonic's clock."""

    def __init__(self, reason: str, again: float) -> None:
        super().__init__(reason)
        self.again = again


class _Broken(Unavailable):
    """A transfer broke off; what came is kept."""


class Upstream:
    """A provider: the addresses in the manifest."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008 (immutable)
        self.limits = limits
        self.session = requests.Session()
        self.session.verify = bundle()
        self.session.max_redirects = 10
        self._unreachable: dict[str, str] = {}  # hosts that nothing came from, and why: asked once a run
        self._answered: set[str] = set()
        self._busy: dict[str, float] = {}  # hosts, and when they may be asked again
        self._patience = limits.patience
        self._waits_until = 0.0
        self._lock = threading.Lock()

    def fetch(self, source: Source, partial: Path, watcher: Watcher) -> tuple[Fetched, list[Path]]:
        """Try each address in turn; see Provider."""
        if not source.urls:
            other = f"the release of upstream's {source.name} is another file than is locked"
            raise Unavailable(other if source.locked else f"the manifest has no upstream address of {source.name}")
        file = File(source.file, source.sha256)
        addresses = [f"{base.rstrip('/')}/{source.file}" for base in source.urls]
        path, url = self.bring(addresses, file, source.name, partial, watcher)
        return Fetched("upstream", source.version, (file,), url), [path]

    def bring(self, addresses: list[str], file: File, name: str, folder: Path, watcher: Watcher) -> tuple[Path, str]:
        """Download a file from the first address that has it.

        Args:
            addresses: The whole ones.
            file: What it is called in the folder, and its hash.
            name: The source's, for who looks on.
            folder: Where it comes, and where a part of it may be already.
            watcher: Who sees it, and may call it off.

        Returns:
            The file, and the address that it came from.

        Raises:
            Unavailable: No address has it.
        """
        reasons = {}
        busy: dict[str, float] = {}
        for _ in range(_ASKED):
            if busy and not self._wait(min(busy.values()), name, [*busy], watcher):
                break
            addresses, busy = [*busy] or addresses, {}
            for url in addresses:
                try:
                    return self._get(url, folder, file, name, watcher), without_password(url)
                except _Busy as error:
                    busy[url] = error.again
                    reasons[url] = error.reasons
                except Unavailable as error:
                    reasons[url] = error.reasons
            if not busy:
                break
        raise Unavailable(*(text for texts in reasons.values() for text in texts))

    def read(self, url: str, scratch: Path, name: str, watcher: Watcher) -> bytes:
        """What an address answers, whatever it is: nothing has a hash of it.

        Args:
            url: The address.
            scratch: A file for it meanwhile.
            name: The source's, for who looks on.
            watcher: Who may call it off.

        Raises:
            Unavailable: There is no answer.
        """
        scratch.unlink(missing_ok=True)
        self._whole(url, scratch, name, watcher)
        content = scratch.read_bytes()
        scratch.unlink()
        return content

    def _wait(self, until: float, name: str, addresses: list[str], watcher: Watcher) -> bool:
        """Wait for a busy server, if the run's patience is enough; sources that wait at the same time share it."""
        now = time.monotonic()
        with self._lock:
            cost = max(0.0, until - max(now, self._waits_until))
            if cost > self._patience:
                return False
            self._patience -= cost
            self._waits_until = max(until, self._waits_until)
        seconds = max(0.0, until - now)
        if seconds > 0.5:
            hosts = ", ".join(sorted({without_password(host_of(url)) for url in addresses}))
            watcher.say(f"{name}: waiting {seconds:.0f} s for {hosts}, which is busy")
        watcher.pause(seconds)
        return True

    def _get(self, url: str, folder: Path, file: File, name: str, watcher: Watcher) -> Path:
        path = folder / file.name
        resumed = self._whole(url, path, name, watcher)
        if resumed and sha256_of(path) != file.sha256:
            path.unlink()  # the first part was from another file: once more, from its start
            self._whole(url, path, name, watcher)
        check_hash(path, file.sha256, without_password(url), watcher)
        return path

    def _whole(self, url: str, path: Path, name: str, watcher: Watcher) -> bool:
        """Download a file, also when the connection breaks a few times; returns whether a part was there before."""
        before = _size(path)
        for _ in range(_BREAKS):
            have = _size(path)
            try:
                return self._transfer(url, path, name, watcher) and before > 0
            except _Broken as error:
                broken = error
                if _size(path) <= have:
                    break
        raise broken

    def _transfer(self, url: str, path: Path, name: str, watcher: Watcher) -> bool:
        """Download a file, continuing a part of it (RFC 9110, section 14); returns whether there was one."""
        host = host_of(url)
        if host in self._unreachable:
            raise Unavailable(self._unreachable[host])
        have = _size(path)
        response = self._answer(url, have, watcher)
        with response:
            if have and response.status_code == requests.codes.requested_range_not_satisfiable:
                return True  # nothing is missing, or the part is longer than the file: its hash will tell
            self._check_status(url, response)
            if response.status_code != requests.codes.partial_content:
                have = 0
            try:
                self._receive(response, path, have, name, watcher)
            except urllib3.exceptions.ReadTimeoutError as error:
                # What came is kept, too: the next one continues it.
                raise Unavailable(explain_failure(error, url)) from error
            except ERRORS as error:
                raise _Broken(explain_failure(error, url)) from error
        return have > 0

    def _answer(self, url: str, have: int, watcher: Watcher) -> requests.Response:
        """The response to a request for what is missing of a file."""
        host = host_of(url)
        if self._busy.get(host, 0) > time.monotonic():
            raise _Busy(f"{without_password(url)}: its server is busy", self._busy[host])
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
        timeout = (self.limits.connect, self.limits.silence)
        try:
            response = _within(
                self.limits.head, watcher, lambda: self.session.get(url, headers=headers, stream=True, timeout=timeout)
            )
        except ERRORS as error:
            failed = host_of(getattr(getattr(error, "request", None), "url", None) or url)
            text = explain_failure(error, url)
            unreachable = isinstance(error, (requests.ConnectionError, requests.Timeout))
            if unreachable and failed not in self._answered:
                self._unreachable[failed] = text
            raise Unavailable(text) from error
        self._answered |= {host_of(one.url) for one in (*response.history, response)}
        return response

    def _check_status(self, url: str, response: requests.Response) -> None:
        status = response.status_code
        if status in _BUSY:
            seconds = _retry_after(response.headers.get("Retry-After", ""), self.limits.pause)
            again = time.monotonic() + seconds
            self._busy[host_of(url)] = again
            raise _Busy(f"{status_text(url, status)}; asks to come back in {seconds:.0f} s", again)
        if status not in (requests.codes.ok, requests.codes.partial_content):
            raise Unavailable(status_text(url, status))

    def _receive(self, response: requests.Response, path: Path, have: int, name: str, watcher: Watcher) -> None:
        """Write what comes behind the first bytes of a file that are there."""
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if re.fullmatch("[0-9]{1,18}", length) else 0
        if total > self.limits.largest:
            raise Unavailable(f"{without_password(response.url)}: {total} bytes are announced: too many")
        done = have
        since, then = time.monotonic(), done
        with writing(path):
            file = path.open("ab" if have else "wb")
        with file:
            while block := response.raw.read1(BLOCK, decode_content=False):
                watcher.check()
                with writing(path):
                    file.write(block)
                    file.flush()
                done += len(block)
                watcher.progress(name, done, total)
                if done > self.limits.largest:
                    raise Unavailable(f"{without_password(response.url)}: more than {done - 1} bytes: too many")
                now = time.monotonic()
                if now - since >= self.limits.window:
                    if done - then < self.limits.floor:
                        speed = (done - then) / (now - since)
                        raise Unavailable(f"{without_password(response.url)}: too slow ({speed:.0f} bytes a second)")
                    since, then = now, done
        if done < total:
            raise _Broken(f"{without_password(response.url)}: the connection ended after {done} of {total} bytes")


def _within(seconds: float, watcher: Watcher, ask: Callable[[], requests.Response]) -> requests.Response:
    """The answer to a question, if its head is there in time: one that comes byte by byte is left to itself."""
    answers: queue.SimpleQueue[requests.Response | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(ask())
        except BaseException as error:
            answers.put(error)

    threading.Thread(target=work, daemon=True).start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        watcher.check()
        with suppress(queue.Empty):
            answer = answers.get(timeout=min(_LOOK, seconds))
            if isinstance(answer, BaseException):
                raise answer
            return answer
    raise requests.ReadTimeout(f"no answer within {seconds:.0f} s")


def _retry_after(header: str, otherwise: float) -> float:
    """The seconds that a Retry-After header asks for, in either of its two forms."""
    try:
        return float(min(Retry().parse_retry_after(header), 86400))
    except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
        return otherwise


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0

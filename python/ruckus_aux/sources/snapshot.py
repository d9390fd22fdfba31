# SPDX-License-Identifier: GPL-3.0-or-later
"""Old versions of Debian's source packages: https://snapshot.debian.org, by its interface for programs.

It keeps every file that Debian's archive ever had, by its SHA-1. Nothing signs its answers, so only what the manifest
or a lock file has a SHA-256 of is asked for.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from ruckus_aux.recipes.manifest import Debian, Fetched, File, Source
from ruckus_aux.sources.debian import Candidate, age, assemble, checksums, other_tarball
from ruckus_aux.sources.provider import Unavailable, Watcher
from ruckus_aux.sources.upstream import Upstream

Answer = TypeVar("Answer")
_SUMS = re.compile(r"^Checksums-Sha256:((?:.*(?:\n[ \t].*)*))", re.MULTILINE)


class Snapshot:
    """A provider: what Debian's archive once had."""

    def __init__(self, base: str, web: Upstream) -> None:
        """Nothing is asked yet.

        Args:
            base: The address that the interface is at.
            web: What downloads.
        """
        self.base = base.rstrip("/")
        self.web = web

    def fetch(self, source: Source, partial: Path, watcher: Watcher) -> tuple[Fetched, list[Path]]:
        """Download a version's tarballs by their hashes; see Provider."""
        debian = source.debian
        if debian is None:
            raise Unavailable(f"{self.base}: the manifest names no source package of {source.name}")
        if not debian.sha256:
            raise Unavailable(f"{self.base}: not asked, as nothing pins the SHA-256 of {debian.package} (--with-lock)")
        reasons: list[str] = []
        for version in self._versions(source, debian, partial, watcher):
            try:
                return self._from(version, source, debian, partial, watcher)
            except Unavailable as error:
                reasons += error.reasons
        raise Unavailable(*(reasons or [f"{self.base}: no {debian.package} {source.version}"]))

    def _versions(self, source: Source, debian: Debian, partial: Path, watcher: Watcher) -> list[str]:
        """The versions of the package that may have the tarball, newest first."""
        if source.locked and source.locked.package:
            return [source.locked.package.version]

        def read(answer: bytes) -> list[Candidate]:
            return [Candidate(one["version"], {}) for one in json.loads(answer)["result"]]

        found = self._ask(f"mr/package/{quote(debian.package)}/", read, source.name, partial, watcher)
        fit = [one for one in found if fnmatch(one.upstream, debian.versions or source.version)]
        return [one.version for one in sorted(fit, key=age, reverse=True)]

    def _from(
        self, version: str, source: Source, debian: Debian, partial: Path, watcher: Watcher
    ) -> tuple[Fetched, list[Path]]:
        """Download one version."""

        def read(answer: bytes) -> tuple[dict[str, str], str]:
            infos = [(sha1, info) for sha1, found in json.loads(answer)["fileinfo"].items() for info in found]
            dsc = next(info for _, info in infos if info["name"].endswith(".dsc"))
            return {info["name"]: sha1 for sha1, info in infos}, f"{dsc['archive_name']}/{dsc['first_seen']}"

        address = f"mr/package/{quote(debian.package)}/{quote(version, safe=':+~')}/srcfiles?fileinfo=1"
        names, seen = self._ask(address, read, source.name, partial, watcher)
        candidate = self._described(version, names, source.name, partial, watcher)
        tarball = candidate.tarball
        if candidate.files.get(tarball) != debian.sha256:
            raise Unavailable(other_tarball(f"{self.base}: {debian.package} {version}", [candidate], debian.sha256))
        folder = partial / f"{debian.package}_{version.replace(':', '%')}"
        folder.mkdir(exist_ok=True)
        for name in (tarball, *([candidate.file(".debian.tar.")] if debian.patches else [])):
            if name not in names:
                raise Unavailable(f"{self.base}: {debian.package} {version} has no {name or 'packaging'}")
            file = File(name, candidate.files[name])
            self.web.bring([f"{self.base}/file/{names[name]}"], file, source.name, folder, watcher)
        origin = f"{self.base}/package/{debian.package}/{version}/"
        fetched, paths = assemble(debian, candidate, folder, origin, watcher)
        return replace(fetched, package=candidate.package(debian.package, seen)), paths

    def _described(self, version: str, names: dict[str, str], name: str, partial: Path, watcher: Watcher) -> Candidate:
        """A version as its .dsc describes it."""
        dsc = next(one for one in names if one.endswith(".dsc"))

        def read(answer: bytes) -> Candidate:
            if hashlib.sha1(answer, usedforsecurity=False).hexdigest() != names[dsc]:
                raise ValueError("another file")
            sums = _SUMS.search(answer.decode(errors="replace"))
            files = checksums(sums[1] if sums else "")
            return Candidate(version, {dsc: hashlib.sha256(answer).hexdigest(), **files})

        return self._ask(f"file/{names[dsc]}", read, name, partial, watcher)

    def _ask(self, address: str, read: Callable[[bytes], Answer], name: str, partial: Path, watcher: Watcher) -> Answer:
        """What an address answers, as it is read; Unavailable when that is nothing of the interface's."""
        url = f"{self.base}/{address}"
        answer = self.web.read(url, partial / f"{name}.snapshot", name, watcher)
        try:
            return read(answer)
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
            raise Unavailable(f"{url}: is not an answer of snapshot.debian.org's ({type(error).__name__})") from error

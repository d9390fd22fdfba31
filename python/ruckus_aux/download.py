"""`make download`: fetch what the manifest pins, from the first provider that has it, and prove that it is that.

Providers are asked in this order: the mirror folders (--with-mirror), the upstream addresses, the host
distribution's source archive. A file reaches the cache under its name only after its hash was right.
"""

import shutil
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from ruckus_aux.debian import DebianArchive
from ruckus_aux.errors import RuckusError
from ruckus_aux.locks import held
from ruckus_aux.progress import bars
from ruckus_aux.provider import Progress, Provider, Unavailable, WrongFile, check_hash
from ruckus_aux.settings import Settings
from ruckus_aux.sources import File, Lock, Source, sha256_of, write_lock
from ruckus_aux.store import remove
from ruckus_aux.writing import settle

AT_A_TIME = 4
TIMEOUT = (10, 60)  # seconds to connect, and without a byte
BLOCK = 1 << 14  # bytes; what was read of one when a connection breaks is lost


def _upstream_lock(source: Source, origin: str) -> Lock:
    return Lock("upstream", source.version, (File(source.file, source.sha256),), origin)


class Mirror:
    """A local folder of upstream releases, as --with-mirror names it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fetch(self, source: Source, partial: Path, progress: Progress) -> tuple[Lock, list[Path]]:  # noqa: ARG002
        """Copy the release's file; see Provider."""
        original = self.folder / source.file
        if not original.is_file():
            raise Unavailable(f"mirror {self.folder}: no {source.file}")
        copy = partial / source.file
        shutil.copyfile(original, copy)
        check_hash(copy, source.sha256, str(original))
        return _upstream_lock(source, str(original)), [copy]


class Upstream:
    """The addresses in the manifest, over HTTP or HTTPS."""

    def __init__(self) -> None:
        self.session = requests.Session()
        retries = Retry(total=3, connect=0, backoff_factor=0.5, status_forcelist=(500, 502, 503, 504))
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, HTTPAdapter(max_retries=retries))
        self.unreachable: set[str] = set()

    def fetch(self, source: Source, partial: Path, progress: Progress) -> tuple[Lock, list[Path]]:
        """Try each address in turn; see Provider."""
        reasons = []
        for base in source.urls:
            url = f"{base.rstrip('/')}/{source.file}"
            host = urlsplit(url).netloc
            if host in self.unreachable:
                reasons.append(f"{host}: could not be reached")
                continue
            try:
                path = self._get(url, partial / source.file, source, progress)
            except requests.ConnectionError:
                self.unreachable.add(host)  # asked once a run, not once a source
                reasons.append(f"{host}: could not be reached")
            except requests.RequestException as error:
                reasons.append(f"{url}: {error}")
            else:
                return _upstream_lock(source, url), [path]
        raise Unavailable("; ".join(reasons) or "no upstream address in the manifest")

    def _get(self, url: str, path: Path, source: Source, progress: Progress) -> Path:
        resumed = self._transfer(url, path, source.name, progress)
        if resumed and sha256_of(path) != source.sha256:
            path.unlink()  # the first part was from another file: once more, from its start
            self._transfer(url, path, source.name, progress)
        check_hash(path, source.sha256, url)
        return path

    def _transfer(self, url: str, path: Path, name: str, progress: Progress) -> bool:
        """Download a file, continuing a part of it (RFC 9110, section 14); returns whether there was one."""
        have = path.stat().st_size if path.exists() else 0
        headers = (
            {"Range": f"bytes={have}-", "Accept-Encoding": "identity"} if have else {"Accept-Encoding": "identity"}
        )
        with self.session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if have and response.status_code == requests.codes.requested_range_not_satisfiable:
                return True  # nothing is missing, or the part is longer than the file: its hash will tell
            response.raise_for_status()
            if response.status_code != requests.codes.partial_content:
                have = 0
            total = have + int(response.headers.get("Content-Length", 0))
            done = have
            with path.open("ab" if have else "wb") as file:
                for block in response.iter_content(BLOCK):
                    file.write(block)
                    done += len(block)
                    progress(name, done, total)
            if total > have and done < total:
                raise requests.ConnectionError(f"the connection ended after {done} of {total} bytes")
        return have > 0


def _ask(provider: Provider, source: Source, cache: Path, progress: Progress) -> Lock:
    partial = cache / "partial"
    partial.mkdir(parents=True, exist_ok=True)
    lock, paths = provider.fetch(source, partial, progress)
    for path, file in zip(paths, lock.files, strict=True):
        settle(path, cache / file.name)
    write_lock(cache, source.name, lock)
    return lock


def fetch(source: Source, providers: Sequence[Provider], cache: Path, progress: Progress) -> Lock:
    """Bring one source into the cache.

    A provider that gave something else than the manifest pins is named on standard error, and the next one asked.
    Raises RuckusError when none is left, with what each of them said.
    """
    reasons = []
    for provider in providers:
        try:
            return _ask(provider, source, cache, progress)
        except Unavailable as error:
            reasons.append(str(error))
        except WrongFile as error:
            print(f"ruckus: warning: {error}", file=sys.stderr)
            reasons += str(error).splitlines()
    raise RuckusError(
        f"source {source.name} {source.version}: nobody has it",
        "\n".join([*reasons, f"or put {source.file} into a folder and configure --with-mirror=FOLDER"]),
    )


def download(settings: Settings, sources: Iterable[Source]) -> None:
    """Bring all of these sources into the cache, several at a time, with a progress bar for each on a terminal.

    Raises RuckusError, after all that could be had was had, with every failure in its text.
    """
    missing = [source for source in sources if source.lock is None]
    if not missing:
        return
    cache = settings.sources
    mirrors: list[Provider] = [Mirror(folder) for folder in settings.mirrors]
    providers = [*mirrors, Upstream(), DebianArchive(cache / "apt")]
    failures: list[RuckusError] = []
    # One download at a time into a cache: another build's waits here.
    with held(cache / "lock"), bars(len(missing)) as view, ThreadPoolExecutor(AT_A_TIME) as pool:
        tasks = [(source, pool.submit(fetch, source, providers, cache, view.update)) for source in missing]
        for source, task in tasks:
            try:
                lock = task.result()
                view.finished(source.name, lock.version, lock.origin)
            except RuckusError as error:
                failures.append(error)
    if not failures:
        remove(cache / "partial")
    else:
        raise RuckusError(
            "\n".join(error.message for error in failures), "\n".join(error.hint for error in failures if error.hint)
        )

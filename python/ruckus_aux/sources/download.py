# SPDX-License-Identifier: GPL-3.0-or-later
"""`make download`: fetch what the manifest pins, from the first provider that has it, and prove that it is that.

Providers are asked in this order: the mirror folders (--with-mirror), the upstream addresses, the host
distribution's source archive, and what that once had (snapshot.debian.org). A file reaches the cache under its name
only after its hash was right.
"""

import queue
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from textwrap import indent

from ruckus_aux.host.locks import held
from ruckus_aux.host.trees import remove
from ruckus_aux.host.writing import settle
from ruckus_aux.recipes.lockfile import why_refused
from ruckus_aux.recipes.manifest import Fetched, Source, recorded, write_record
from ruckus_aux.settings.settings import Settings
from ruckus_aux.sources.debian import DebianArchive
from ruckus_aux.sources.mirror import Mirror
from ruckus_aux.sources.progress import bars
from ruckus_aux.sources.provider import CalledOff, Provider, Unavailable, Watcher
from ruckus_aux.sources.snapshot import Snapshot
from ruckus_aux.sources.upstream import Upstream
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import SOURCES_LOCK

AT_A_TIME = 4
_GRACE = 1  # seconds that downloads which are called off get to notice it


class NotAvailable(RuckusError):
    """No provider has a source; the hint says what each of them said."""


def _ask(provider: Provider, source: Source, cache: Path, watcher: Watcher) -> Fetched:
    partial = cache / "partial"
    partial.mkdir(parents=True, exist_ok=True)
    fetched, paths = provider.fetch(source.asked_for(), partial, watcher)
    if source.locked:  # the same names, too, whoever had the bytes: they are a part of keys
        fetched = replace(source.locked, origin=fetched.origin)
    for path, file in zip(paths, fetched.files, strict=True):
        settle(path, cache / file.name)
    write_record(cache, source.name, fetched)
    return fetched


def fetch(source: Source, providers: Sequence[Provider], cache: Path, watcher: Watcher) -> Fetched:
    """Bring one source into the cache.

    Args:
        source: An entry of the manifest.
        providers: Who is asked, one after the other.
        cache: The folder of sources.
        watcher: Who sees it, and may call it off.

    Returns:
        The record, which is written.

    Raises:
        NotAvailable: No provider has it.
        RuckusError: It could not be written.
        CalledOff: The watcher said so.
    """
    reasons: list[str] = []
    for provider in providers:
        try:
            return _ask(provider, source, cache, watcher)
        except Unavailable as error:
            reasons += error.reasons
    name = f"source {source.name} {source.version}"
    if source.locked:
        tarball = source.locked.files[0]
        name = f"{name}, locked to {tarball.name} (SHA-256 {tarball.sha256}),"
    raise NotAvailable(f"{name} is not available from any provider", "\n".join(reasons))


def download(settings: Settings, sources: Iterable[Source]) -> None:
    """Bring all of these sources into the cache, several at a time, with a progress bar for each on a terminal.

    Args:
        settings: Of the build directory.
        sources: The sources.

    Raises:
        RuckusError: Some could not be fetched; it lists every failure, after everything else was fetched.
    """
    missing = [source for source in sources if source.fetched is None]
    if not missing:
        return
    cache = settings.sources
    _check_lock(settings, missing)
    # One download at a time into a cache: another build's is waited for.
    with held(cache / "lock", "download", settings.builddir):
        missing = [one for one in missing if recorded(cache, one).fetched is None]  # another build brought some
        web = Upstream()
        providers: list[Provider] = [*map(Mirror, settings.mirrors), web]
        providers.append(DebianArchive(cache / "apt", mirror=settings.debian_mirror, suite=settings.debian_suite))
        if settings.debian_snapshot:
            providers.append(Snapshot(settings.debian_snapshot, web))
        failures = _all(missing, providers, cache) if missing else []
    if not failures:
        remove(cache / "partial")
        return
    lacking = [source for source, error in failures if isinstance(error, NotAvailable)]
    names = [file.name for source in lacking for file in (source.locked.files if source.locked else ())]
    names += [source.file for source in lacking if source.file and not source.locked]
    raise RuckusError(
        "\n\n".join(f"{error.message}\n{indent(error.hint, '    ')}" for _, error in failures),
        f"or put {' '.join(names)} into a folder and configure --with-mirror=FOLDER" if names else "",
    )


def _check_lock(settings: Settings, sources: Iterable[Source]) -> None:
    """Refuse what a lock file rules out, before anything is asked."""
    if settings.lock and (refused := [text for source in sources if (text := why_refused(source, settings.lock))]):
        raise RuckusError(
            "\n\n".join(refused),
            f"for a new lock file, configure without --with-lock, and: ./ruckus download all"
            f"\nit is {settings.buildroot / SOURCES_LOCK} then",
        )


def _all(sources: Sequence[Source], providers: Sequence[Provider], cache: Path) -> list[tuple[Source, RuckusError]]:
    """Fetch sources, several at a time; returns those that failed, and why."""
    todo: queue.SimpleQueue[Source] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Source, Fetched | BaseException]] = queue.SimpleQueue()
    for source in sources:
        todo.put(source)

    def work(watcher: Watcher) -> None:
        with suppress(queue.Empty, CalledOff):
            while True:
                source = todo.get_nowait()
                try:
                    done.put((source, fetch(source, providers, cache, watcher)))
                except CalledOff:
                    raise
                except BaseException as error:
                    done.put((source, error))

    failures = []
    with bars(len(sources)) as view:
        watcher = Watcher(view.update, view.say)
        # Daemons: when we are interrupted, one that waits for a silent server is not waited for.
        threads = [threading.Thread(target=work, args=(watcher,), daemon=True) for _ in range(AT_A_TIME)]
        try:
            for thread in threads:
                thread.start()
            for _ in sources:
                source, outcome = done.get()
                if isinstance(outcome, Fetched):
                    view.finished(source.name, outcome.version, outcome.origin)
                elif isinstance(outcome, RuckusError):
                    failures.append((source, outcome))
                else:
                    raise outcome
        except BaseException:
            watcher.call_off()
            view.say("download stopped: what has come is kept, and continued the next time")
            for thread in filter(threading.Thread.is_alive, threads):
                thread.join(_GRACE / AT_A_TIME)
            raise
    return failures

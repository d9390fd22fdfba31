# SPDX-License-Identifier: GPL-3.0-or-later
"""Real packages that no profile builds, for a finished system to build by its own means: packages/check-system."""

from collections.abc import Iterator
from functools import partial

from ruckus_aux.recipes.manifest import Source, read_entries, read_manifest, verify_source
from ruckus_aux.recipes.overlay import Overlay
from ruckus_aux.settings.settings import Settings
from ruckus_aux.systems.finding import Finding, finding_of
from ruckus_aux.systems.testbed import Testbed
from ruckus_aux.words.errors import Mistakes

_FOLDER = "check-system"


def check_sources(settings: Settings) -> list[Source]:
    """The sources of these packages, with what the cache holds of them.

    A user's manifests may name others. A lock file has no say: nothing of them gets into a system.
    """
    path = settings.recipes / _FOLDER / "sources.toml"
    if not path.exists():
        return []
    manifests = (*Overlay(settings.recipe_folders).manifests(), *settings.manifests)
    sources = read_manifest(path, settings.sources, manifests)
    return [sources[name] for name in read_entries(path)[0]]


def fetch_check_sources(settings: Settings) -> list[Source]:
    """Download what is missing of these sources; RuckusError when something can't be had."""
    if lacking := [source for source in check_sources(settings) if source.fetched is None]:
        from ruckus_aux.sources.download import download  # imports requests and rich

        download(settings, lacking)
    return check_sources(settings)


def check_packages(testbed: Testbed) -> Iterator[Finding]:
    """Build each package, with its tests, in the system."""
    settings = testbed.settings
    faults = Mistakes()
    sources: list[Source] = []
    with faults.collected():
        sources = fetch_check_sources(settings)
    if faults.errors:
        yield Finding("native packages", "their sources can't be had", tuple(faults.errors))
    for source in sources:
        subject = f"native {source.name} {source.version}"
        yield finding_of(subject, "built, tested and installed", partial(_build, testbed, source))


def _build(testbed: Testbed, source: Source) -> None:
    """Build a package, with its tests."""
    settings = testbed.settings
    lines = (settings.recipes / _FOLDER / f"{source.name}.sh").read_text()
    script = "\n".join([*source.unpack_commands(), lines])
    with testbed.trial(source.name, script, sources=verify_source(settings.sources, source)):
        pass

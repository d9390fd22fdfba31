# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks about what a build folder keeps for later builds."""

from collections.abc import Sequence

from invoke import Context

from ruckus_aux.tasks.common import DIR_HELP, folder_of, task


@task(
    help={
        "build_dir": f"{DIR_HELP}; it is about its cache",
        "keep": "keep what was used in so many days (default: 30)",
        "max_size": "remove no more than it takes to come down to a size, such as 20G; what plans need stays",
        "downloads": "also downloaded sources that no plan needs",
        "forget": "don't count this build directory, as if it were gone; may be given several times",
        "dry_run": "say what would be done, and change nothing",
    },
    iterable=["forget"],
)
def gc(
    c: Context,
    build_dir: str = "build",
    keep: str = "",
    max_size: str = "",
    downloads: bool = False,
    forget: Sequence[str] | None = None,
    dry_run: bool = False,
) -> None:
    """Remove from a build folder's cache what no build directory uses any more, and was not used of late.

    What the plan of any build directory needs that uses the cache stays. `./ruckus gc --help` in one of them has
    examples, and does the same.
    """
    from ruckus_aux.artifacts.gc import Collector, limits
    from ruckus_aux.storage.layout import builddir_of, cache_of
    from ruckus_aux.words.architecture import ARCHITECTURES
    from ruckus_aux.words.paths import CONF

    folder = folder_of(build_dir)
    builddirs = [builddir_of(folder, arch) for arch in ARCHITECTURES.values()]
    collector = Collector(cache_of(folder), limits(keep, max_size, downloads=downloads), dry_run=dry_run)
    collector.run([path for path in builddirs if (path / CONF).exists()], [folder_of(path) for path in forget or ()])

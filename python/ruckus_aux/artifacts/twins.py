# SPDX-License-Identifier: GPL-3.0-or-later
"""Twins: artifacts under different keys that were made of the same.

A key is known before anything is built, because it is made of the keys of what a step needs. When one of these changes,
so do all keys behind it: also for an option that makes no difference, or a patch to what nobody installs. But if that
artifact, built again, has the bytes that it had before, then so will all that is made of it. So `twins/CONTENTS` is a
link to the artifact that was made of those contents (Step.contents_key), and a step takes what its twin has made.
"""

from contextlib import suppress
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.recipes.plan import Step

_FOLDER = "twins"


def take_twin(step: Step) -> bool:
    """Let a step have its twin's artifact; who has claimed its key may.

    Returns whether there is one that is still what was stored.
    """
    store = Store(step.settings.cache)
    with suppress(LookupError, OSError):
        return store.add_copy(step.key, _link(store, step).readlink().name, step.name)
    return False


def remember(step: Step) -> None:
    """Let others find a step's artifact by what it was made of, if all of that is still there."""
    store = Store(step.settings.cache)
    with suppress(LookupError, OSError):
        link = _link(store, step)
        if not link.exists():  # nor is what it leads to
            link.unlink(missing_ok=True)
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(Path("..", step.key))


def sweep_twins(store: Store) -> None:
    """Remove the links to artifacts that are gone."""
    for link in (store.folder / _FOLDER).glob("*"):
        if not link.exists():
            link.unlink()


def _link(store: Store, step: Step) -> Path:
    """Where the artifact is found that was made of what a step is made of.

    Raises LookupError when something that it needs is not there.
    """

    def hash_of(need: Step) -> str:
        record = store.record(need.key) if need.key in store else None
        if record is None:
            raise LookupError(need.name)
        return record.sha256

    return store.folder / _FOLDER / step.contents_key(hash_of)

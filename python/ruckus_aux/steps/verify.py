# SPDX-License-Identifier: GPL-3.0-or-later
"""`ruckus verify-store`: whether the artifacts in the store are still what was stored.

What a build takes from the store is verified then; this finds what has changed since, in what is merged already.
"""

import random

from ruckus_aux.artifacts.store import Store
from ruckus_aux.settings.settings import Settings
from ruckus_aux.settings.stamps import lock, stamps
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.hints import make_command
from ruckus_aux.words.stage import GOALS


def verify_store(settings: Settings, *, sample: int | None = None) -> None:
    """Compare artifacts with their records, and remove those that are not what was stored.

    The next build makes them again. Steps of this build directory that have one merged are also merged again; what
    other build directories have merged was verified before it was copied, and stays.

    Args:
        settings: of a build directory that uses the store.
        sample: how many artifacts, chosen at random; None is all.

    Raises:
        RuckusError: when there are such artifacts, after each was named with its steps.
    """
    store = Store(settings.cache)
    keys = store.keys()
    if sample is not None:
        keys = sorted(random.sample(keys, min(sample, len(keys))))
    bad = sum(_is_bad(settings, store, key) for key in keys)
    if bad:
        waiting = {stamp.step.stage.goal for stamp in stamps(settings, pending=True) if stamp.is_pending}
        hint = "no system here has them; a build that needs them makes them again"
        if waiting:
            last = max(waiting, key=GOALS.index)  # it includes the others
            hint = f"make them again: {make_command(settings.builddir, last)}"
        raise RuckusError(f"{bad} of {len(keys)} artifacts are not what was stored", hint)
    print(f"all {len(keys)} artifacts are what was stored")


def _is_bad(settings: Settings, store: Store, key: str) -> bool:
    with store.claim(key):
        fault = store.fault(key) if key in store else ""
        if not fault:
            return False
        record = store.record(key)
        steps = {record.step} if record else set[str]()
        with lock(settings):
            for stamp in stamps(settings):
                if stamp.key == key:
                    steps.add(stamp.step)
                    stamp.reopen()
        print(f"  DAMAGED  {', '.join(sorted(steps)) or 'an unknown step'}: {store.tree(key)}: {fault}", flush=True)
        store.discard(key)
    return True

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build directory's `ruckus` runs: it sees to compiled modules, and then is `python -m ruckus_aux`.

Compiled modules are kept in the build directory, because the source tree may be read-only, and starting is slow without
them. A full disk or a power cut can leave one that is cut off (CPython before 3.12.8 and 3.13.1 does not look at how
much was written), from which Python would never recover: such a one is compiled again.
"""

import os
import sys
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from types import CodeType

_get_code = SourceFileLoader.get_code


def sound_code(loader: SourceFileLoader, name: str) -> CodeType | None:
    """SourceFileLoader.get_code, but from the source where the compiled module can't be read."""
    try:
        return _get_code(loader, name)
    except (EOFError, ValueError, TypeError):  # what marshal.loads() raises
        with suppress(OSError):
            os.unlink(cache_from_source(loader.get_filename(name)))
        return _get_code(loader, name)


def _configured_it(builddir: str) -> bool:
    """Whether this user has configured a build directory; root, above all, leaves no files in that of another."""
    try:
        return os.stat(os.path.join(builddir, "ruckus.conf")).st_uid == os.geteuid()
    except OSError:
        return False


if __name__ == "__main__":
    setattr(SourceFileLoader, "get_code", sound_code)  # noqa: B010 - mypy lets no method be replaced
    sys.pycache_prefix = os.environ.pop("RUCKUS_PYCACHE")
    sys.dont_write_bytecode = not _configured_it(os.environ["RUCKUS_BUILDDIR"])

    from ruckus_aux.entry.cli import main  # found and compiled like this, too

    sys.exit(main())

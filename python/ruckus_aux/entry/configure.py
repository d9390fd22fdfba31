# SPDX-License-Identifier: GPL-3.0-or-later
"""What configure asks Python: it answers with assignments for the shell.

Run as `python -m ruckus_aux.entry.configure NAME=VALUE...` by m4/ruckus_options.m4.
"""

import shlex
import sys
from pathlib import Path

from ruckus_aux.runs.configuration import REPEATABLE, Configuration, given_by


def main(arguments: list[str]) -> int:
    """Check NAME=VALUE arguments; print shell assignments, or every mistake on standard error."""
    given = dict(argument.split("=", 1) for argument in arguments)
    typed = given_by(shlex.split(given["options"]), Path(given["srcdir"]), Path(given["builddir"]))
    configuration = Configuration(given | {name: typed[name] for name in REPEATABLE if typed[name]})
    configuration.check()
    for error in configuration.errors:
        print(f"configure: error: {error.message}", file=sys.stderr)
        for line in error.hint.splitlines():
            print(f"  {line}", file=sys.stderr)
    if configuration.errors:
        return 1
    notes = "".join(f"\n  note: {note}" for note in configuration.notes)
    for name, value in {**configuration.answers, "ruckus_notes": notes}.items():
        print(f"{name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: GPL-3.0-or-later
"""What configure asks Python: it answers with assignments for the shell.

Run as `python -m ruckus_aux.entry.configure NAME=VALUE...` by m4/ruckus_options.m4.
"""

import shlex
import sys
from pathlib import Path

from ruckus_aux.runs.configuration import Configuration
from ruckus_aux.settings.options import OPTIONS, given_by


def main(arguments: list[str]) -> int:
    """Check NAME=VALUE arguments; print shell assignments, or every mistake on standard error."""
    given = dict(argument.split("=", 1) for argument in arguments)
    typed = given_by(shlex.split(given["options"]), Path(given["srcdir"]), Path(given["builddir"]))
    # Of an option that is given several times, autoconf keeps the last alone.
    repeated = {option.key: typed[option.key] for option in OPTIONS if option.repeatable and typed[option.key]}
    configuration = Configuration(given | repeated)
    configuration.check()
    for error in configuration.mistakes.errors:
        print(f"configure: error: {error.message}", file=sys.stderr)
        for line in error.hint.splitlines():
            print(f"  {line}", file=sys.stderr)
    if configuration.mistakes.errors:
        return 1
    notes = "".join(f"\n  note: {note}" for note in configuration.notes)
    answers = {**configuration.answers, "ruckus_notes": notes, "ruckus_conf": configuration.conf()}
    for name, value in answers.items():
        print(f"{name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

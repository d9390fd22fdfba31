# SPDX-License-Identifier: GPL-3.0-or-later
"""`invoke build --notify=COMMAND`: notify someone who went away that a run is over."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import sarge

from ruckus_aux.host.signals import INTERRUPTED
from ruckus_aux.words.terminal import printable

LIMIT = 60  # seconds that the command may take
_GRACE = 5  # seconds between asking it to end and ending it
_TIMED_OUT = 124  # exit status of timeout(1)


@dataclass(frozen=True)
class Result:
    """How a run ended.

    run: its name. status: exit status. folder: of the build. wall: seconds.
    summary: a line for a person.
    """

    run: str
    status: int
    folder: Path
    wall: float
    summary: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the command gets."""
        word = {0: "success", INTERRUPTED: "interrupted"}.get(self.status, "failed")
        return {
            "RUCKUS_RUN": self.run,
            "RUCKUS_STATUS": str(self.status),
            "RUCKUS_RESULT": word,
            "RUCKUS_BUILD_DIR": str(self.folder),
            "RUCKUS_WALL": f"{self.wall:.0f}",
            "RUCKUS_SUMMARY": " ".join(printable(self.summary).split()),
        }


def notify(command: str, result: Result) -> None:
    """Run a command of the user's, in sh; if it fails, that is only a warning.

    Args:
        command: A line of shell.
        result: What it gets in its environment.
    """
    # timeout(1) ends the command with all that it has started, in its process group.
    words = ["timeout", f"--kill-after={_GRACE}", str(LIMIT), "sh", "-c", command]
    job = sarge.Command(words, env=result.environment)
    try:
        with open(os.devnull, "rb") as nothing:
            job.run(input=nothing, async_=True)
        status = job.wait()
    except (OSError, ValueError) as error:
        _warn(command, str(error))
    except KeyboardInterrupt:
        job.terminate()
        _warn(command, "interrupted")
    else:
        if status == _TIMED_OUT:
            _warn(command, f"stopped after {LIMIT} seconds")
        elif status:
            _warn(command, f"exit status {status}")


def _warn(command: str, reason: str) -> None:
    print(f"ruckus: warning: --notify={printable(command)}: {printable(reason)}", file=sys.stderr)

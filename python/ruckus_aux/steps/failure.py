# SPDX-License-Identifier: GPL-3.0-or-later
"""A step whose script failed: what a person is told."""

from ruckus_aux.host.process import Usage
from ruckus_aux.recipes.plan import Step
from ruckus_aux.steps import logs
from ruckus_aux.steps.diagnosis import crash, first_error
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.terminal import duration


class StepFailed(RuckusError):
    """A step's script failed; usage is what it cost until then, reason why, when that is not its exit status."""

    def __init__(self, message: str, hint: str, usage: Usage, reason: str = "") -> None:
        super().__init__(message, hint)
        self.usage = usage
        self.reason = reason


class Crashed(StepFailed):
    """A step's script died by no fault of the source; reason says how."""


def failure(step: Step, usage: Usage, usual: float, *, resumable: bool) -> StepFailed:
    """The error of a script that ended badly, with the first error of its log and the way to look at it.

    Args:
        step: the step.
        usage: with its exit status, and whether it was stopped.
        usual: seconds that it takes otherwise.
        resumable: whether its working folder has what it takes to resume it.
    """
    log = step.settings.log(step.name)
    output = logs.read(log).output
    lines = "\n".join(f"    {line}" for line in first_error(output) or ["(it has said nothing)"])
    ruckus = step.settings.builddir / "ruckus"
    where = f"log:     {log}\nenter:   {ruckus} shell {step.name}"
    if resumable:
        where += f"\nresume:  {ruckus} step {step.name} --resume"
    again = "again:   the same make command continues with this step"
    if usage.stopped:
        reason = f"stopped after {duration(usage.wall)}; usually it takes {duration(usual)}"
        more = f"{again}; to let it take longer,\n         give a larger STEP_TIMEOUT (build: --step-timeout)"
        return StepFailed(f"{step.name} was {reason}\n{lines}", f"{where}\n{more}", usage, reason)
    # Programs of a test suite may die, and it goes on.
    reason = "" if logs.results_of_tests(log) else crash(usage.status, output)
    how = reason or f"exit status {usage.status}"
    kind = Crashed if reason else StepFailed
    return kind(f"{step.name} failed ({how})\n{lines}", f"{where}\n{again}", usage, reason)

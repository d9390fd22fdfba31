# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of a system has found, for a person or as JSON."""

import json
import sys
from collections.abc import Iterable
from contextlib import redirect_stdout

from ruckus_aux.systems.finding import Finding
from ruckus_aux.words.errors import Mistakes


def report_findings(arch: str, findings: Iterable[Finding], *, as_json: bool) -> None:
    """Print a line for each finding, as soon as there is one.

    Args:
        arch: The system's architecture.
        findings: Of its check.
        as_json: Print an array of them at the end instead; what else is said goes to standard error.

    Raises:
        RuckusError: Something is wrong: all of it, each with its way out.
    """
    found = []
    with redirect_stdout(sys.stderr if as_json else sys.stdout):
        for finding in findings:
            found.append(finding)
            print(f"  {finding.result.upper():<8} {finding.subject:<22} {finding.detail}", flush=True)
    if as_json:
        print(json.dumps([_described(finding) for finding in found], indent=2))
    faults = Mistakes(fault for finding in found for fault in finding.faults)
    faults.check(f"faults in the system for {arch}")


def _described(finding: Finding) -> dict[str, object]:
    faults = [{"message": fault.message, "hint": fault.hint} for fault in finding.faults]
    return {"subject": finding.subject, "result": finding.result, "detail": finding.detail, "faults": faults}

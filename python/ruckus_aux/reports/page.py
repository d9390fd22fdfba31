# SPDX-License-Identifier: GPL-3.0-or-later
"""`invoke report`: a run as one self-contained HTML page, as JSON, and as a trace for Perfetto."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ruckus_aux.host.writing import write_whole
from ruckus_aux.reports.history import RunHistory, StepHistory, repeating_command
from ruckus_aux.reports.rendering import render_page
from ruckus_aux.words.terminal import MB, duration

_MICRO = 1_000_000


def data(record: RunHistory) -> dict[str, Any]:
    """A run as plain values: what report.json holds."""
    return {
        "run": record.run.run,
        "status": record.status,
        "request": repeating_command(record.run),
        "started": record.run.started,
        "ended": record.ended,
        "wall": record.wall,
        "cpu": record.cpu,
        "jobs": record.run.jobs,
        "reasons": record.end.reason.splitlines() if record.end else [],
        "archs": record.run.archs.split(","),
        "idle": idle(record),
        "saved": sum(row.saved for row in record.rows),
        "steps": [
            {
                **{name: value for name, value in asdict(row.entry).items() if name != "run"},
                "arch": row.arch,
                "where": row.where,
                "log": str(row.log) if row.log else None,
                "error": list(row.error),
                "saved": row.saved,
            }
            for row in record.rows
        ],
        "builders": [asdict(builder) for builder in record.builders],
        "samples": [
            {name: value for name, value in asdict(sample).items() if name != "run"} for sample in record.samples
        ],
    }


def idle(record: RunHistory) -> float:
    """The share of the processors that jobs could have used, and that was idle, over the samples of a run."""
    used = [min(sample.busy, record.run.jobs) / record.run.jobs for sample in record.samples]
    return 1 - sum(used) / len(used) if used else 0.0


def trace(record: RunHistory) -> dict[str, Any]:
    """A run in the Trace Event Format, which ui.perfetto.dev opens; each architecture is a process in it."""
    events: list[dict[str, Any]] = []
    for pid, arch in enumerate(record.run.archs.split(","), start=1):
        events.append({"ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": {"name": arch}})
        for tid, lane in enumerate(lanes([row for row in record.rows if row.arch == arch]), start=1):
            for row in lane:
                entry = row.entry
                event = {"ph": "X", "name": entry.step, "cat": entry.outcome, "pid": pid, "tid": tid}
                event |= {"ts": round(entry.started * _MICRO), "dur": round(entry.wall * _MICRO)}
                details = {"cpu": round(entry.cpu, 1), "peak": entry.peak, "key": entry.key, "where": row.where}
                events.append({**event, "args": details})
    for sample in record.samples:
        at = {"ph": "C", "pid": 0, "ts": round(sample.time * _MICRO)}
        events.append({**at, "name": "processors busy", "args": {"busy": sample.busy}})
        events.append({**at, "name": "memory", "args": {"MB": sample.memory}})
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def lanes(rows: list[StepHistory]) -> list[list[StepHistory]]:
    """Steps put into as few lanes as possible, so that none of a lane overlap."""
    found: list[list[StepHistory]] = []
    for row in sorted(rows, key=lambda row: row.entry.started):
        for lane in found:
            if lane[-1].entry.started + lane[-1].entry.wall <= row.entry.started:
                lane.append(row)
                break
        else:
            found.append([row])
    return found


def _curve(record: RunHistory, values: list[float], highest: float) -> str:
    """The points of an area below a curve, in a box of 1000 by 100, for SVG."""
    places = [1000 * (sample.time - record.run.started) / record.wall for sample in record.samples]
    points = [f"{x:.1f},{100 - 100 * min(1.0, y / highest):.1f}" for x, y in zip(places, values, strict=True)]
    return " ".join([f"{places[0]:.1f},100", *points, f"{places[-1]:.1f},100"]) if points else ""


def html(record: RunHistory, folder: Path) -> str:
    """The page.

    Args:
        record: The run.
        folder: Where the page will be, for its links to logs.
    """
    values = data(record)
    archs = values["archs"]
    busiest = max([values["jobs"], *(sample.busy for sample in record.samples)])
    memory = max([1, *(sample.memory for sample in record.samples)])
    more = {
        "ticks": _ticks(record.wall),
        "lanes": {
            arch: lanes([row for row in record.rows if row.arch == arch and row.entry.started < record.ended])
            for arch in archs
        },
        "rows": record.rows,
        "bad": [row for row in record.rows if row.entry.outcome in ("failed", "crashed")],
        "installed": sorted(
            (row for row in record.rows if row.entry.artifact), key=lambda row: row.entry.artifact, reverse=True
        ),
        "tests": [row for row in record.rows if row.entry.tests],
        "shared": [row for row in record.rows if row.saved or row.entry.hits],
        "busy": _curve(record, [sample.busy for sample in record.samples], busiest),
        "busiest": busiest,
        "memory": _curve(record, [float(sample.memory) for sample in record.samples], memory),
        "most_memory": memory * MB,
    }
    return render_page("report.html", folder, {**values, **more})


def _ticks(wall: float) -> list[tuple[float, str]]:
    """Marks of a time axis: where (per cent) and when."""
    step = next((step for step in (1, 5, 10, 30, 60, 300, 600, 1800, 3600) if wall / step <= 10), 7200)
    return [(100 * second / wall, duration(second)) for second in range(0, int(wall) + 1, step)]


def write(record: RunHistory, folder: Path) -> Path:
    """Write index.html, report.json and trace.json.

    Args:
        record: The run.
        folder: Where to; it is created.

    Returns:
        The page's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.json": json.dumps(data(record), indent=1),
        "trace.json": json.dumps(trace(record)),
        "index.html": html(record, folder),
    }
    for name, text in texts.items():
        write_whole(folder / name, text)
    return folder / "index.html"

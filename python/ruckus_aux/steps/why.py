# SPDX-License-Identifier: GPL-3.0-or-later
"""`ruckus why`: compare what a step's key is made of with what it was made of when it was last merged."""

from ruckus_aux.artifacts.store import Store
from ruckus_aux.recipes.plan import Step
from ruckus_aux.settings.stamps import stamps


def explain_step(step: Step) -> str:
    """Why a step would run, be taken from the store, or be left alone, in a few lines."""
    key, inputs = step.key, step.inputs
    missing = [source for source in step.sources if source.fetched is None]
    if missing:
        names = ", ".join(f"{source.name} {source.version}" for source in missing)
        return f"{step.name} would run: not downloaded yet: {names}"
    last = next((stamp for stamp in stamps(step.settings) if stamp.step == step.name), None)
    if last and last.key == key:
        if lost := last.missing():
            return f"{step.name} would be merged again: {last.root / lost[0]} is missing ({len(lost)} in all)"
        return f"{step.name} is up to date: key {key} is merged into {last.root}"
    lines = [_verdict(step)]
    if last is None:
        return "\n".join([*lines, "  it was never merged in this build directory"])
    for name in sorted(inputs.keys() | last.inputs.keys()):
        if inputs.get(name) != last.inputs.get(name):
            change = "changed" if name in last.inputs and name in inputs else "new" if name in inputs else "gone"
            lines.append(f"  {name}: {change}")
    return "\n".join(lines)


def _verdict(step: Step) -> str:
    if step.key in Store(step.settings.cache):
        return f"{step.name} would be taken from the store: key {step.key} is there"
    return f"{step.name} would run: key {step.key} is not in the store"

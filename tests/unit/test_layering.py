# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules import what is below them, and the stack of them stays low."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from unit.samples import TOP

# From the lowest; wings on one line don't know each other.
WINGS = (
    ("words",),
    ("host",),
    ("settings",),
    ("recipes",),
    ("artifacts",),
    ("sources",),
    ("steps", "storage"),
    ("systems",),
    ("builders",),
    ("reports",),
    ("runs",),
    ("entry",),
    ("tasks",),
)
MOST_LEVELS = 12
HEIGHT = {wing: height for height, wings in enumerate(WINGS) for wing in wings}


def modules() -> dict[str, Path]:
    found = {"tasks.py": TOP / "tasks.py"}
    for path in (TOP / "python" / "ruckus_aux").rglob("*.py"):
        found[".".join(path.relative_to(TOP / "python").with_suffix("").parts).removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """What a module imports of ours, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known or node.module in known:
                    yield inner if inner in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)


def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: {other for other in imported(path, known) if other != name} for name, path in known.items()}


def wing(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "ruckus_aux" and len(parts) > 1 else ""


def test_wings_import_downwards_only() -> None:
    upward = [
        f"{module} -> {other}"
        for module, others in graph().items()
        for other in others
        if wing(module) in HEIGHT
        and wing(other) in HEIGHT
        and wing(module) != wing(other)
        and HEIGHT[wing(module)] <= HEIGHT[wing(other)]
    ]
    assert not upward, upward


def test_every_module_is_in_a_wing() -> None:
    outside = {module for module in modules() if wing(module) not in HEIGHT}
    assert outside == {"ruckus_aux", "ruckus_aux.__main__", "tasks.py"}


def test_the_stack_is_low_and_has_no_circle() -> None:
    imports = graph()
    levels: dict[str, int] = {}
    for module in TopologicalSorter(imports).static_order():
        levels[module] = 1 + max((levels[other] for other in imports[module]), default=0)
    highest = max(levels.values())
    assert highest <= MOST_LEVELS, [module for module, level in levels.items() if level == highest]


def test_a_public_name_is_defined_once() -> None:
    """Tasks are called as people type them, and a program has its main."""
    defined: dict[str, list[str]] = {}
    for module, path in modules().items():
        if wing(module) in HEIGHT and wing(module) != "tasks":
            for name in public_names(ast.parse(path.read_text())):
                defined.setdefault(name, []).append(module)
    assert {name: where for name, where in defined.items() if len(where) > 1 and name != "main"} == {}


def public_names(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))

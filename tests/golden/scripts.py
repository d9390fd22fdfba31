# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of all shipped steps, as files: of x86_64 whole, of the other architectures what differs.

They are the tiny profile's, and the final system's; ARCH-clfs.diff is what differs from the former in the clfs profile,
ARCH-final.diff, what differs in the final system from that of x86_64, and ARCH-given.diff, what differs there when
everything is given that configure asks for.

A change of a recipe, or of what recipes are written with, shows here as a diff of shell.
`make update-golden`, or `python -m golden.scripts`, writes them.
"""

import shutil
import textwrap
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path

from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Step
from ruckus_aux.recipes.stages import TALLY
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import ARCHITECTURES, Architecture

GOLDEN = Path(__file__).parent
TOP = GOLDEN.parents[1]
WHOLE = "x86_64"


def settings(arch: Architecture, profile: str = "tiny") -> Settings:
    """A build directory with the book's prefixes, on a host that lacks nothing."""
    nowhere = Path("/b")
    return Settings(
        srcdir=TOP,
        builddir=nowhere,
        buildroot=nowhere,
        clfs=nowhere / "baby",
        cache=nowhere / "cache",
        arch=arch,
        profile=profile,
        tests="all",
        prefix_cross="/cross-tools",
        prefix_tools="/tools",
        prefix_hostprep="/hostprep",
        isolation="bwrap",
        cpucount=2,
        xen_version="4.17" if arch.main_abi.bits == "64" else "",
    )


def _page(step: Step, arch: Architecture) -> str:
    """What a step's key is made of, as text: what it declares, and its script."""
    own = [need.name for need in step.needs[step.implied :]]
    declared = {
        "needs": [*(["the-whole-system"] if step.implied else []), *own],
        "tools": step.tools,
        "sources": [source.file or source.name for source in step.sources],
        "files": [path.name for path in step.files],
        "replaces": step.replaces,
        "objects": [step.objects] if step.objects else [],
        "freestanding": ["yes"] if step.freestanding else [],
        "layout": step.layout,
    }
    head = "".join(f"# {word}: {' '.join(names)}\n" for word, names in declared.items() if names)
    tally = textwrap.dedent(TALLY).strip("\n")
    return head.replace(f" {arch.name}/", " ") + step.script.replace(tally, "# stages.TALLY")


def _given(of: Settings) -> Settings:
    """The same, with all that the final system can be told; debug is apart, because all scripts differ by that."""
    return replace(
        of,
        hostname="box",
        timezone="Europe/Berlin",
        locale="de_DE.UTF-8@euro",
        root_password_hash="$6$salt$hash",
        authorized_key=TOP / "LICENSE",
        user="me",
        overlay=TOP / "docs",
    )


def pages(of: Settings) -> dict[str, str]:
    """The page of each shipped step, by its name below the architecture's."""
    return {
        step.name.within_arch: _page(step, of.arch)
        for step in sorted(evaluate(of).steps.values(), key=lambda step: step.name)
    }


def _of_final(of: Settings) -> dict[str, str]:
    return {name: page for name, page in pages(of).items() if name.startswith("final/")}


def _difference(ours: dict[str, str], others: dict[str, str], names: tuple[str, str]) -> str:
    def lines(of: dict[str, str], name: str) -> list[str]:
        return of.get(name, "").splitlines(keepends=True)

    def label(of: dict[str, str], folder: str, name: str) -> str:
        return f"{folder}/{name}.sh" if name in of else "/dev/null"

    return "".join(
        "".join(
            unified_diff(
                lines(ours, name), lines(others, name), label(ours, names[0], name), label(others, names[1], name), n=1
            )
        )
        for name in sorted(ours | others)
    )


def rendered() -> dict[str, str]:
    """Every golden file's content, by its path in this folder."""
    finally_ours = settings(ARCHITECTURES[WHOLE], "final")
    ours, ours_finally = pages(settings(ARCHITECTURES[WHOLE])), _of_final(finally_ours)
    files = {f"{WHOLE}/{name}.sh": page for name, page in (ours | ours_finally).items()}
    files[f"{WHOLE}-given.diff"] = _difference(ours_finally, _of_final(_given(finally_ours)), (WHOLE, f"{WHOLE}-given"))
    for name, arch in ARCHITECTURES.items():
        tiny = ours if name == WHOLE else pages(settings(arch))
        if name != WHOLE:
            files[f"{name}.diff"] = _difference(ours, tiny, (WHOLE, name))
            files[f"{name}-final.diff"] = _difference(ours_finally, _of_final(settings(arch, "final")), (WHOLE, name))
        files[f"{name}-clfs.diff"] = _difference(tiny, pages(settings(arch, "clfs")), (name, f"{name}-clfs"))
    return files


def kept() -> dict[str, str]:
    """What the files say today."""
    return {
        str(path.relative_to(GOLDEN)): path.read_text()
        for path in [*GOLDEN.glob("*.diff"), *GOLDEN.glob(f"{WHOLE}/**/*.sh")]
    }


def main() -> None:
    """Write the golden files anew; git shows what changed."""
    files = rendered()
    shutil.rmtree(GOLDEN / WHOLE, ignore_errors=True)
    for name, content in files.items():
        path = GOLDEN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample recipes, artifacts and build directories."""

import shutil
import time
from pathlib import Path

from ruckus_aux.artifacts.store import Store
from ruckus_aux.builders.machine import Builder
from ruckus_aux.recipes.plan import Plan, Step
from ruckus_aux.settings.settings import CONF_NAMES, Settings
from ruckus_aux.steps.merge import merge
from ruckus_aux.storage.layout import builddir_of, cache_of, clfs_of, prefix_of
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.paths import CONF
from ruckus_aux.words.step_name import StepName

TOP = Path(__file__).parents[2]
MANIFEST = """
[zlib]
version = "1.3"
file = "zlib-1.3.tar.xz"
sha256 = "aa"
urls = ["https://example.org/"]
"""
ZLIB = """
from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
recipe = Recipe("zlib")

@recipe.step("hostprep")
def hostprep(sh: Script) -> None:
    '''the library'''
    sh.unpack()
    sh.make("install")
"""
PIGZ = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("pigz", source="zlib")

@recipe.step("stage1")
def stage1(sh):
    '''the program'''
    sh.needs("hostprep/zlib")
    sh.tools("m4")
    sh.unpack()
    sh.make("install")
"""
OTHER = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("other")

@recipe.step("cross", per_abi=True)
def cross(sh, abi):
    '''once per ABI'''
    sh.sh(f"echo {abi.flag}")
"""

TINY = 'steps = ["cross/other", "stage1/pigz"]'
COSTS = """
[steps]
"hostprep/zlib" = { cpu = 5, memory = 10 }
"stage1/pigz" = { cpu = 7, memory = 10 }
"cross/other-32" = { cpu = 1, memory = 1 }
"cross/other-64" = { cpu = 1, memory = 1 }
"cross/lib" = { cpu = 100, shared_cpu = 10, memory = 10 }
"""

VALUES = {
    **dict.fromkeys((*CONF_NAMES, "hostprep_tools"), ""),
    "srcdir": "/src",
    "buildroot": "/b",
    "clfs": "/b/baby",
    "cache": "/c",
    "arch": "i686",
    "profile": "tiny",
    "prefix_cross": "/cross-tools",
    "prefix_tools": "/tools",
    "prefix_hostprep": "/hostprep",
    "isolation": "bwrap",
    "cpucount": "4",
    "mirrors": "/m1 /m2",
    "packages": "/p1 /p2",
    "hostprep_tools": "m4 bison",
    "hostprep_only": "no",
    "sharing": "yes",
    "debug": "no",
    "documentation": "yes",
    "translations": "all",
}


def configured(tmp_path: Path, **changes: str) -> Path:
    """A build directory with a ruckus.conf like configure's."""
    lines = [f"{name} = {value}\n" for name, value in {**VALUES, **changes}.items()]
    (tmp_path / CONF).write_text("".join(["[ruckus]\n", *lines]))
    return tmp_path


def tree(path: Path, **files: str) -> Path:
    """An artifact; names stand for paths, with __ for a slash."""
    for name, content in files.items():
        file = path / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return path


def settings_in(srcdir: Path, folder: Path, arch: str, cpucount: int = 1) -> Settings:
    """The settings of an architecture in the folder of a build of several, by default.

    Args:
        srcdir: The source tree.
        folder: The folder.
        arch: The architecture.
        cpucount: How many jobs run.
    """
    known = ARCHITECTURES[arch]
    builddir = builddir_of(folder, known)
    return Settings(
        srcdir=srcdir,
        builddir=builddir,
        buildroot=builddir,
        clfs=clfs_of(folder, known),
        cache=cache_of(folder),
        arch=known,
        profile="tiny",
        prefix_cross=f"/cross-tools-{known.string}",
        prefix_tools=f"/tools-{known.string}",
        prefix_hostprep="/hostprep",
        isolation="bwrap",
        cpucount=cpucount,
        prefix=prefix_of(folder),
    )


def built(plan: Plan, *names: str) -> None:
    """Put an artifact of one file into the store for each step, and merge it."""
    for name in names:
        step = plan[name]
        store = Store(plan.settings.cache)
        if step.key not in store:
            artifact = tree(plan.settings.work(name) / "out", **{f"share__{name.replace('/', '-')}": name})
            store.add(step.key, artifact, name, inside=Path("/ruckus"), ended=time.time_ns())
            shutil.rmtree(plan.settings.work(""))
        merge(step, store.tree(step.key))


def installed(settings: Settings, name: str, artifact: Path, key: str = "key") -> None:
    """Merge a tree as the artifact of a step that no recipe has."""
    step = Step(settings, StepName(name))
    vars(step).update(key=key, inputs={"script": key})
    merge(step, artifact)


def no_builder(plan: Plan) -> Builder:
    """For runs that start no machine."""
    raise AssertionError(plan)

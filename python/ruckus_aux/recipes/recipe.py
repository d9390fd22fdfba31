# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recipe is written with: a Recipe, and the Script that its functions record.

A recipe reads like a page of the CLFS book and runs nothing: calling one of its functions for an architecture
records a POSIX sh script, which is what runs in the sandbox, what `ruckus show` prints, and what is hashed.
The script finds everything through variables: $SOURCES (archives), $FILES (the recipe's own files), $SRC (the
unpacked source), $BUILD (an empty directory), $OUT (what DESTDIR is in make install).
A source that several steps use is best unpacked and patched once, for all of them: Script.shared_source.
"""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ruckus_aux.host.visible import visible
from ruckus_aux.recipes.book import sed_program
from ruckus_aux.recipes.manifest import Source
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import Abi, Architecture
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import SOURCE, STAGES, Stage

BUILD_MACHINE = "x86_64-cross-linux-gnu"
# The host's compilers, at a language that does not depend on their age: from gcc 15 on, C would be C23, which older
# sources are not written in. It stands before all flags, so a source that wants another standard gets that.
HOST_CC, HOST_CXX = "gcc -std=gnu17", "g++ -std=gnu++17"


@dataclass(frozen=True)
class Phase:
    """One function of a recipe and what was declared with it; Recipe.step says what the fields mean."""

    stage: Stage
    name: str
    record: Callable[..., None]
    cpu: float
    memory: int
    disk: int
    installed: int
    shared_cpu: float
    profiles: tuple[str, ...]
    per_abi: bool
    replaces: tuple[str, ...]


class Recipe:
    """The description of one source package: where its source comes from and, per stage, how it is built."""

    def __init__(self, name: str, *, source: str = "") -> None:
        """Name a recipe.

        name: the package, as the CLFS book calls it.
        source: its entry in packages/sources.toml, when that is not the name; a recipe may have none at all.
        """
        self.name = name
        self.source = source or name
        self.phases: list[Phase] = []

    def step(
        self,
        stage: str,
        *,
        cpu: float,
        memory: int,
        disk: int = 0,
        installed: int = 0,
        shared_cpu: float = 0.0,
        name: str = "",
        profiles: tuple[str, ...] = (),
        per_abi: bool = False,
        replaces: tuple[str, ...] = (),
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Declare that the decorated function builds this package in a stage.

        stage: hostprep, cross or stage1.
        cpu: CPU seconds (user+sys) that it took somewhere; orders the build until the journal knows better.
        memory: MB of its largest process.
        disk: MB of its working folder at the end.
        installed: MB of what it installs.
        shared_cpu: CPU seconds when its host objects are there already (see Script.share_objects).
        name: the step's name, when it is not the recipe's.
        profiles: the profiles whose system this step belongs to; what it needs comes along by itself.
        per_abi: call the function once per ABI, as f(script, abi), for steps NAME-32 and NAME-64.
        replaces: steps of the same architecture whose files this step's files overwrite in $CLFS.
        """
        if stage not in STAGES:
            raise RuckusError(f"recipe {self.name}: unknown stage '{stage}'", f"choose one of: {', '.join(STAGES)}")

        def declare(record: Callable[..., None]) -> Callable[..., None]:
            phase = Phase(
                STAGES[stage],
                name or self.name,
                record,
                cpu,
                memory,
                disk,
                installed,
                shared_cpu,
                profiles,
                per_abi,
                replaces,
            )
            self.phases.append(phase)
            return record

        return declare


@dataclass
class Script:
    """Records one step. Its methods append to the script; its attributes are what a recipe may depend on."""

    settings: Settings
    sources: dict[str, Source]
    recipe: Recipe
    folder: Path
    arch: Architecture
    lines: list[str] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)
    used_tools: list[str] = field(default_factory=list)
    used_sources: list[str] = field(default_factory=list)
    used_files: list[Path] = field(default_factory=list)
    source: "Script | None" = None
    source_disk: int = 0
    objects: str = ""

    @property
    def prefix_cross(self) -> str:
        """PREFIX_CROSS, where the cross toolchain is."""
        return self.settings.prefix_cross

    @property
    def prefix_tools(self) -> str:
        """PREFIX_TOOLS, where the temporary system is."""
        return self.settings.prefix_tools

    @property
    def prefix_hostprep(self) -> str:
        """PREFIX_HOSTPREP, where the host's tools and libraries are that hostprep builds."""
        return self.settings.prefix_hostprep

    @property
    def target(self) -> str:
        """The triplet of the system that is being built."""
        return self.arch.target

    def version(self, source: str = "") -> str:
        """The version of a source (by default the recipe's own)."""
        return self._source(source or self.recipe.source).version

    def needs(self, *steps: str) -> None:
        """Declare dependencies: STAGE/PACKAGE of this architecture, or hostprep/PACKAGE. Only these are in the view."""
        for step in steps:
            name = step if step.startswith("hostprep/") else f"{self.arch.name}/{step}"
            if name not in self.needed:
                self.needed.append(name)

    def tools(self, *names: str) -> None:
        """Declare tools that the build runs; those that the host lacks become dependencies on hostprep."""
        for name in names:
            if name in self.settings.hostprep_tools:
                self.needs(f"hostprep/{name}")
            elif name not in self.used_tools:
                self.used_tools.append(name)

    def sh(self, text: str) -> None:
        """Append lines of shell as they are; indentation common to all of them is removed."""
        self.lines += textwrap.dedent(text).strip("\n").splitlines()

    def unpack(self, source: str = "", *, without: tuple[str, ...] = ()) -> None:
        """Unpack a source (by default the recipe's own) into $SRC and go there.

        without: shell patterns below the archive's top folder of what is not to be unpacked.
        """
        name = source or self.recipe.source
        entry = self._source(name)
        if name not in self.used_sources:
            self.used_sources.append(name)
        self.lines += entry.unpack_commands(without)
        self.sh('cd "$SRC"')

    def patch(self, *, strip: int = 1) -> None:
        """Apply the patches in the recipe's patches folder, rewritten to the configured prefixes, in sorted order."""
        for path in visible(self.folder, "patches/*.patch"):
            if b"/tools" not in path.read_bytes() and b"/cross-tools" not in path.read_bytes():
                # Nothing to rewrite: the same for every architecture, whose sources can then be one.
                self.sh(f'patch -d "$SRC" -p{strip} -i "$FILES/{self._file(path)}"')
                continue
            program = "".join(f" -e '{line}'" for line in sed_program(self.prefix_cross, self.prefix_tools))
            # Not through a pipe: sh would not notice if sed fails.
            self.sh(f"""
                sed -E{program} "$FILES/{self._file(path)}" > "$SRC/ruckus.patch"
                patch -p{strip} -i "$SRC/ruckus.patch"
            """)

    def shared_source(self, *, disk: int = 0, without: tuple[str, ...] = ()) -> None:
        """Use the recipe's source and patches, unpacked once for every step and architecture that wants the same.

        $SRC is read-only, with all times alike: build in $BUILD, and see `edit`. Every step of a recipe that says
        this must say it in the same way.
        disk: MB that it takes unpacked.
        without: shell patterns below the archive's top folder of what is not to be unpacked.
        """
        self.source = Script(self.settings, self.sources, self.recipe, self.folder, self.arch)
        self.source.unpack(without=without)
        self.source.patch()
        self.source_disk = disk
        self.needed.append(f"{self.arch.name}/{SOURCE.name}/{self.recipe.name}")

    def edit(self, *files: str) -> None:
        """Make these files of a shared source writable: from here on $SRC is a folder of links into it with copies.

        files: paths below the top folder. Directories that end in a slash become directories of links, for what
        finds an edited file by going up from them.
        """
        copies = [name for name in files if not name.endswith("/")]
        folders = {name.rstrip("/") for name in files if name.endswith("/")}
        folders |= {str(parent) for name in files for parent in Path(name).parents}
        self.lines += ['shared=$SRC SRC="$HOME/edited"']
        for folder in sorted(folders):
            inside = sorted(
                Path(name).name for name in folders | set(copies) if str(Path(name).parent) == folder != name
            )
            others = "".join(f" ! -name {name}" for name in inside)
            links = f'-mindepth 1 -maxdepth 1{others} -exec ln -s -t "$SRC/{folder}" {{}} +'
            self.lines += [f'mkdir -p "$SRC/{folder}"', f'find "$shared/{folder}" {links}']
        self.lines += [f'cp "$shared/{name}" "$SRC/{name}"' for name in copies]
        self.sh('cd "$SRC"')

    def share_objects(self, family: str) -> None:
        """Compile with the host's compiler through ccache, so that steps of one family share what is equal.

        family: the same for steps that compile much the same; two of them are not built at the same moment, because
        then neither would find the other's objects.
        """
        self.objects = f"{self.recipe.name} {family}"

    def file(self, name: str) -> str:
        """Use a file of the recipe's folder; returns what the script calls it."""
        return f"$FILES/{self._file(self.folder / name)}"

    def configure(self, *options: str, env: str = "CFLAGS=-O2 CXXFLAGS=-O2", directory: str = "") -> None:
        """Run the source's configure out of tree, in $BUILD, one option on a line.

        With --host=BUILD_MACHINE it compiles with HOST_CC and HOST_CXX.
        env: assignments that stand before the command.
        directory: folder of the configure script below $SRC.
        """
        self.sh("""
            mkdir -p "$BUILD"
            cd "$BUILD"
        """)
        command = f'"$SRC/{directory + "/" if directory else ""}configure"'
        host = f"CC='{HOST_CC}' CXX='{HOST_CXX}' " if f"--host={BUILD_MACHINE}" in options else ""
        self.lines.append(" \\\n    ".join([f"{host}{env} {command}", *options]))

    def make(self, *arguments: str) -> None:
        """Run make in the current directory; never with -j, because it belongs to the run's jobserver."""
        self.lines.append(" ".join(["make", *arguments]))

    def write(self, path: str, content: str, mode: str = "") -> None:
        """Write a text file. path may hold variables; content is written as it is; mode is chmod's."""
        self.lines += [f'mkdir -p "{path.rpartition("/")[0]}"', f"cat > \"{path}\" <<'END'"]
        self.lines += [*content.strip("\n").split("\n"), "END"]
        if mode:
            self.lines.append(f'chmod {mode} "{path}"')

    def _file(self, path: Path) -> str:
        if not path.is_file():
            raise RuckusError(f"recipe {self.recipe.name}: {path}: no such file")
        if path not in self.used_files:
            self.used_files.append(path)
        return path.name

    def _source(self, name: str) -> Source:
        if name not in self.sources:
            raise RuckusError(
                f"recipe {self.recipe.name}: no source '{name}' in sources.toml", f"add an entry [{name}] there"
            )
        return self.sources[name]


def for_each_abi(phase: Phase, arch: Architecture) -> list[tuple[str, tuple[Abi, ...]]]:
    """The names of a phase's steps for an architecture, each with the arguments that its function takes besides."""
    if phase.per_abi:
        return [(f"{phase.name}-{abi.bits}", (abi,)) for abi in arch.abis]
    return [(phase.name, ())]

# SPDX-License-Identifier: GPL-3.0-or-later
"""The script of one step, as a recipe's function records it: POSIX sh.

It is what runs in the sandbox, what `ruckus show` prints, and what is hashed. It finds everything through variables:
$SOURCES (archives), $FILES (the recipe's own files), $SRC (the unpacked source), $BUILD (an empty directory), $OUT
(what DESTDIR is in make install).
A source that several steps use is best unpacked and patched once, for all of them: Script.shared_source.
"""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ruckus_aux.recipes.book import files_named, names_a_prefix, sed_program
from ruckus_aux.recipes.files import RecipeFiles
from ruckus_aux.recipes.given import given_name
from ruckus_aux.recipes.kconfig import Kconfig, merge_commands
from ruckus_aux.recipes.manifest import Source
from ruckus_aux.recipes.rights import Rights
from ruckus_aux.recipes.shell import quoted, replace_commands
from ruckus_aux.recipes.stages import STRIP, STRIP_ASIDE, TALLY, WITHOUT_MANUALS, Defaults, defaults
from ruckus_aux.settings.settings import Settings
from ruckus_aux.words.architecture import Abi, Architecture
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.stage import SOURCE, STAGES, Stage
from ruckus_aux.words.step_name import StepName


@dataclass
class Script(Rights):
    """Records one step. Its methods append to the script; its attributes are what a recipe may depend on.

    name: the recipe's. main_source: its entry in the manifest. files: those that belong to it.
    stage: the step's. configured_as: the stage whose prefix, triplets and compilers it gets.
    abi: what it is built for: the main ABI, where a step is not one of several.
    pieces: what was recorded: lines of whole commands, as each call has appended them.
    """

    settings: Settings
    sources: Mapping[str, Source]
    name: str
    main_source: str
    files: RecipeFiles
    stage: Stage
    configured_as: Stage
    abi: Abi
    pieces: list[str] = field(default_factory=list)
    needed: list[StepName] = field(default_factory=list)
    used_tools: list[str] = field(default_factory=list)
    used_sources: list[str] = field(default_factory=list)
    used_files: list[Path] = field(default_factory=list)
    source: "Script | None" = None
    objects: str = ""
    layout: list[str] = field(default_factory=list)
    is_freestanding: bool = False
    makers: list[StepName] = field(default_factory=list)
    only_tests: bool = False
    only_boots: bool = False
    only_shown: bool = False
    is_as_given: bool = False
    is_configured: bool = False
    configuration: Kconfig | None = None

    @property
    def arch(self) -> Architecture:
        """The architecture of the system that is being built."""
        return self.settings.arch

    @property
    def profile(self) -> str:
        """What is being built: tiny, clfs or final."""
        return self.settings.profile

    @property
    def target(self) -> str:
        """The triplet of the system that is being built."""
        return self.arch.target

    @property
    def prefix(self) -> str:
        """The stage's prefix."""
        return self.settings.stage_prefix(self.configured_as)

    @property
    def libdir(self) -> str:
        """Where libraries are, below the stage's prefix."""
        return f"{self.prefix}/{self.abi.libdir if self.configured_as.runs_on == 'target' else 'lib'}"

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

    def _defaults(self) -> Defaults:
        needed = {step.within_arch for step in self.needed}
        return defaults(
            self.configured_as,
            self.prefix,
            self.arch,
            self.abi,
            needed,
            debug=self.settings.debug,
            hardened=bool(self.set_uid_programs),
        )

    @property
    def compilers(self) -> dict[str, str]:
        """CC, CXX and their flags, as configure gets them; for makefiles of a source that has no configure."""
        return self._defaults().compilers

    def version(self, source: str = "") -> str:
        """The version of a source (by default the recipe's own)."""
        return self._source(source or self.main_source).version

    # What a step needs.

    def needs(self, *steps: str) -> None:
        """Declare dependencies: STAGE/PACKAGE, or PACKAGE of the same stage. Only these are in the view."""
        for step in steps:
            name, (stage, _, package) = self._named(step), step.rpartition("/")
            if name not in self.needed:
                self.needed.append(name)
            other, main = f"-{self.abi.bits}", f"-{self.arch.main_abi.bits}"
            if self.stage.documented and not stage and package.endswith(other) and other != main:
                self.needs(package.removesuffix(other) + main)  # which has the headers

    def _named(self, step: str) -> StepName:
        stage, _, package = step.rpartition("/")
        if (stage or self.stage.name) not in STAGES:
            raise RuckusError(f"it needs '{step}', but there is no such stage", f"choose of: {', '.join(STAGES)}")
        return StepName.of(self.arch.name, STAGES[stage or self.stage.name], package)

    def toolchain(self) -> None:
        """Declare what packages of the stage are built with; `configure` does so by itself."""
        self.needs(*self._defaults().needs)

    def tools(self, *names: str) -> None:
        """Declare tools that the build runs; those that the host lacks become dependencies on hostprep."""
        if names and not self.stage.sees_host:
            raise RuckusError(
                f"it wants the host's {names[0]}, but runs in the system that is built", 'name its step: needs("bison")'
            )
        for name in names:
            if name in self.settings.hostprep_tools:
                self.needs(f"hostprep/{name}")
            elif name not in self.used_tools:
                self.used_tools.append(name)

    # Sources, files and patches.

    def unpack(self, source: str = "", *, without: Iterable[str] = ()) -> None:
        """Unpack a source into $SRC and go there.

        Args:
            source: Its entry in the manifest; by default the recipe's own.
            without: Shell patterns below the archive's top folder of what is not to be unpacked.
        """
        name = source or self.main_source
        entry = self._source(name)
        if name not in self.used_sources:
            self.used_sources.append(name)
        self._record(*entry.unpack_commands(tuple(without)))
        self.sh('cd "$SRC"')

    def patch(self) -> None:
        """Apply the patches in the recipe's folder, rewritten to the configured prefixes, in order of their names.

        They are patches/*.patch, and those of this version of the source: patches/VERSION/*.patch.
        """
        for path in self._patches():
            self._apply(path)

    def shared_source(self, *, without: Iterable[str] = (), beside: Sequence[str] = ()) -> None:
        """Use the recipe's source and patches, unpacked once for every step and architecture that wants the same.

        $SRC is read-only, with all times alike: build in $BUILD. Every step of a recipe that says this must say it in
        the same way. Patches that name the book's prefixes are each architecture's own; when there are any, $SRC is a
        folder of links to the shared source, with copies of the files that they change.

        Args:
            without: Shell patterns below the archive's top folder of what is not to be unpacked.
            beside: Folders that find a changed file by going up from them (../gcc/tm.h).
        """
        self.source = Script(
            self.settings, self.sources, self.name, self.main_source, self.files, SOURCE, SOURCE, self.abi
        )
        self.source.unpack(without=without)
        own = [path for path in self._patches() if names_a_prefix(path)]
        for path in self._patches():
            if path not in own:
                self.source._apply(path)
        self.needed.append(StepName.of(self.arch.name, SOURCE, self.name))
        if own:
            self._copy(own, beside)
            for path in own:
                self._apply(path)
            self.sh('cd "$SRC"')

    def _copy(self, patches: Iterable[Path], beside: Iterable[str]) -> None:
        """Let $SRC be a folder of links to the shared source, with copies of the files that these patches change."""
        files = {name for path in patches for name in files_named(path, "---")}
        changed = files | {name for path in patches for name in files_named(path, "+++")}  # or added
        folders = {str(folder) for name in changed for folder in Path(name).parents} - {"."}
        self.sh(f"""
            shared=$SRC SRC="$HOME/edited"
            mkdir "$SRC"
            ln -s "$shared"/* "$SRC"
            for folder in {" ".join(sorted(folders | set(beside)))}; do
                rm "$SRC/$folder"
                mkdir "$SRC/$folder"
                ln -s "$shared/$folder"/* "$SRC/$folder"
            done
            for file in {" ".join(sorted(files))}; do
                cp --remove-destination "$shared/$file" "$SRC/$file"
            done
        """)

    def _patches(self) -> list[Path]:
        return self.files.patches(self.version() if self.main_source in self.sources else "")

    def _apply(self, path: Path) -> None:
        file = self._in_files(path)
        if names_a_prefix(path):
            program = " ".join(f"-e '{line}'" for line in sed_program(self.prefix_cross, self.prefix_tools))
            # Not through a pipe: sh would not notice if sed fails.
            self._record(f'sed -E {program} "{file}" > "$HOME/rewritten.patch"')
            file = "$HOME/rewritten.patch"
        self._record(f'patch -d "$SRC" -p1 -i "{file}"')

    def file(self, name: str) -> str:
        """Use a file of the recipe's folder; returns what the script calls it."""
        return self._in_files(self.files.find(name))

    def given(self, path: Path) -> str:
        """Use what configure was given: a file, or a folder, as an archive; returns what the script calls it.

        What is in a folder is installed as it is.
        """
        self.is_as_given = self.is_as_given or path.is_dir()
        return self._in_files(path)

    # Building.

    def in_source(self) -> None:
        """Build in $SRC: for what can't be built elsewhere, or would write the path to its source into messages."""
        self.sh("BUILD=$SRC")

    def configure(self, *options: str, env: Mapping[str, str] | None = None, defaults: bool = True) -> None:
        """Run the source's configure out of tree, in $BUILD, one option on a line.

        The stage gives it the prefix, the triplets and the compilers, and what it needs for that.

        Args:
            options: What the stage does not know; --enable-X replaces a --disable-X of the stage's, and so on.
            env: Assignments before the command, over the stage's compilers and their flags.
            defaults: Whether it gets the stage's options; without, for a configure script that is not autoconf's.
        """
        standard = self._defaults()
        variables, words = standard.compilers, standard.options
        if self.configured_as is self.stage:
            self.toolchain()
            variables, words = variables | standard.own_variables, words + standard.own_options
        self.sh("""
            mkdir -p "$BUILD"
            cd "$BUILD"
        """)
        assignments = [quoted(f"{name}={value}") for name, value in (variables | dict(env or {})).items()]
        # Of the final system, where the source is must not show: compilers write its path into messages.
        folder = '$(realpath --relative-to=. "$SRC")' if self.prefix == "/usr" else "$SRC"
        command = " ".join([*assignments, f'"{folder}/configure"'])
        of_stage = [word for word in words if _opposite(word) not in options] if defaults else []
        every = dict.fromkeys([*of_stage, *options])  # each once
        self._record(" \\\n    ".join([command, *map(quoted, every)]))
        self.is_configured = defaults

    def make(self, *words: str, directory: str = "") -> None:
        """Run make; never with -j, because it belongs to the run's jobserver.

        After `configure`, no manuals are made of texinfo's sources, unless MAKEINFO is among the words.

        Args:
            words: Targets, variables and options.
            directory: Where; by default the current one.
        """
        where = ["-C", directory] if directory else []
        self._record(self._make_command(*where, *words))

    def _make_command(self, *words: str) -> str:
        if self.is_configured and not any(word.startswith("MAKEINFO=") for word in words):
            words += (WITHOUT_MANUALS,)
        return " ".join(["make", *map(quoted, words)])

    def check(self, *words: str, expected: Mapping[str, str]) -> None:
        """Run a test suite to its end; the step fails when an unexpected test does, or when none passes.

        Results are those of automake (*.trs), DejaGnu and glibc (*.sum), and what autotest, perl's harness and GNU
        make's say; what has none of these tells by its exit status, as one test. What make could not make is a test
        that failed, too, called "make: TARGET": a suite that stops half way has other tests that pass.

        Args:
            words: For make.
            expected: Tests that fail although nothing is wrong, with reasons.
        """
        made = '&& echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"'
        self._record(f'{{ {self._make_command("-k", *words)} {made}; }} 2>&1 | tee "$HOME/said"')
        self.write("$HOME/expected", "\n".join(f"{name} # {reason}" for name, reason in sorted(expected.items())))
        self.sh(TALLY)

    def install(self, *words: str, directory: str = "", root: str = "DESTDIR") -> None:
        """Run make install into $OUT.

        Args:
            words: Other targets in place of install; variables and options.
            directory: Where; by default the current one.
            root: What this package's makefiles call DESTDIR.
        """
        has_target = any("=" not in word and not word.startswith("-") for word in words)
        self.make(*([] if has_target else ["install"]), *words, f"{root}=$OUT", directory=directory)

    def without_manuals(self) -> None:
        """Remove the manuals that make install has installed."""
        self.sh(f"""
            for manuals in doc info man; do
                rm -rf "$OUT{self.prefix}/share/$manuals"
            done
        """)

    def kconfig(
        self, base: str, *fragments: str, make: Sequence[str] = (), settle: str = "olddefconfig", apart: bool = False
    ) -> None:
        """Configure with Kconfig, as Linux and BusyBox are; the step fails when a fragment's option does not survive.

        Args:
            base: Make's target for the configuration to start with, such as tinyconfig.
            fragments: Files of the recipe's folder with what differs; a later one overrides an earlier one, and those
                that are laid over the recipe (--with-packages) override all of them.
            make: Words for make.
            settle: Make's target that decides what the fragments leave open; "oldconfig", where there is no other.
            apart: Whether it is built in $BUILD (make O=), not in the source.
        """
        if apart:
            self.make(*make, "O=$BUILD", base, directory="$SRC")
            self.sh('cd "$BUILD"')
        else:
            self.make(*make, base)
        names = [*map(self.file, fragments), *(self._in_files(path) for path in self.files.further_fragments())]
        self.sh(merge_commands([*map(quoted, names)], " ".join(["make", *map(quoted, [*make, settle])])))
        self.configuration = Kconfig(len(self.pieces), tuple(make), settle)

    # Lines, and changes of files.

    def sh(self, text: str) -> None:
        """Append lines of shell as they are; indentation common to all of them is removed."""
        self._record(*textwrap.dedent(text).strip("\n").splitlines())

    def _record(self, *lines: str) -> None:
        if lines:
            self.pieces.append("\n".join(lines))

    def replace(self, file: str, old: str, new: str) -> None:
        """Replace a text in a file, wherever it stands; the step fails when it is not there.

        Args:
            file: Its path from the current directory; may begin with a variable, such as $OUT.
            old: Text within a line, taken literally.
            new: What takes its place; may have several lines.
        """
        if not old or "\n" in old:
            raise RuckusError(f"replace: {old!r} is not a text within a line", "for more than that, write a patch")
        self._record(*replace_commands(file, old, new))

    def write(self, path: str, content: str) -> None:
        """Write a text file.

        Args:
            path: The file; it may contain variables.
            content: Written as it is.
        """
        folder = path.rpartition("/")[0]
        self._record(f'mkdir -p "{folder}"', f"cat > \"{path}\" <<'END'", *content.strip("\n").split("\n"), "END")

    def main_abi_only(self, *except_headers: str) -> None:
        """Leave programs, data and headers to the main ABI's step; another ABI's installs its libraries only.

        Args:
            except_headers: Patterns below the prefix of headers that only this ABI has.
        """
        if self.abi == self.arch.main_abi:
            return
        others = "".join(f" ! -path '{pattern}'" for pattern in except_headers)
        self.sh(f"""
            cd "$OUT{self.prefix}"
            rm -rf bin sbin etc share var libexec{' "$OUT/etc" "$OUT/var"' if self.prefix == "/usr" else ""}
            find include ! -type d{others} -delete
            find include -type d -empty -delete
        """)
        self._record(*(f"ls {pattern}" for pattern in except_headers))  # it fails when there is none

    def share_objects(self, family: str) -> None:
        """Compile with the host's compiler through ccache, so that steps of one family share what is equal.

        family: the same for steps that compile much the same; two of them are not built at the same moment, because
        then neither would find the other's objects.
        """
        self.objects = f"{self.name} {family}"

    def freestanding(self, *makers: str) -> None:
        """Say that what the step installs is the same wherever its toolchain is, and whatever libraries that has.

        So architectures whose compilers differ in nothing else share it: see `layout_only`.

        Args:
            makers: The steps that it is compiled with, as for `needs`, where what else it needs only runs meanwhile.
                Who has compiled them is nothing to what they compile (ruckus verify-self).
        """
        self.is_freestanding = True
        self.needs(*makers)
        self.makers = [self._named(maker) for maker in makers]

    def tests_only(self) -> None:
        """Say that the step runs tests, and installs nothing."""
        self.only_tests = True

    def boots_only(self) -> None:
        """Say that the step installs what boots the temporary system, and nothing that the final one is built with."""
        self.only_boots = True

    def shown_only(self) -> None:
        """Say that what the step installs is there for steps that need it, and no part of the system."""
        self.only_shown = True

    def layout_only(self, *texts: str) -> None:
        """Name texts whose lines in the script are about libraries only: code that uses none is compiled alike."""
        self.layout += texts

    def finish(self) -> None:
        """Append what is done in the stage with whatever a step has installed."""
        if self.stage.documented and not (self.only_tests or self.is_as_given):
            self.sh(STRIP_ASIDE if self.settings.debug else STRIP)
        if self.set_uid_programs:
            self.sh(f"""
                for program in {" ".join(self.set_uid_programs)}; do
                    readelf -dW "$OUT$program" | grep '(FLAGS_1) .* NOW PIE$'
                done
            """)

    def _in_files(self, path: Path) -> str:
        return f"$FILES/{self._file(path)}"

    def _file(self, path: Path) -> str:
        if not path.exists():
            raise RuckusError(f"{path}: no such file", "put it there, or name another")
        same = [other for other in self.used_files if other.name == path.name and other != path]
        if same:
            raise RuckusError(f"{path} and {same[0]} have one name in $FILES", "rename one of them")
        if path not in self.used_files:
            self.used_files.append(path)
        return given_name(path)

    def _source(self, name: str) -> Source:
        if name not in self.sources:
            raise RuckusError(f"no source '{name}' in sources.toml", f"add an entry [{name}] there")
        return self.sources[name]


def _opposite(option: str) -> str:
    """The option of configure that says the contrary of another: --disable-static, of --enable-static; "" for none."""
    for word, contrary in (("enable", "disable"), ("with", "without")):
        for one, other in ((word, contrary), (contrary, word)):
            if option.startswith(f"--{one}-"):
                return option.replace(one, other, 1)
    return ""

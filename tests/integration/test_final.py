# SPDX-License-Identifier: GPL-3.0-or-later
"""A final system of a few small packages, which a temporary one with some of this host's programs has built."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from integration.small import Small

RECIPE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("{name}")

@recipe.step("final")
def final(sh):
    '''a step'''
    sh.sh({text!r})
"""
SET_UID = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("su")

@recipe.step("final")
def final(sh):
    '''a step'''
    sh.needs("libc", "specs")
    sh.set_uid("/usr/bin/su")
    sh.write("$HOME/su.c", "int main (void) {{ return 0; }}")
    flags = " ".join(sh.compilers[name] for name in {names})
    sh.sh(f'mkdir -p "$OUT/usr/bin"; gcc {{flags}} -o "$OUT/usr/bin/su" "$HOME/su.c"')
"""


@dataclass(frozen=True)
class Final:
    """A build directory for one architecture, whose final system is built."""

    small: Small
    arch: str
    libdir: str

    def run(self, *command: str, status: int = 0) -> str:
        return self.small.run(*command, status=status, name=self.arch)

    def step(self, name: str) -> str:
        return f"{self.arch}/final/{name}"

    def recipe(self, name: str, text: str) -> None:
        (self.small.folder / "src/packages" / f"{name}.py").write_text(RECIPE.format(name=name, text=text))

    @contextmanager
    def configured(self, **options: str) -> Iterator[None]:
        """With other options of configure."""
        conf = self.build / "ruckus.conf"
        text = conf.read_text()
        given = "".join(f"{name} = {value}\n" for name, value in options.items())
        names = "|".join(options) or "^"
        conf.write_text(re.sub(rf"(?m)^({names}) = .*\n", "", text) + given)
        try:
            yield
        finally:
            conf.write_text(text)

    @property
    def build(self) -> Path:
        return self.small.folder / self.arch

    @property
    def root(self) -> Path:
        return self.build / "final"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    small = Small(tmp_path_factory.mktemp("final"))
    shutil.copytree(Path(__file__).with_name("final"), small.folder / "src/packages", dirs_exist_ok=True)
    yield small
    shutil.rmtree(small.folder)


@pytest.fixture(scope="module", params=[("x86_64", "lib64"), ("x86_64-64", "lib")], ids=["x86_64", "x86_64-64"])
def final(request: pytest.FixtureRequest, tree: Small) -> Final:
    final = Final(tree, *request.param)
    tree.builddir(final.arch, arch=final.arch)
    final.run("make", "bootstrap")
    assert "  READY    final" in final.run("make", "final")
    return final


def test_a_step_sees_programs_and_what_it_declares(final: Final) -> None:
    look = "cd /; for folder in * usr/bin/* tools/include tools/lib usr/include; do echo $folder: $(ls $folder); done"
    *folders, tools, libraries, headers = final.run("shell", final.step("silent"), "-c", look).splitlines()
    root = "bin dev etc lib lib64 proc root ruckus run sbin tmp tools usr var"
    assert " ".join(line.partition(":")[0] for line in folders if not line.startswith("usr/bin/")) == root
    programs = dict(line.split(": ") for line in folders if line.startswith("usr/bin/"))
    assert programs["usr/bin/gcc"] == "usr/bin/gcc"
    assert programs.keys() == {f"usr/bin/{path.name}" for path in (final.build / "baby/tools/bin").iterdir()}
    assert (tools, libraries, headers) == ("tools/include:", "tools/lib: gcc libhidden.so.1", "usr/include: stdio.h")
    assert "greet.h stdio.h" in final.run("shell", final.step("hello"), "-c", "echo $(ls /usr/include)")


def test_what_is_built_is_compiled_stripped_and_in_a_folder_of_its_own(final: Final) -> None:
    assert [path.name for path in (final.build / "baby").iterdir()] == ["tools"]
    # And no part of `specs`, which is only shown to others.
    assert sorted(path.name for path in final.root.iterdir()) == sorted({"bin", "boot", "lib", "lib64", "sbin", "usr"})
    assert (final.root / "lib64").readlink() == Path("usr", final.libdir)
    assert (final.root / "usr/share/hello").read_text() == "Hello, world!\n"
    files = [final.root / "usr/bin/hello", final.root / "usr" / final.libdir / "libgreet.so.1"]
    of_program, of_library = (
        subprocess.run(["readelf", "-ldSW", file], capture_output=True, text=True, check=True).stdout for file in files
    )
    assert "program interpreter: /lib64/ld-linux-x86-64.so.2]" in of_program
    assert "Shared library: [libgreet.so.1]" in of_program
    assert "Library soname: [libgreet.so.1]" in of_library
    for said in (of_program, of_library):
        assert ".dynsym" in said
        assert not re.search(r"\.symtab|\.debug", said)


def test_each_abi_has_its_libraries_and_the_main_one_the_rest(final: Final) -> None:
    classes = {}
    for path in sorted(path for path in (final.root / "usr").rglob("*word*") if "gcc" not in path.parts):
        said = subprocess.run(["readelf", "-h", path], capture_output=True, text=True, check=False).stdout
        classes[str(path.relative_to(final.root / "usr"))] = "".join(re.findall("ELF32|ELF64", said))
    libraries = {"lib/libword.so.1": "ELF32"} if final.libdir == "lib64" else {}
    main = {f"{final.libdir}/libword.so.1": "ELF64", "bin/word": "ELF64", "include/word.h": ""}
    assert classes == libraries | main


def test_the_check_names_what_is_of_the_temporary_system(final: Final) -> None:
    file = final.small.folder / "src/packages/hello.py"
    right = file.read_text()
    wrong = 'mkdir "$OUT/tools"; echo > "$OUT/tools/wrong"; chmod 755'
    file.write_text(right.replace("#!/bin/sh", "#!/tools/bin/sh").replace("chmod 755", wrong))
    final.run("make", "final")
    said = final.run("check", "--system=final", status=1)
    assert f"{final.root}/usr/bin/script holds the build's path /tools\n" in said
    assert f"{final.root}/usr/bin/script is run by /tools/bin/sh, which is not there\n" in said
    assert f"{final.root}/tools/wrong is in a folder of the build\n" in said
    assert said.count(f"see: ./ruckus show {final.step('script')}\n") == 3
    file.write_text(right)
    final.run("make", "final")
    assert final.run("check", "--system=final").count("  OK  ") == 3


def test_the_system_builds_its_packages_again(final: Final) -> None:
    """With all of it in sight: what a package takes that it has not named makes a difference. So does the machine."""
    said = final.run("verify-self", "hello", "of-kernel", "word", "silent", "release", status=1)
    assert f"  SAME     {final.step('hello')} " in said
    words = {f"word-{bits}" for bits in (("32", "64") if final.libdir == "lib64" else ("64",))}
    assert set(re.findall(r"  SAME     \S+/(word-\S+) ", said)) == words
    assert f"  DIFFERS  {final.step('silent')} " in said
    assert "    usr/bin/silent: now needs libgreet.so.1 of final/greet, which its step does not name\n" in said
    assert f"  SAME     {final.step('of-kernel')} " in said
    differ = f"{final.step('silent')} {final.step('release')}"
    assert f"2 of {4 + len(words)} steps are not the same, built again: {differ}\n" in said


def test_what_is_no_part_of_the_system_is_not_built_by_it(final: Final) -> None:
    said = final.run("verify-self", "hello", "specs", status=1)
    assert said.startswith(f"ruckus: error: no part of the finished system: {final.step('specs')}\n")


@pytest.mark.parametrize(("names", "status"), [(("CFLAGS", "LDFLAGS"), 0), (("CFLAGS",), 2)])
def test_a_program_that_is_roots_for_everybody_is_hardened(final: Final, names: tuple[str, ...], status: int) -> None:
    """The step fails when its source does not heed the flags that are for that."""
    (final.small.folder / "src/packages/su.py").write_text(SET_UID.format(names=names))
    assert (f"BUILT    {final.step('su')} " in final.run("make", final.step("su"), status=status)) == (status == 0)


def debugfs(image: Path, request: str) -> str:
    return subprocess.run(["debugfs", "-R", request, image], capture_output=True, text=True, check=True).stdout


def manuals(image: Path) -> str:
    names = debugfs(image, "ls -p /usr/share/man").split("/")[5::7]
    return " ".join(sorted(set(names) - {".", ".."}))


def test_an_image_of_it(final: Final, tmp_path: Path) -> None:
    image = tmp_path / f"final-{final.arch}.ext4"
    assert f"  IMAGE    {image} " in final.run("image", "--system=final", f"--output={image}")
    assert debugfs(image, "ls -p /").count("/tools/") == 0
    assert f'dest: "usr/{final.libdir}"' in debugfs(image, "stat /lib64")
    assert debugfs(image, "cat /usr/share/hello") == "Hello, world!\n"
    assert manuals(image) == "de man1 pt_BR.UTF-8"


# What else they may be: tests/unit/systems/test_optional.py.
@pytest.mark.parametrize(
    ("options", "kept"), [({"translations": "pt_BR"}, "man1 pt_BR.UTF-8"), ({"documentation": "no"}, "")]
)
def test_an_image_has_the_documentation_that_is_wanted(
    final: Final, tmp_path: Path, options: dict[str, str], kept: str
) -> None:
    image = tmp_path / "image"
    with final.configured(**options):
        final.run("image", "--system=final", f"--output={image}")
    assert manuals(image) == kept


def test_symbols_are_kept_aside_for_debuggers(final: Final) -> None:
    with final.configured(debug="yes"):
        final.run("make", "final")
        folder = final.root / "usr/lib/debug"
        (hello,) = folder.glob("usr/bin/h*.debug")  # of hello and hi, which are one file
        for symbols in (hello, folder / "usr" / final.libdir / "libgreet.so.1.debug"):
            program = final.root / symbols.relative_to(folder).with_suffix("")
            said = [
                subprocess.run(["readelf", "-SW", file], capture_output=True, text=True, check=True).stdout
                for file in (program, symbols)
            ]
            assert ".gnu_debuglink" in said[0]
            assert ".symtab" not in said[0]
            assert ".debug_info" in said[1]
    final.run("make", "final")
    assert not (final.root / "usr/lib/debug").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cp /tools/bin/sh /usr/bin/new", "cp: cannot create regular file '/usr/bin/new': Read-only file system"),
        ('mkdir -p "$OUT/usr/bin"; echo > "$OUT/usr/bin/hello"', "{} and {hello} both install usr/bin/hello"),
        ('mkdir "$OUT/lib"; echo > "$OUT/lib/new"', "lib is a symbolic link"),
    ],
    ids=["outside", "both", "link"],
)
def test_what_is_not_installed(final: Final, text: str, said: str) -> None:
    final.recipe("new", text)
    assert said.format(final.step("new"), hello=final.step("hello")) in final.run("make", final.step("new"), status=2)

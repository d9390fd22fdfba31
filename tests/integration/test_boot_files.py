# SPDX-License-Identifier: GPL-3.0-or-later
"""P/boot/ARCH and ruckus_builder.env, by make bootstrap: several architectures at the same time, and again."""

import subprocess
from pathlib import Path

import pytest
from integration.real import Tree, clean_environment, run
from integration.test_together import Place

RECIPE = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("kernel", source="none")

@recipe.step("stage1")
def stage1(sh):
    '''what stands for a kernel'''
    sh.sh(f'''
        mkdir -p "$OUT/boot"
        echo {sh.arch.name} {TEXT} > "$OUT/boot/vmlinuz"
    ''')
"""

XEN = f"""
["xen-4.17"]
version = "4.17.5"
file = "xen.tar.gz"
sha256 = "{"0" * 64}"
urls = ["http://127.0.0.1:9/"]
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "profiles").mkdir(parents=True)
    (folder / "profiles" / "tiny.toml").write_text('steps = ["stage1/kernel"]')
    return folder


def write_recipe(packages: Path, text: str) -> None:
    (packages / "kernel.py").write_text(RECIPE.replace("{TEXT}", text))


def bootstrap(*builds: Path) -> None:
    """Run make bootstrap in all of them at the same time."""
    makes = [subprocess.Popen(["make", "bootstrap"], cwd=build, env=clean_environment()) for build in builds]
    assert [make.wait(timeout=300) for make in makes] == [0] * len(makes)


def test_kernels_of_several_architectures_lie_side_by_side(instant: Tree, packages: Path, tmp_path: Path) -> None:
    write_recipe(packages, "one")
    common = tmp_path / "common"
    builds = [tmp_path / arch for arch in ("i686", "x86_64-64")]
    for build in builds:
        words = (f"--prefix={common}", f"--with-packages={packages}", f"--with-arch={build.name}")
        assert f"boot files         {common}/boot/{build.name}, " in instant.configure(build, *words).stdout
    bootstrap(*builds)
    script = ". ./ruckus_builder.env; . ./ruckus_builder.env; cat $RUCKUS_KERNEL_i686 $RUCKUS_KERNEL_x86_64_64"
    kernels = run("sh", "-euc", f'{script}; echo "$RUCKUS_ARCHS"', cwd=common).stdout.splitlines()
    assert kernels == ["i686 one", "x86_64-64 one", "i686 x86_64-64"]

    def inodes() -> dict[Path, int]:
        return {path: path.stat().st_ino for path in common.glob("boot/*/*")} | {common: common.stat().st_mtime_ns}

    before = inodes()
    assert run("make", "bootstrap", cwd=builds[0]).stdout == "  READY    bootstrap\n"
    assert inodes() == before, "nothing was written again"
    write_recipe(packages, "two")
    bootstrap(builds[0])
    kernels = [(common / "boot" / build.name / "vmlinuz").read_text() for build in builds]
    assert kernels == ["i686 two\n", "x86_64-64 one\n"]
    run("make", "distclean", cwd=builds[0])
    assert (common / "boot/i686/vmlinuz").exists(), "P is not this build directory's alone"


def test_without_a_p_they_are_the_build_directorys_own(instant: Tree, packages: Path, tmp_path: Path) -> None:
    write_recipe(packages, "one")
    build = tmp_path / "build"
    instant.configure(build, f"--with-packages={packages}")
    bootstrap(build)
    assert (build / "boot/x86_64/vmlinuz").read_text() == "x86_64 one\n"
    run("make", "clean", cwd=build)
    assert not (build / "boot").exists()
    assert not (build / "ruckus_builder.env").exists()


def test_they_are_copied_by_each_goal_that_may_make_them(instant: Tree, packages: Path, tmp_path: Path) -> None:
    """What the system builds by itself comes after all that is missing of it."""
    write_recipe(packages, "one")
    with (packages / "kernel.py").open("a") as file:
        file.write("for stage in ('stage2', 'final'):\n    recipe.step(stage)(lambda sh: sh.sh(f'echo {sh.arch}'))\n")
    steps = '["stage1/kernel", "stage2/kernel", "final/kernel"]'
    (packages / "profiles" / "tiny.toml").write_text(f"steps = {steps}")
    instant.configure(tmp_path / "b", f"--with-packages={packages}")
    for goal in ("bootstrap", "stage2", "final"):
        lines = run("make", "-n", goal, cwd=tmp_path / "b").stdout.splitlines()
        assert lines[-1] == "./ruckus boot-files", goal
    assert "boot-files" not in run("make", "-n", "hostprep", cwd=tmp_path / "b").stdout


def test_a_p_that_is_in_use_is_refused_before_anything_is_built(instant: Tree, packages: Path, tmp_path: Path) -> None:
    write_recipe(packages, "one")
    common, build = tmp_path / "common", tmp_path / "build"
    (common / "boot").mkdir(parents=True)
    instant.configure(build, f"--prefix={common}", f"--with-packages={packages}")
    done = run("make", "bootstrap", cwd=build, status=2)
    assert f"{common}/boot is there already, and Ruckus did not make it" in done.stderr
    assert not (build / "stamps").exists()


class Dom0:
    """A host on which Xen seems to run: only what ruckus_builder.env looks at."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.env = folder, folder / "p/ruckus_builder.env"
        self.write("proc/capabilities", "control_d\n")
        self.write("version/major", "4\n")
        self.write("version/minor", "17\n")
        self.write("bin/xl", "#!/bin/sh\n[ $1 = help ]\n").chmod(0o755)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def source(self, *mounted: Path) -> tuple[str, str]:
        """RUCKUS_READY after sourcing it twice in a strict shell, and what it says is wrong."""
        binds = [word for path in mounted for word in ("--tmpfs", str(path))]
        words = ["--dev-bind", "/", "/", "--tmpfs", "/proc", "--ro-bind", str(self.folder / "proc"), "/proc/xen"]
        words += ["--tmpfs", "/sys", "--ro-bind", str(self.folder / "version"), "/sys/hypervisor/version", *binds]
        script = f'set -eu; . {self.env} 2>/dev/null; . {self.env}; echo "$RUCKUS_READY"'
        environment = clean_environment() | {"PATH": f"{self.folder}/bin:/usr/bin:/bin"}
        shell = ["bwrap", *words, "--", "sh", "-c", script]
        done = subprocess.run(shell, capture_output=True, text=True, env=environment, check=True)
        return done.stdout, done.stderr


@pytest.fixture
def with_xen(packages: Path) -> Path:
    """Recipes whose profile has a hypervisor, too."""
    (packages / "profiles" / "tiny.toml").write_text('steps = ["stage1/kernel", "stage1/xen"]')
    write_recipe(packages, "one")
    text = (packages / "kernel.py").read_text()
    (packages / "xen.py").write_text(text.replace("kernel", "xen").replace("vmlinuz", "xen.gz"))
    (packages / "sources.toml").write_text(XEN)
    return packages


def test_the_environment_says_what_builders_lack(instant: Tree, with_xen: Path, tmp_path: Path) -> None:
    words = (f"--prefix={tmp_path}/p", f"--with-packages={with_xen}", "--with-arch=x86_64", "--with-xen-version=4.17")
    instant.configure(tmp_path / "b", *words)
    bootstrap(tmp_path / "b")
    dom0 = Dom0(tmp_path)
    assert dom0.source() == ("yes\n", "")
    baby = tmp_path / "b/baby"
    mounted = f"ruckus: a builder writes to the volume at {baby}, which is mounted here: umount {baby}\n"
    assert dom0.source(baby) == ("\n", mounted)
    dom0.write("bin/xl", "#!/bin/sh\nexit 1\n")
    assert "xl does not answer: install the tools of Xen 4.17 (Debian's xen-utils-4.17)" in dom0.source()[1]
    dom0.write("version/minor", "20\n")
    wrong = f"Xen 4.20 runs here, and 4.17 was built: boot {tmp_path}/p/boot/x86_64/xen.gz\n"
    assert dom0.source() == ("\n", f"ruckus: {wrong}")
    dom0.write("proc/capabilities", "")
    assert "Xen does not run here" in dom0.source()[1]


def test_a_run_that_has_built_a_hypervisor_says_how_to_boot_it(instant: Tree, with_xen: Path, tmp_path: Path) -> None:
    place = Place(instant, tmp_path / "build")
    options = [f"--configure=--with-packages={with_xen}", "--configure=--with-xen-version=4.17"]
    built = place.invoke("build", "--arch-list=x86_64", "--no-boot", *options).stdout
    common = tmp_path / "build/hostprep"
    assert f"cp {common}/boot/x86_64/xen.gz /boot/xen-4.17-ruckus.gz\n" in built
    assert "multiboot2 " in built and "KERNEL mboot.c32" in built
    assert f". {common}/ruckus_builder.env\n" in built and "--until=stage2" in built and "--builder=xen" in built
    assert (
        f"builder-start --build-dir={tmp_path}/build --arch-list=x86_64" in (common / "ruckus_builder.env").read_text()
    )
    again = place.invoke("build", "--arch-list=x86_64", "--no-boot", *options).stdout
    assert "multiboot2" not in again, "it was said by the run that made it"

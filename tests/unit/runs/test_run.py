# SPDX-License-Identifier: GPL-3.0-or-later

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_subprocess import FakeProcess
from unit.samples import TINY, TOP, no_builder

from ruckus_aux.artifacts.store import Store
from ruckus_aux.host import gnumake, machines
from ruckus_aux.recipes.load import evaluate
from ruckus_aux.recipes.plan import Plan
from ruckus_aux.runs.notify import Result
from ruckus_aux.runs.request import Request, arch_list, lock_named
from ruckus_aux.runs.run import Build
from ruckus_aux.settings.journal import Entry, Journal
from ruckus_aux.settings.ownership import take_folder
from ruckus_aux.settings.settings import Settings
from ruckus_aux.steps import isolation
from ruckus_aux.steps.costs import costs
from ruckus_aux.steps.graph import Selection, combined, graph
from ruckus_aux.steps.merge import stamp_path
from ruckus_aux.storage.layout import Layout
from ruckus_aux.words.architecture import ARCHITECTURES
from ruckus_aux.words.errors import RuckusError
from ruckus_aux.words.paths import BUILD_NAMES

NAMES = list(ARCHITECTURES)


@pytest.fixture(autouse=True)
def make(monkeypatch: pytest.MonkeyPatch) -> None:
    """The make that steps find."""
    monkeypatch.setattr(gnumake, "make_program", lambda: "/usr/bin/make")
    monkeypatch.setattr(gnumake, "joins_fifos", lambda: True)
    monkeypatch.delenv("MAKEFLAGS", raising=False)


@given(st.permutations(NAMES), st.integers(1, 3))
def test_any_order_of_any_architectures(names: list[str], count: int) -> None:
    assert [arch.name for arch in arch_list(",".join(names[:count]))] == names[:count]


@given(st.lists(st.sampled_from([*NAMES, "", "arm", "x86-64", " "]), min_size=1, max_size=6))
def test_every_wrong_entry_is_named_at_once(names: list[str]) -> None:
    text = ",".join(names)
    entries = [name.strip() for name in names]
    unknown = {name for name in entries if name and name not in NAMES}
    repeated = {name for name in entries if name and entries.count(name) > 1}
    if not unknown and not repeated and "" not in entries:
        assert len(arch_list(text)) == len(names)
        return
    with pytest.raises(RuckusError) as caught:
        arch_list(text)
    for name in unknown | repeated:
        assert f"'{name}'" in caught.value.message
    assert ("empty" in caught.value.message) == ("" in entries)
    assert all(name in caught.value.hint for name in NAMES)


LIB = """
from ruckus_aux.recipes.recipe import Recipe
recipe = Recipe("lib", source="zlib")

@recipe.step("cross")
def cross(sh):
    '''shares source and objects'''
    sh.shared_source()
    sh.share_objects("x86")
    sh.sh(f"echo {sh.prefix_cross}")
"""


@pytest.fixture
def plans(settings: Settings, recipes: Path) -> list[Plan]:
    """The same recipes for three architectures."""
    (recipes / "lib.py").write_text(LIB)
    (recipes / "profiles" / "tiny.toml").write_text(TINY.replace("[", '["cross/lib", '))
    changed = []
    for arch in ARCHITECTURES.values():
        build = settings.builddir.parent / arch.name
        prefixes = {"prefix_cross": f"/cross-tools-{arch.string}", "prefix_tools": f"/tools-{arch.string}"}
        places = {"builddir": build, "buildroot": build, "clfs": build / "baby"}
        changed.append(Settings(**{**settings.__dict__, **places, **prefixes, "arch": arch}))
    return [evaluate(one) for one in changed]


def everything(plans: list[Plan]) -> Selection:
    return [(plan, plan.of_profile()) for plan in plans]


def stamp(plan: Plan, name: str) -> str:
    return str(stamp_path(plan[name]))


def rules(text: str) -> dict[str, list[str]]:
    lines = [line.partition(":") for line in text.splitlines() if line.startswith("/")]
    return {target: rest.replace("|", "").split() for target, _, rest in lines}


def test_what_has_one_key_is_built_once_and_then_taken_from_the_store(plans: list[Plan]) -> None:
    needs = rules(graph(everything(plans)))
    first, second, third = (stamp(plan, "hostprep/zlib") for plan in plans)
    assert needs[first] == []
    assert needs[second] == [first]
    assert needs[third] == [first]
    sources = [stamp(plan, f"{plan.settings.arch.name}/source/lib") for plan in plans]
    assert len({source.rpartition(".")[2] for source in sources}) == 1
    assert needs[sources[2]] == [sources[0]]


def test_what_shares_objects_is_built_one_after_the_other(plans: list[Plan]) -> None:
    needs = rules(graph(everything(plans)))
    libs = [stamp(plan, f"{plan.settings.arch.name}/cross/lib") for plan in plans]
    assert libs[0] in needs[libs[1]]
    assert libs[1] in needs[libs[2]]


def test_on_many_processors_nothing_waits_for_objects(plans: list[Plan]) -> None:
    many = [evaluate(Settings(**{**plan.settings.__dict__, "cpucount": 64})) for plan in plans]
    needs = rules(graph(everything(many)))
    libs = [stamp(plan, f"{plan.settings.arch.name}/cross/lib") for plan in many]
    assert libs[0] not in needs[libs[1]]


def test_costs_are_those_of_what_is_left(plans: list[Plan]) -> None:
    costs = {target.stamp: target.cost for target in combined(everything(plans))}
    libs = [stamp(plan, f"{plan.settings.arch.name}/cross/lib") for plan in plans]
    assert [costs[lib] for lib in libs] == [100, 10, 10]
    assert [costs[stamp(plan, "hostprep/zlib")] for plan in plans] == [5, 0, 0]


def test_what_is_in_the_store_needs_no_source(plans: list[Plan]) -> None:
    plan = plans[0]
    lib = plan["i686/cross/lib"]
    Store(plan.settings.cache).tree(lib.key).mkdir(parents=True)
    needs = rules(graph([(plan, plan.of_profile())]))
    assert needs[stamp(plan, lib.name)] == []
    targets = {str(target.step.name): target.cost for target in combined([(plan, plan.of_profile())])}
    assert targets["i686/source/lib"] == 0
    text = graph([(plan, plan.of_profile())])
    (steps,) = [line for line in text.splitlines() if line.startswith("steps:")]
    assert "source/lib" not in steps


def test_without_sharing_no_key_is_anothers(plans: list[Plan]) -> None:
    alone = [evaluate(Settings(**{**plan.settings.__dict__, "sharing": False})) for plan in plans]
    assert len({plan["hostprep/zlib"].key for plan in alone}) == 3


def request(folder: Path, **changes: Any) -> Request:
    given: dict[str, Any] = {
        "archs": arch_list("i686,x86_64"),
        "folder": folder,
        "srcdir": TOP,
        "python": "python3",
        "jobs": 4,
    }
    return Request(**{**given, "profile": "tiny", **changes})


def test_commands_in_order(tmp_path: Path) -> None:
    lines = list(request(tmp_path, fail_fast=True, sharing=False, configure=("MIRRORS=/m n",)).commands())
    words = ("mkdir", "/configure ", " download", "#", "/make ", " install", " boot-files", " boot")
    kinds = [next(word for word in words if word in line) for line in lines]
    assert kinds[:8] == ["mkdir", "/configure ", "mkdir", "/configure ", " download", " download", "#", "/make "]
    assert kinds[8:] == [" boot-files", *([" install"] if os.geteuid() == 0 else []), " boot"] * 2
    configure = lines[1]
    assert configure.endswith(f"CLFS={tmp_path}/baby-i686 CPUCOUNT=4 'MIRRORS=/m n'")
    assert configure.startswith(f"cd {tmp_path}/baby-i686/ruckus-build && env --unset=MIRRORS ")
    assert "--disable-sharing" in configure
    assert f"--enable-option-checking=fatal --prefix={tmp_path}/hostprep --with-arch=i686" in configure
    (make,) = [line for line in lines if line.startswith("/usr/bin/make ")]
    assert "-j4" in make
    assert "-k" not in make.split()


def test_one_architecture_builds_the_hypervisor(tmp_path: Path) -> None:
    asked = request(tmp_path, archs=arch_list("i686,x86_64-64,x86_64"), configure=("--with-xen-version=4.17",))
    without = ["--without-stage1-xen" in asked.configure_options(arch) for arch in asked.archs]
    assert without == [False, False, True]
    assert "--without-stage1-xen" not in request(tmp_path).configure_options(request(tmp_path).archs[-1])


@pytest.mark.parametrize(
    ("until", "closing"), [("cross", []), ("bootstrap", ["boot-files"]), ("install", ["boot-files", "install"])]
)
def test_what_is_done_with_a_complete_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: str, closing: list[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    asked = request(tmp_path, until=until)
    assert [command[1] for command in asked.closing_commands(asked.archs[0])] == closing
    assert not request(tmp_path, until=until, only=("x86_64/cross/other-32",)).closing_commands(asked.archs[0])


def test_the_final_system_is_booted_when_a_machine_has_built_it(tmp_path: Path) -> None:
    asked = request(tmp_path, archs=arch_list("x86_64"), profile="final", until="final", builder="qemu")
    boot, machine, last = [*asked.commands()][-3:]
    assert boot.endswith("/ruckus boot --once")
    assert " builder-start " in machine
    assert last.endswith("/ruckus boot --once --system=final")


def test_a_lock_file_is_the_builds_own_or_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    named = [lock_named(tmp_path / "build", locked) for locked in ("", True, "x.json")]
    assert named == [None, tmp_path / "build/sources-lock.json", tmp_path / "x.json"]
    locked = request(tmp_path, lock=named[2])
    assert f"--locked={tmp_path}/x.json" in str(locked)
    assert f"--with-lock={tmp_path}/x.json" in locked.configure_options(locked.archs[0])
    with pytest.raises(RuckusError, match=f"{tmp_path}/x.json: not a lock file of sources: No such file"):
        locked.check()


def test_a_time_limit_for_steps_is_in_makes_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limited = request(tmp_path, step_timeout=5.0)
    assert "--step-timeout=5" in str(limited)
    assert any(line.startswith("env RUCKUS_STEP_TIMEOUT=5 /usr/bin/make ") for line in limited.commands())
    # A make above us, whose pool this one can't be in, is not heard.
    monkeypatch.setenv("MAKEFLAGS", "k -j9 --jobserver-auth=fifo:/tmp/GMfifo7")
    assert limited.make_environment() == {"MAKEFLAGS": "k", "RUCKUS_STEP_TIMEOUT": "5"}


def test_stage2_is_after_the_boot_and_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [stage.name for stage in request(tmp_path).stages] == ["hostprep", "cross", "stage1"]
    asked = request(tmp_path, until="stage2", boot=False)
    assert asked.stages[-1].name == "stage2"
    assert str(asked).endswith(" --until=stage2 --no-boot")
    assert [command[-1] for command in asked.closing_commands(asked.archs[0])].count("--once") == 0
    monkeypatch.setattr(machines, "runs_programs_of", lambda machine: False)
    with pytest.raises(RuckusError, match="runs no programs for x86_64"):
        request(tmp_path, until="stage2", profile="clfs", archs=arch_list("x86_64")).check()
    with pytest.raises(RuckusError, match="the profile 'tiny' has no steps for stage2"):
        request(tmp_path, until="stage2", archs=arch_list("x86_64")).check()


@pytest.mark.parametrize(
    ("until", "last"), [("configure", "/configure "), ("download", "download bootstrap"), ("cross", "/make ")]
)
def test_until(tmp_path: Path, until: str, last: str) -> None:
    *_, line = request(tmp_path, until=until).commands()
    assert last in line


@pytest.mark.parametrize(
    ("until", "steps"),
    [
        ("hostprep", set()),
        ("cross", {"x86_64/cross/other-32", "x86_64/cross/other-64"}),
        ("bootstrap", {"x86_64/cross/other-32", "x86_64/cross/other-64", "x86_64/stage1/pigz"}),
    ],
)
@pytest.mark.usefixtures("recipes")
def test_until_a_stage(tmp_path: Path, settings: Settings, until: str, steps: set[str]) -> None:
    """Its steps, and all of earlier stages that the profile needs."""
    build = Build(request(tmp_path, until=until), "run", no_builder)
    assert {step.name for step in build.wanted(evaluate(settings))[0]} == steps | {"hostprep/zlib"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"builder": "cloud"}, "--builder=cloud: no such builder"),
        ({"builder": "qemu", "dom0": "xen1"}, "--dom0=xen1: --builder=qemu has none"),
        ({"configure": ("CLFS=/x",)}, "--configure=CLFS=/x: the build gives this"),
        ({"configure": ("--without-cache",)}, "--configure=--without-cache: the build gives this"),
        ({"configure": ("--enable-multilib=no",)}, "--configure=--enable-multilib=no: the build gives this"),
        ({"configure": ("--help",)}, "--configure=--help: not an option of configure's"),
        ({"configure": ("--vers",)}, "--configure=--vers: not an option of configure's"),
        ({"configure": ("--prefix=/p",)}, "--configure=--prefix=/p: not an option of configure's"),
        ({"configure": ("i686",)}, "--configure=i686: not an option of configure's"),
        ({"configure": ("--with-mirorr=/m",)}, "--configure=--with-mirorr=/m: configure has no such option"),
        ({"configure": ("PREFIX_TOOL=/t",)}, "--configure=PREFIX_TOOL=/t: not an option of configure's"),
        ({"configure": ("--with-isolation=none", "PREFIX_TOOLS=/t")}, "each architecture needs its own"),
        ({"configure": ("PREFIX_TOOLS=/usr/tools",)}, "PREFIX_TOOLS: '/usr/tools' is a directory of the host"),
        ({"configure": ("PREFIX_CROSS=cross",)}, "PREFIX_CROSS: 'cross' is not an absolute path"),
        ({"configure": ("PREFIX_HOSTPREP=/stamps",)}, "is in use"),
        ({"configure": ("--with-mirror=/nowhere/at/all",)}, "--with-mirror: '/nowhere/at/all' is not a folder"),
        ({"configure": ("--with-isolation=jail", "MIRRORS=m")}, "'m' is not an absolute path"),
        ({"configure": ("--with-isolation",)}, "--with-isolation: no value is given"),
        ({"configure": ("--disable-xen=maybe", "--enable-stage2-auto=x")}, "neither yes nor no: stage2-auto=x"),
        ({"configure": ("PREFIX_CROSS=cross",), "layout": Layout("lvm")}, "PREFIX_CROSS: 'cross' is not"),
        ({"until": "x", "profile": "y"}, "--profile=y"),
        ({"profile": "clfs", "layout": Layout("loop", size="1G")}, "--size=1G: baby-i686 needs "),
    ],
)
def test_what_cannot_be_asked_for(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RuckusError) as caught:
        request(tmp_path, **changes).check()
    assert message in f"{caught.value.message}\n{caught.value.hint}"


def test_what_is_offered_for_configure_is_not_refused_then(tmp_path: Path) -> None:
    with pytest.raises(RuckusError) as caught:
        request(tmp_path, configure=("me",)).check()
    assert caught.value.message == "--configure=me: not an option of configure's"
    offered = [word.removesuffix(",") for word in caught.value.hint.split() if word[0].isupper()]
    assert offered == [
        "MIRRORS=...",
        "PREFIX_CROSS=...",
        "PREFIX_TOOLS=...",
        "PREFIX_HOSTPREP=...",
        "HOSTPREP_TOOLS=...",
    ]


@pytest.mark.parametrize("folder", ["/", "/usr", "/etc", "/home", "/nowhere/with a space", "~", "$"])
def test_a_build_is_not_put_where_it_would_be_in_the_way(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also as root, who may."""
    monkeypatch.setenv("HOME", str(tmp_path))
    place = tmp_path if folder in "~$" else Path(folder)
    if folder == "$":
        place = tmp_path / "other"
        (place / "baby-i686").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RuckusError) as caught:
        request(place).check()
    assert str(place) in caught.value.message
    assert caught.value.hint
    assert sorted(tmp_path.rglob("*")) == before


def test_a_user_without_a_name_and_a_home_may_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 3_999_999)
    request(tmp_path).check()


def test_a_folder_of_ours_is_taken_wherever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    take_folder(tmp_path, BUILD_NAMES)
    (tmp_path / "baby-i686").mkdir()
    request(tmp_path).check()


def test_what_an_earlier_version_has_downloaded_and_built_is_used_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "cache" / "sources").mkdir(parents=True)
    asked = request(tmp_path)
    options = asked.configure_options(asked.archs[0])
    assert options[1:3] == [f"--prefix={tmp_path}/hostprep", f"--with-cache={tmp_path}/cache"]
    assert asked.settings(asked.archs[0]).cache == tmp_path / "cache"


def test_steps_are_known_as_configure_is_told_to_find_them(tmp_path: Path) -> None:
    """Before anything is configured: those of a user's own recipes, with the prefixes that are given."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "hello.py").write_text(
        "from ruckus_aux.recipes.recipe import Recipe\n"
        "recipe = Recipe('hello')\n"
        "@recipe.step('stage1')\n"
        "def stage1(sh):\n"
        "    sh.sh(f'echo {sh.prefix_tools}')\n"
    )
    options = (f"--with-packages={own}", "PREFIX_TOOLS=/t")
    asked = request(tmp_path / "build", only=("i686/stage1/hello",), configure=options)
    asked.check()
    plan = evaluate(asked.settings(asked.archs[0]))
    assert "echo /t" in plan["i686/stage1/hello"].script
    with pytest.raises(RuckusError) as error:
        request(tmp_path / "build", only=("i686/stage1/hello",)).check()
    assert "--only=i686/stage1/hello: no such step" in error.value.message


def test_without_a_sandbox_each_architecture_has_its_links(tmp_path: Path) -> None:
    plain = request(tmp_path, configure=("--with-isolation=none",))
    links = [command[-2:] for arch in plain.archs for command in plain.link_commands(arch)]
    assert (f"{tmp_path}/baby-i686/tools-x86", "/tools-x86") in links
    assert (f"{tmp_path}/baby-x86_64/ruckus-build/hostprep-x86_64", "/hostprep-x86_64") in links
    assert len(links) == 6


def test_where_no_sandbox_works_links_are_made_and_it_is_said_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(tmp_path, configure=("--with-isolation=none",))
    wanted = [command for arch in asked.archs for command in asked.link_commands(arch)]
    monkeypatch.setattr(isolation, "fault", lambda: isolation.Fault("bwrap was tried", "a container", "leave it"))
    fallen = request(tmp_path)
    assert [command for arch in fallen.archs for command in fallen.link_commands(arch)] == wanted
    assert list(fallen.commands())[:2] == ["# no sandbox: bwrap was tried (a container)", "# to have one: leave it"]
    sandboxed = request(tmp_path, configure=("--with-isolation=bwrap",))  # configure says what is wrong
    assert not [command for arch in sandboxed.archs for command in sandboxed.link_commands(arch)]


def test_an_administrator_is_told_the_whole_command(tmp_path: Path) -> None:
    options = ("--with-isolation=none",)
    hint = request(tmp_path, layout=Layout(backend="lvm", group="vg1"), configure=options).way_out("guest")
    words = shlex.split(hint.partition("--print-sudoers ")[2])
    assert words == [
        f"--build-dir={tmp_path}",
        "--arch-list=i686,x86_64",
        "--volumes=lvm",
        "--group=vg1",
        "--user=guest",
        "--configure=--with-isolation=none",
    ]
    assert "may do anything" in request(tmp_path, layout=Layout(backend="loop")).way_out("guest")


def test_what_configure_notes_is_said_once(tmp_path: Path, fp: FakeProcess, capsys: pytest.CaptureFixture[str]) -> None:
    notes = "configure:\n  note: make boot will need mke2fs\n"
    fp.register(["env", fp.any()], stderr=notes, occurrences=2)
    Build(request(tmp_path, configure=("--with-isolation=bwrap",)), "run", no_builder).configure()
    lines = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert lines == ["CONFIG", "note:", "CONFIG"]


def test_the_request_can_be_repeated(tmp_path: Path) -> None:
    words = str(request(tmp_path, until="cross", only=("x86_64/cross/gcc",), configure=("A=b c",))).split(" ", 4)
    assert words[:4] == [f"--build-dir={tmp_path}", "--arch-list=i686,x86_64", "--profile=tiny", "--jobs=4"]
    assert words[4] == "--until=cross --only=x86_64/cross/gcc '--configure=A=b c'"


def entry(plan: Plan, name: str, outcome: str) -> Entry:
    return Entry("run", name, plan[name].key, outcome, 1, 0, 0, 0, 0, 0, 0, 0, 0)


def test_after_a_failure_what_only_waited_for_objects_is_still_possible(tmp_path: Path, plans: list[Plan]) -> None:
    build = Build(request(tmp_path), "run", no_builder)
    build.plans = plans
    failed = plans[0]
    Journal(failed.settings.journal).add(entry(failed, "i686/cross/lib", "failed"))
    left = {plan.settings.arch.name: {step.name for step in steps} for plan, steps in build.possible()}
    assert "i686/cross/lib" not in left["i686"]
    assert "i686/stage1/pigz" in left["i686"]
    assert "x86_64/cross/lib" in left["x86_64"]
    # A failed step of a key that others have, too, has failed for them, unless it could be built.
    Journal(failed.settings.journal).add(entry(failed, "hostprep/zlib", "failed"))
    assert all("hostprep/zlib" not in {step.name for step in steps} for _, steps in build.possible())
    Store(failed.settings.cache).tree(failed["hostprep/zlib"].key).mkdir(parents=True, exist_ok=True)
    left = {plan.settings.arch.name: {step.name for step in steps} for plan, steps in build.possible()}
    assert "i686/stage1/pigz" not in left["i686"]
    assert "x86_64/stage1/pigz" in left["x86_64"]


def test_costs_are_told_apart_by_what_ccache_had(plans: list[Plan]) -> None:
    """On a machine three times as fast, and after builds with and without hits."""
    step = plans[0]["i686/cross/lib"]
    assert costs(step, []) == (100, 10)
    without = replace(entry(plans[0], step.name, "built"), user=30.0, misses=9)
    hits = replace(entry(plans[0], step.name, "built"), user=4.0, hits=9)
    assert costs(step, [without]) == (30, 3)
    assert costs(step, [hits]) == (40, 4)
    assert costs(step, [without, hits]) == (30, 4)
    assert costs(step, [replace(without, user=2.0), hits]) == (2, 2), "sharing never makes it dearer"


@pytest.mark.parametrize(
    ("end", "status", "result", "summary"),
    [
        (0, 0, "success", "i686,x86_64 built after 0:00"),
        (2, 2, "failed", "i686,x86_64 failed after 0:00"),
        (RuckusError("the disk is full", "buy one"), 1, "failed", "i686,x86_64 failed after 0:00: the disk is full"),
        (RuntimeError("a bug\x1b[2J\nof ours"), 1, "failed", r"i686,x86_64 failed after 0:00: a bug\x1b[2J of ours"),
        (KeyboardInterrupt(), 130, "interrupted", "i686,x86_64 interrupted after 0:00"),
    ],
)
def test_who_went_away_is_notified_of_every_ending(
    end: int | BaseException, status: int, result: str, summary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, Result]] = []
    monkeypatch.setattr("ruckus_aux.runs.run.notify", lambda command, result: told.append((command, result)))

    def work(build: Build, show: object) -> int:
        assert not told
        if isinstance(end, BaseException):
            raise end
        return end

    monkeypatch.setattr(Build, "_recorded", work)
    build = Build(request(tmp_path, notify="bell"), "run", no_builder)
    view: Any = None
    if isinstance(end, BaseException):
        with pytest.raises(type(end)):
            build.run(view)
    else:
        assert build.run(view) == end
    ((command, seen),) = told
    assert command == "bell"
    assert seen.environment == {
        "RUCKUS_RUN": "run",
        "RUCKUS_STATUS": str(status),
        "RUCKUS_RESULT": result,
        "RUCKUS_BUILD_DIR": str(tmp_path),
        "RUCKUS_WALL": "0",
        "RUCKUS_SUMMARY": summary,
    }

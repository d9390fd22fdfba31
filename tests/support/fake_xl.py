# SPDX-License-Identifier: GPL-3.0-or-later
"""`xl` of a dom0 that is not there: it keeps its domains in a folder, and a process plays the runner in each of them.

usage: fake_xl.py FOLDER WORDS...     what `xl WORDS...` would do; FOLDER/plan.json says what goes wrong, by domain
"""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

_FREE, _DOM0 = 4096, 1024  # MiB


def main(folder: Path, words: list[str]) -> int:
    """Do what `xl` would do."""
    (folder / "domains").mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("a") as file:
        file.write(" ".join(words) + "\n")
    match words:
        case ["list", "-v"]:
            return _list(folder)
        case ["info"]:
            used = sum(int(domain["memory"]) for domain in _domains(folder).values())
            print(
                f"host                   : fake\nvirt_caps              : pv\nfree_memory            : {_FREE - used}"
            )
        case ["create", "-e", "-p", "-q", "/dev/null", *assignments]:
            return _create(folder, dict(word.split("=", 1) for word in assignments))
        case ["unpause", name]:
            domain = _read(folder, name)
            _write(folder, name, {**domain, "flags": "-b----"})
            command = [sys.executable, "-S", "-E", __file__, str(folder), "guest", name, domain["uuid"]]
            with open(os.devnull, "r+b") as nothing:
                subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
        case ["destroy", name]:
            if not _path(folder, name).exists():
                print(f"{name} is an invalid domain identifier (rc=-6)", file=sys.stderr)
                return 1
            _path(folder, name).unlink()
        case ["console", name]:
            _console(folder, name)
        case ["lvs" | "lvcreate" | "lvremove", *_]:
            return _volumes(folder, words)
        case ["guest", name, run]:
            _guest(folder, name, run)
        case _:
            print(f"unknown: {words}", file=sys.stderr)
            return 1
    return 0


def _path(folder: Path, name: str) -> Path:
    return folder / "domains" / name


def _read(folder: Path, name: str) -> dict[str, str]:
    domain: dict[str, str] = json.loads(_path(folder, name).read_text())
    return domain


def _write(folder: Path, name: str, domain: dict[str, str]) -> None:
    unfinished = folder / f"{name}.{os.getpid()}"
    unfinished.write_text(json.dumps(domain))
    unfinished.rename(_path(folder, name))


def _domains(folder: Path) -> dict[str, dict[str, str]]:
    found = {}
    for path in sorted((folder / "domains").iterdir()):
        with suppress(FileNotFoundError):
            found[path.name] = _read(folder, path.name)
    return found


def _plan(folder: Path, name: str) -> dict[str, str]:
    with suppress(FileNotFoundError):
        plan: dict[str, str] = json.loads((folder / "plan.json").read_text()).get(name, {})
        return plan
    return {}


def _list(folder: Path) -> int:
    plan = _plan(folder, "xl")
    if plan:
        print(plan["error"], file=sys.stderr)
        return 1
    print("Name                    ID   Mem VCPUs\tState\tTime(s)   UUID          Reason-Code\tSecurity Label")
    rows = {"Domain-0": {"memory": str(_DOM0), "vcpus": "1", "flags": "r-----", "uuid": "0" * 8, "reason": "-"}}
    for number, (name, domain) in enumerate({**rows, **_domains(folder)}.items()):
        figures = f"{number:>5} {domain['memory']:>5} {domain['vcpus']:>5}     {domain['flags']}     1.5"
        print(f"{name:<40} {figures} {domain['uuid']} {domain.get('reason', '-'):>8} {'-':>16}")
    return 0


def _create(folder: Path, words: dict[str, str]) -> int:
    values = {name: value.strip('"') for name, value in words.items()}
    name = values["name"]
    if complaint := _plan(folder, name).get("create"):
        tries = folder / f"{name}.tries"
        tries.write_text(f"{tries.read_text() if tries.exists() else ''}x")
        if len(tries.read_text()) == 1 or "always" in complaint:
            print(f"libxl: error: libxl_device.c:1234:function: Domain 3:{complaint}", file=sys.stderr)
            print(
                "libxl: error: libxl_domain.c:1183:libxl_domain_destroy: Destruction of domain failed", file=sys.stderr
            )
            return 3
    _write(folder, name, {**values, "flags": "--p---"})
    return 0


def _console(folder: Path, name: str) -> None:
    """Print what it says until it is destroyed, also after its end."""
    run, file = _read(folder, name)["uuid"], folder / f"{name}.console"
    at = 0
    while True:
        here = _path(folder, name).exists() and _read(folder, name)["uuid"] == run
        if file.exists():
            news = file.read_bytes()[at:]
            at += os.write(1, news)
        if not here:
            return
        time.sleep(0.1)


def _guest(folder: Path, name: str, run: str) -> None:
    """Build some steps, as far as the plan lets it."""
    domain, plan = _read(folder, name), _plan(folder, name)
    (disk,) = (disk for disk in domain["disk"].strip('[]"').split('","') if ",xvdc," in disk)
    result = disk.removeprefix("phy:").partition(",")[0]
    steps, pace = int(plan.get("steps", "3")), float(plan.get("pace", "0.3"))
    console = folder / f"{name}.console"
    console.write_bytes(b"")
    with open(result, "r+b", buffering=0) as device, console.open("ab", buffering=0) as out:
        out.write(b"Linux version fake\r\n")
        if "vif" in domain:
            out.write(b"ruckus: address 127.0.0.1\r\n")

        def record(state: str, done: int, *more: str) -> None:
            lines = ["ruckus-builder 1", f"run {run}", f"state {state}", f"steps {done} {steps}"]
            lines += [f"now step-{done}" if state == "running" else "now ", "failed ", f"time {time.time():.0f}"]
            lines += [f"busy {done * 100} 0 0", f"log {done}", "free 1000", *more, "end", ""]
            device.seek(0)
            device.write("\n".join(lines).encode().ljust(4096, b"\0"))

        for done in range(steps):
            if not _path(folder, name).exists():  # destroyed
                return
            record("running", done)
            out.write(f"building step {done}\r\n".encode())
            time.sleep(pace)
            if plan.get("crash") == str(done):
                out.write(b"Kernel panic - not syncing: Attempted to kill init!\r\n")
                _write(folder, name, {**domain, "flags": "---sc-", "reason": "3"})
                return
        device.seek(1 << 20)
        device.write(f"archive of {name} {run}".encode())
        record("ok", steps, "archive 1")
        out.write(b"reboot: System halted\r\n")
        if _path(folder, name).exists():
            _write(folder, name, {**domain, "flags": "---s--", "reason": "0"})


def _volumes(folder: Path, words: list[str]) -> int:
    """LVM: the volumes of vg00 are files in a folder."""
    devices = folder / "dev" / "vg00"
    devices.mkdir(parents=True, exist_ok=True)
    match words:
        case ["lvs", *_]:
            foreign = _plan(folder, "lvs").get("foreign", "")
            rows = [
                {
                    "lv_name": path.name,
                    "vg_name": "vg00",
                    "lv_size": str(path.stat().st_size),
                    "lv_tags": "" if path.name == foreign else "ruckus",
                    "origin": "",
                    "pool_lv": "",
                }
                for path in sorted(devices.iterdir())
            ]
            print(json.dumps({"report": [{"lv": rows}]}))
        case ["lvcreate", *options]:
            size = options[options.index("--size") + 1]
            with (devices / options[options.index("--name") + 1]).open("wb") as file:
                file.truncate(int(size.removesuffix("m")) << 20)
        case ["lvremove", "--yes", name]:
            (devices / Path(name).name).unlink()
        case _:
            print(f"unknown: {words}", file=sys.stderr)
            return 5
    return 0


def install(folder: Path) -> Path:
    """A folder for PATH that has this `xl`, LVM, and a xenstore-ls of a Xen that has no domains with disks.

    Each sshd that it is run through is a dom0 of its own, whose folder has the number of its port.
    """
    bin_folder = folder / "bin"
    bin_folder.mkdir(parents=True, exist_ok=True)
    begin = f'#!/bin/sh\nexec {sys.executable} -S -E {__file__} "{folder}/${{SSH_CONNECTION##* }}"'
    (bin_folder / "xl").write_text(f'{begin} "$@"\n')
    for name in ("lvs", "lvcreate", "lvremove"):
        (bin_folder / name).write_text(f'{begin} {name} "$@"\n')
    (bin_folder / "xenstore-ls").write_text(
        "#!/bin/sh\necho 'xs_directory (/local): No such file or directory'\nexit 1\n"
    )
    for path in bin_folder.iterdir():
        path.chmod(0o755)
    return bin_folder


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))

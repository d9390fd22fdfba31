# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine is started from: a Debian root file system with Xen in it, and the kernels that boot it."""

import gzip
import hashlib
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from lab.machine.archive import pack

from ruckus_aux.host.commands import run
from ruckus_aux.host.trees import remove
from ruckus_aux.words.errors import RuckusError

PROGRAMS = ("mmdebstrap", "fakeroot", "ssh-keygen")
PYTHON = "3.11"  # the suite's
SUITE = "bookworm"
SIZE = 3 * 1024**3  # bytes, most of them never written

_HERE = Path(__file__).parent
_TOP = _HERE.parents[2]
_ROOT = _HERE / "root"
_REQUIREMENTS = _TOP / "requirements.txt"
_TREE, _ARCHIVE, _PAYLOAD, _MODULES = "root", "root.tar", "payload.tar", "modules"  # gone when the image is made


def key() -> str:
    """The hash of what the image is made from: these files, but not the versions that the archive has today."""
    files = [path for path in _HERE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    lines = []
    for path in sorted([*files, _REQUIREMENTS, Path(__file__), _HERE / "archive.py"]):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{content} {os.access(path, os.X_OK)} {path.relative_to(_TOP)}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def build(folder: Path) -> None:
    """Make root.img, xen, vmlinuz, initrd, and the ssh key of all users, in a folder."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", folder / "key"])
    _install_modules(folder / _MODULES)
    with (folder / _PAYLOAD).open("wb") as file:
        inside = {".": _ROOT, "opt/ruckus-python": folder / _MODULES, "lab-configure": _HERE / "configure"}
        pack(file, {**inside, "etc/ssh/lab_key.pub": folder / "key.pub"})
    _bootstrap(folder / _PAYLOAD, folder / _ARCHIVE)
    _make_file_system(folder)
    boot = folder / _TREE / "boot"
    shutil.copyfile(next(boot.glob("vmlinuz-*")), folder / "vmlinuz")
    shutil.copyfile(next(boot.glob("initrd.img-*")), folder / "initrd")
    # QEMU's multiboot wants it as it was before it was compressed.
    (folder / "xen").write_bytes(gzip.decompress(next(boot.glob("xen-*-amd64.gz")).read_bytes()))
    for name in (_TREE, _ARCHIVE, _PAYLOAD, _MODULES):
        remove(folder / name)


def _install_modules(target: Path) -> None:
    """Install the modules of requirements.txt for the guest's Python, whichever runs here."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        str(target),
    ]
    run([*command, "--only-binary=:all:", f"--python-version={PYTHON}", "--requirement", _REQUIREMENTS])


def _bootstrap(payload: Path, archive: Path) -> None:
    """Install the packages and configure the system; as root or, in user namespaces, as an ordinary user."""
    packages = re.sub("#.*", "", (_HERE / "packages").read_text()).split()
    command = ["mmdebstrap", "--quiet", "--variant=apt", "--architectures=amd64", f"--include={','.join(packages)}"]
    command += [f"--dpkgopt={_HERE / 'dpkg.cfg'}", '--aptopt=APT::Install-Recommends "false"']
    command += ['--aptopt=Acquire::Retries "3"']
    # Before the packages are configured: the files say what the kernel's initrd has.
    command += [f"--essential-hook=tar-in {shlex.quote(str(payload))} /"]
    command += ['--customize-hook=chroot "$1" /lab-configure && rm "$1/lab-configure"']
    # It would take the machine's identity away again, and the first boot would take longer.
    command += ["--skip=cleanup/reproducible"]
    run([*command, SUITE, archive, *sources(Path("/etc/apt"))])


def sources(configuration: Path) -> list[Path]:
    """The host's own sources of Debian: the lab comes from where this machine's packages come from."""
    files = [configuration / "sources.list", *sorted((configuration / "sources.list.d").glob("*"))]
    found = [path for path in files if path.suffix in (".list", ".sources") and path.exists() and _is_debian(path)]
    if not found:
        raise RuckusError(f"{configuration}: no source has Debian's {SUITE}", "the lab is made on a Debian 12 host")
    return found


def _is_debian(path: Path) -> bool:
    words = re.sub("#.*", "", path.read_text()).split()
    return SUITE in words and "main" in words


def _make_file_system(folder: Path) -> None:
    """Write root.img; fakeroot remembers the owners and devices that an ordinary user can't unpack."""
    (folder / _TREE).mkdir()
    run(["fakeroot", "-s", "owners", "--", "tar", "-xpf", _ARCHIVE, "-C", _TREE], cwd=folder)
    with (folder / "root.img").open("wb") as file:
        file.truncate(SIZE)
    # Without checksums and with tables that are written when they are used: less work for an emulated machine.
    options = ["-O", "^metadata_csum,^64bit", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", "-d", _TREE]
    path = {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    command = ["fakeroot", "-i", "owners", "--", "mkfs.ext4", "-q", "-F", "-L", "lab", *options, "root.img"]
    run(command, cwd=folder, env=path)
    remove(folder / "owners")

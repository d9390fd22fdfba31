# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build script must not get at, whoever runs it: tried in real sandboxes, as root and as an ordinary user.

One is for a system of its own; it gets this host's, because there the same programs are.

Each escape is harmless should it succeed: files are new, settings are written back as they are.
"""

import os
import pty
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from unit.samples import configured

from ruckus_aux.host.commands import STEP_ENVIRONMENT
from ruckus_aux.settings.settings import load
from ruckus_aux.steps import bubble
from ruckus_aux.steps.chroot import Chroot
from ruckus_aux.steps.kinds import workplace_of
from ruckus_aux.steps.workplace import HostCommand, Room, Workplace
from ruckus_aux.words.paths import USER
from ruckus_aux.words.stage import STAGES

ORDINARY = 54321  # a user who has no name
MARK = "ruckus-escape"
SOURCE, FILE = "/ruckus/sources/source", "/ruckus/files/file"
PTRACE = "import ctypes, os, sys; sys.exit(ctypes.CDLL(None).ptrace(16, int(os.environ['VICTIM']), 0, 0) != 0)"
CONNECT = "import os, socket; socket.create_connection(('127.0.0.1', int(os.environ['PORT'])), 5)"
# keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING or KEY_SPEC_USER_KEYRING), add_key, request_key; see keyctl(2).
KEYS = """
import ctypes, sys
libc = ctypes.CDLL(None)
found = [libc.syscall(250, 0, keyring, 0) for keyring in (-3, -4)]
found += [libc.syscall(248, b"user", b"x", b"y", 1, -3), libc.syscall(249, b"user", b"x", None, 0)]
sys.exit(max(found) < 0)
"""
# The same question in the i386 ABI, which a process of 64 bits can use as well.
KEYS_32 = """
int main(void) { int id; __asm__ volatile("int $0x80" : "=a"(id) : "a"(288), "b"(0), "c"(-3), "d"(0)); return id <= 0; }
"""
ABSTRACT = "import os, socket; socket.socket(socket.AF_UNIX).connect('\\0' + os.environ['SOCKET'])"
# By name: shell that succeeds when it has left the sandbox, or changed what is not the step's.
ESCAPES = {
    "remount /usr": f"mount -o remount,bind,rw /usr && touch /usr/{MARK}",
    "remount sources": f"mount -o remount,bind,rw /ruckus/sources && echo bad >> {SOURCE}",
    "remount /": f"mount -o remount,rw / && touch /{MARK}",
    "mount over /usr/local": "mount -t tmpfs none /usr/local",
    "mount sysfs": "mkdir -p /tmp/sys && mount -t sysfs none /tmp/sys",
    "mount proc": "mkdir -p /tmp/proc && mount -t proc none /tmp/proc",
    "umount": "umount /usr/local || umount -l /ruckus/sources",
    "mounts of its own": "unshare --mount true",
    "user namespace": f"unshare -Urm sh -c 'mount -o remount,bind,rw /usr && touch /usr/{MARK}'",
    "tmpfs in a user namespace": "unshare -Urm mount -t tmpfs none /usr/local",
    "write /usr": f"touch /usr/{MARK}",
    "write /usr/local": f"touch /usr/local/{MARK}",
    "write /etc": f"touch /etc/{MARK}",
    "write /etc/passwd": "echo bad >> /etc/passwd",
    "replace /etc/passwd": "rm -f /etc/passwd",
    "write /dev": f"touch /dev/{MARK}",
    "write /": f"touch /{MARK}",
    "write a prefix": f"touch /hostprep/{MARK} || touch /tools/{MARK}",
    "write sources": f"echo bad >> {SOURCE}",
    "chmod sources": f"chmod 666 {SOURCE}",
    "link sources": f"ln {SOURCE} /ruckus/link && echo bad >> /ruckus/link",
    "rename sources": "mv /ruckus/sources /ruckus/elsewhere",
    "write files": f"echo bad >> {FILE}",
    "replace files": f"rm -f {FILE}",
    "write the shared source": f"touch /ruckus/src/{MARK}",
    "sysctl": "f=/proc/sys/vm/swappiness; v=$(cat $f) && echo $v > $f",
    "core pattern": 'f=/proc/sys/kernel/core_pattern; v=$(cat $f) && echo "$v" > $f',
    "sysctl of a namespace": "f=/proc/sys/kernel/pid_max; v=$(cat $f) && echo $v > $f",
    "sysrq": "echo h > /proc/sysrq-trigger",
    "kcore": "head -c 1 /proc/kcore",
    "kmsg": "head -c 1 /proc/kmsg",
    "block device": "mknod /ruckus/disk b $(stat -c '%Hd %Ld' /usr) && head -c 1 /ruckus/disk",
    "memory": "mknod /ruckus/mem c 1 1 && head -c 1 /ruckus/mem",
    "device node of all": "chmod 666 /dev/null",
    "owner": "chown 0:0 /ruckus/out",
    "chroot": "chroot /ruckus/sources true || chroot / true",
    "root of process 1": f"ls /proc/1/root/{MARK} || touch /proc/1/root/{MARK} || touch /proc/1/root/etc/{MARK}",
    "root of a host's process": "for p in /proc/[0-9]*; do [ -e $p/root$FOLDER ] && exit; done; false",
    "host's processes": "grep -q [r]uckus-victim /proc/[0-9]*/cmdline",
    "kill": "kill -9 $VICTIM",
    "trace": f'python3 -c "{PTRACE}"',
    "su": "su root -c true </dev/null",
    "sudo": "sudo -n true",
    "capabilities": "grep -qE '^Cap(Eff|Prm|Inh|Amb):.*[1-9a-f]' /proc/self/status",
    "new privileges": "grep -q '^NoNewPrivs:.*0' /proc/self/status",
    "root's number": "[ $(id -u) = 0 ]",
    "root's groups": "id -G | grep -qw 0",
    "keys": f"python3 -c '{KEYS}'",
    "keys, as a program of 32 bits": f"echo '{KEYS_32}' | gcc -x c - -o /tmp/keys && /tmp/keys",
    "network": f'python3 -c "{CONNECT}"',
    "abstract socket": f'python3 -c "{ABSTRACT}"',
}


@dataclass(frozen=True)
class Place:
    """A working folder, and what is around it."""

    workplace: Workplace
    shown: Room

    @property
    def work(self) -> Path:
        return self.shown.work

    def command(self, script: str) -> HostCommand:
        (self.work / "script").write_text(script)
        return self.workplace.command(self.shown, ["/bin/sh", "/ruckus/script"])


def place(folder: Path, kind: str = "sandbox", **changes: str) -> Place:
    (folder / "build").mkdir()
    workplace = workplace_of(load(configured(folder / "build", **changes)), STAGES["cross"])
    work, view, source = (folder / name for name in ("work", "view", "src"))
    source.mkdir()
    if kind == "chroot":
        workplace, view = Chroot(workplace.prefixes, os.uname().machine, "/cross-tools"), Path("/")
    else:
        workplace.show(view, (), ())
    here = Place(workplace, Room(work, view, source))
    before = os.umask(0o077)
    here.workplace.prepare(work)
    os.umask(before)
    (work / "sources" / "source").write_text("good\n")
    (work / "files" / "file").write_text("good\n")
    return here


@pytest.fixture(params=["root", "ordinary", "lonely root"])
def who(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Who runs steps: root, a user, or root in a namespace that has nobody else."""
    if os.geteuid() != 0 and request.param != "ordinary":
        pytest.skip("this is about root")
    if request.param != "root":
        monkeypatch.setattr(bubble, "changes_user", lambda: False)
    return str(request.param)


@pytest.fixture(params=["sandbox", "chroot"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run_as(
    who: str, command: HostCommand, folder: Path, environment: dict[str, str], terminal: int = subprocess.DEVNULL
) -> "subprocess.CompletedProcess[str]":
    before: list[str] = []
    if who == "ordinary" and os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{ORDINARY}:{ORDINARY}", folder], check=True)
        before = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"]
    elif who == "lonely root":
        before = ["unshare", "--map-root-user"]
    return subprocess.run(
        [*before, *command.words],
        env=STEP_ENVIRONMENT | environment,
        cwd=folder,
        pass_fds=command.descriptors,
        stdin=terminal,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can reach."""
    path = Path(tempfile.mkdtemp(prefix="ruckus-escapes-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_no_script_gets_out(who: str, kind: str, folder: Path) -> None:
    here = place(folder, kind)
    ways = {"what is allowed": "touch /ruckus/new", **ESCAPES}  # so that what fails is the way, and not the trial
    script = "".join(f"if ( {way}\n) >/dev/null 2>&1; then echo '{name}'; fi\n" for name, way in ways.items())
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as other:
        other.bind(f"\0{folder}")
        other.listen()
        environment = {"PORT": str(server.getsockname()[1]), "SOCKET": str(folder), "FOLDER": str(folder)}
        victim = subprocess.Popen(["sh", "-c", "sleep 100; true", "ruckus-victim"], start_new_session=True)
        try:
            done = run_as(who, here.command(script), folder, environment | {"VICTIM": str(victim.pid)})
            assert victim.poll() is None
        finally:
            os.killpg(victim.pid, 9)
            victim.wait()
            left = [path for path in (Path("/usr", MARK), Path("/etc", MARK), Path("/", MARK)) if path.exists()]
            for path in left:
                path.unlink()
    found = ["what is allowed", *(["device node of all"] if who == "lonely root" else [])]
    assert done.stdout.splitlines() == found, done.stderr
    assert not left
    assert done.returncode == 0
    assert (here.work / "sources" / "source").read_text() == (here.work / "files" / "file").read_text() == "good\n"


def test_a_step_is_the_same_user_in_the_same_place_whoever_runs_it(who: str, kind: str, folder: Path) -> None:
    here = place(folder, kind, prefix_tools="/opt/ruckus/tools")
    look = """
        whoami; id -u; id -g; umask; pwd; hostname
        for place in / /etc /usr /usr/local /opt /dev /dev/shm /proc /tmp \\
            /ruckus /ruckus/etc /ruckus/src /ruckus/out
        do
            echo "$place $(stat -c %a $place) $([ -w $place ] && echo writable)"
        done
        touch /ruckus/new /ruckus/out/new /tmp/new /dev/shm/new
        stat -c '%U %G %a' /ruckus /ruckus/out /ruckus/out/new
    """
    done = run_as(who, here.command(look), folder, {})
    places = [
        *("/ 755 ", "/etc 755 ", "/usr 755 ", "/usr/local 755 ", "/opt 755 ", "/dev 755 ", "/dev/shm 1777 writable"),
        *("/proc 555 ", "/tmp 1777 writable", "/ruckus 755 writable", "/ruckus/etc 755 ", "/ruckus/src 755 "),
        "/ruckus/out 755 writable",
    ]
    user = str(USER)
    owned = ["ruckus ruckus 755", "ruckus ruckus 755", "ruckus ruckus 644"]
    assert done.stdout.splitlines() == ["ruckus", user, user, "0022", "/ruckus", "ruckus", *places, *owned], done.stderr


def test_what_a_step_is_handed_is_its_own(who: str, folder: Path) -> None:
    """A working folder, the named pipe of make's jobserver, and a folder that outlives it."""
    here = place(folder)
    pipe, objects = folder / "pipe", folder / "objects"
    os.mkfifo(pipe, 0o600)
    here.workplace.give(pipe)
    assert here.workplace.shares(objects)
    assert here.workplace.shares(objects)
    (here.work / "script").write_text(
        "set -e; : <>$PIPE; mkdir /ruckus/ccache/new; mkdir /ruckus/build; rmdir /ruckus/out"
    )
    program = ["/bin/sh", "/ruckus/script"]
    command = here.workplace.command(replace(here.shown, objects=objects, fifo=pipe), program)
    done = run_as(who, command, folder, {"PIPE": str(pipe)})
    assert (done.returncode, done.stderr) == (0, "")
    assert (objects / "new").is_dir()


TYPE = "import fcntl; fcntl.ioctl(0, 0x5412, bytes([120]))"  # TIOCSTI
PASTE = "import fcntl; fcntl.ioctl(0, 0x541C, bytes([3]))"  # TIOCLINUX, TIOCL_PASTESEL


@pytest.mark.parametrize("program", [TYPE, PASTE])
def test_a_shell_cannot_type_into_the_terminal_that_it_shares(who: str, folder: Path, program: str) -> None:
    """Only since Linux 6.2 the kernel may refuse the first itself, with another error."""
    here = place(folder)
    words, descriptors = here.workplace.command(here.shown, ["python3", "-c", program], terminal=True)
    ours, theirs = pty.openpty()
    done = run_as(who, HostCommand(["setsid", "--ctty", "--wait", *words], descriptors), folder, {}, terminal=theirs)
    assert done.stderr.endswith("PermissionError: [Errno 1] Operation not permitted\n")
    os.close(theirs)
    os.close(ours)


def test_a_killed_sandbox_leaves_nothing_behind(who: str, kind: str, folder: Path) -> None:
    """What runs inside may be another user's, whom the kernel lets nobody but root end."""
    here = place(folder, kind)
    script = "sleep 93"
    words, descriptors = here.command(script)
    run_as(who, HostCommand(["timeout", "--foreground", "--signal=KILL", "1", *words], descriptors), folder, {})
    for _ in range(50):
        if not subprocess.run(["pgrep", "-f", "^sleep 93$"], capture_output=True).stdout:
            break
        subprocess.run(["sleep", "0.1"])
    assert not subprocess.run(["pgrep", "-f", "^sleep 93$"], capture_output=True).stdout

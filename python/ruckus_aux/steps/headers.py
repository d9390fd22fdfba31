# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the host's headers a step sees: those of its compiler, C library and kernel, and of libraries it declares.

A configure script uses what it finds. If it found what happens to be installed, the same key would mean other bytes
on another host. So what a step has as /usr/include is a folder of links, made for it, to these headers only. In a
folder that is a library's own all is shown; of `sys`, which libraries put headers into, what the C library has.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ruckus_aux.words.paths import BEHIND

INCLUDE = Path("/usr/include")
_C_LIBRARY = """
    a.out.h aio.h aliases.h alloca.h ar.h argp.h argz.h arpa assert.h bits byteswap.h complex.h cpio.h crypt.h ctype.h
    dirent.h dlfcn.h elf.h endian.h envz.h err.h errno.h error.h execinfo.h fcntl.h features-time64.h features.h fenv.h
    finclude fmtmsg.h fnmatch.h fpu_control.h fpregdef.h fstab.h fts.h ftw.h gconv.h getopt.h glob.h gnu gnu-versions.h
    grp.h gshadow.h iconv.h ieee754.h ifaddrs.h inttypes.h langinfo.h lastlog.h libgen.h libintl.h limits.h link.h
    locale.h malloc.h math.h mcheck.h memory.h mntent.h monetary.h mqueue.h net netash netatalk netax25 netdb.h
    neteconet netinet netipx netiucv netpacket netrom netrose nfs nl_types.h nss.h obstack.h paths.h poll.h printf.h
    proc_service.h protocols pthread.h pty.h pwd.h re_comp.h regdef.h regex.h regexp.h resolv.h rpc sched.h search.h
    semaphore.h setjmp.h sgtty.h shadow.h signal.h spawn.h stab.h stdbit.h stdc-predef.h stdint.h stdio.h stdio_ext.h
    stdlib.h string.h strings.h syscall.h sysexits.h syslog.h tar.h termio.h termios.h tgmath.h thread_db.h threads.h
    time.h ttyent.h uchar.h ucontext.h ulimit.h unistd.h utime.h utmp.h utmpx.h values.h wait.h wchar.h wctype.h
    wordexp.h
"""
_SYS = """
    acct.h asm.h auxv.h bitypes.h cachectl.h cdefs.h debugreg.h dir.h elf.h epoll.h errno.h eventfd.h fanotify.h
    fcntl.h file.h fpregdef.h fsuid.h gmon.h gmon_out.h hwprobe.h ifunc.h inotify.h io.h ioctl.h ipc.h kd.h klog.h
    mman.h mount.h msg.h mtio.h param.h pci.h perm.h personality.h pidfd.h platform poll.h prctl.h procfs.h profil.h
    ptrace.h queue.h quota.h random.h raw.h reboot.h reg.h regdef.h resource.h rseq.h select.h sem.h sendfile.h
    shm.h signal.h signalfd.h single_threaded.h socket.h socketvar.h soundcard.h stat.h statfs.h statvfs.h swap.h
    syscall.h sysctl.h sysinfo.h syslog.h sysmacros.h tas.h termios.h time.h timeb.h timerfd.h times.h timex.h
    ttychars.h ttydefaults.h types.h ucontext.h uio.h un.h unistd.h user.h utsname.h vfs.h vlimit.h vm86.h vt.h
    vtimes.h wait.h xattr.h
"""
_OTHERS = "asm asm-generic cxl drm linux misc mtd rdma regulator scsi sound video xen c++"
_TOOLCHAIN = frozenset(f"{_C_LIBRARY} {_OTHERS}".split())
_IN_SYS = frozenset(_SYS.split())
# Of what recipes call tools (Script.tools), those that are libraries or bring a header; and what menuconfig needs.
_NCURSES = "curses.h eti.h form.h menu.h ncurses ncurses.h ncurses_dll.h ncursesw panel.h term.h unctrl.h"
_OF_TOOLS = {
    "elfutils": ("elfutils", "gelf.h", "libelf.h", "nlist.h"),
    "flex": ("FlexLexer.h",),
    "ncurses": tuple(_NCURSES.split()),
}


def has_ncurses() -> bool:
    """Whether the host has the headers of ncurses."""
    return any((INCLUDE / name).exists() for name in ("ncurses.h", "ncursesw/ncurses.h", "ncurses/ncurses.h"))


def link_headers(folder: Path, tools: Iterable[str]) -> None:
    """Fill a new folder with links to the headers of the host that a step sees.

    Args:
        folder: What its sandbox has in the place of INCLUDE; the links lead to BEHIND.
        tools: The tools of the host that it declares.
    """
    wanted = _TOOLCHAIN.union(*(_OF_TOOLS.get(tool, ()) for tool in tools))
    names = list(_seen(INCLUDE, wanted))
    for parent in {folder, *((folder / name).parent for name in names)}:
        parent.mkdir(parents=True, exist_ok=True)
        parent.chmod(0o755)  # whatever our umask is
    for name in names:
        (folder / name).symlink_to(BEHIND / name)


def _seen(folder: Path, wanted: Iterable[str]) -> Iterator[Path]:
    """The wanted paths below a folder of headers. One like x86_64-linux-gnu in it is the same for one architecture."""
    for path in folder.iterdir():
        if path.name == "sys" and path.is_dir():
            inner = _seen(path, _IN_SYS)
        elif "-linux-" in path.name and path.is_dir():
            inner = _seen(path, wanted)
        else:
            inner = iter([Path()] if path.name in wanted else [])
        yield from (path.name / name for name in inner)

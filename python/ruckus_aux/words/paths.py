# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file and folder that Ruckus writes, or that a sandbox has: each is named here, and nowhere else."""

from pathlib import Path

SRCDIR = Path(__file__).resolve().parents[3]  # the source tree
INVOKE = SRCDIR / ".venv" / "bin" / "invoke"  # where build-aux/setup puts it
# In a build directory, beside what autoconf and automake write.
CONF = "ruckus.conf"
SOURCE_BUNDLE = "ruckus-sources.tar"
# In BUILDROOT, and JOURNAL and GRAPH in the folder of a build of several architectures, too.
JOURNAL = "journal.sqlite"
GRAPH = "graph.mk"
SOURCES_LOCK = "sources-lock.json"  # also in the folder of a build of several architectures, and in a source bundle
BOOTED, BOOTED_FINAL = "booted", "booted-final"  # the stamps of either system that was booted last
STAMPS_LOCK = "stamps.lock"
INSTALLED = "installed.sqlite"  # the index of the stamps
# In the folder of a build of several architectures.
STATUS = "status.json"
RUN_LOCK = "run.lock"
VOLUMES = "volumes.json"
HOSTPREP = "hostprep"
# In $CLFS, when a build of several architectures configures there.
BUILDDIR = "ruckus-build"
# In a cache: the memory that running steps have claimed.
RUNNING = "running"
# There, too: which build directories use it, and what of it.
BUILDS = "builds"

MARKER = ".ruckus"
COPIES = "lent"  # the folder of copies of images that are lent to somebody
BUILDER = "builder"  # the folder of a machine that builds natively
START = "start.json"  # there, while it runs, and until what it made is at home
DISK_ID = "disk.id"  # there: what tells its disk from others
CONSOLE = "console.log"  # there: what it said since it was started last
AGAIN = "again"  # the folder of steps that are built again, to be compared
# What is written there, other than what configure names: PREFIX_HOSTPREP, the cache, $CLFS.
BOOT = "boot"  # a folder for each architecture, with its kernel and hypervisor
BUILDER_ENV = "ruckus_builder.env"
KERNEL, HYPERVISOR = "vmlinuz", "xen.gz"  # there, and in /boot of a system
PREFIX_NAMES = (BOOT, BUILDER_ENV)  # in the folder of --prefix, or, without that, in BUILDROOT
FINAL = "final"  # the root file system of the final system
BUILDROOT_NAMES = (
    *("work", "stamps", STAMPS_LOCK, INSTALLED, FINAL),
    *("log", JOURNAL, GRAPH, SOURCES_LOCK, BOOTED, BOOTED_FINAL, COPIES, BUILDER, AGAIN, *PREFIX_NAMES),
)
BUILD_NAMES = (
    *("runs", RUN_LOCK, STATUS, "logs", "reports", JOURNAL, GRAPH, SOURCES_LOCK),
    *("volumes", VOLUMES, COPIES, HOSTPREP),
)
# What configure and make write beside BUILDROOT_NAMES, where configure is run.
BUILDDIR_NAMES = (
    "Makefile",
    "config.status",
    "config.log",
    "ruckus",
    CONF,
    "check-bootstrap",
    "lab",
    "logs",
    SOURCE_BUNDLE,
)
CACHE_NAMES = ("sources", "store", "ccache", RUNNING, BUILDS)

# In the system of a machine that builds natively: what it needs for that.
NATIVE = "ruckus-build/native"
SHOWN = "ruckus-build/shown"  # beside it, and root's: trees that steps see in roots of their own

# In a sandbox.
INSIDE = Path("/ruckus")  # the one writable folder
USER = 65533  # who writes there, and the group of that number; reserved by Debian, given to nobody by systemd
OTHER_USER = USER - 1  # who does when a step is built again, to be compared
HOST_FOLDERS = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Where the sandbox has the host's whole /usr/include, for links to lead to. Debian 13's headers of the kernel are links
# themselves, to ../../../lib: from here that is /lib, where from /usr/include it is /usr/lib.
BEHIND = Path("/headers")
RESERVED = tuple(f"/{name}" for name in (*HOST_FOLDERS, "etc", "dev", "proc", "tmp", INSIDE.name, BEHIND.name))

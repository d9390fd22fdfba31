# SPDX-License-Identifier: GPL-3.0-or-later
"""A system that stands in for one that was built: Debian's kernel, BusyBox, and this host's make.

Debian's kernel has its drivers in modules, so a QEMU that is first on PATH gives it an initial RAM disk.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_META = "linux-image-cloud-amd64"
# In the order in which one needs another.
_MODULES = ("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk",
            "crc16", "crc32c_generic", "mbcache", "jbd2", "ext4")  # fmt: skip
_INIT = """\
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /dev /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs devtmpfs /dev
for module in {modules}; do
    [ ! -e /modules/$module.ko ] || /bin/busybox insmod /modules/$module.ko
done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
"""
_QEMU = """\
#!/bin/sh
case " $* " in
*" -qmp "*) set -- "$@" -initrd {initrd} ;;
*) exec {qemu} "$@" ;;
esac
if [ -n "$RUCKUS_DISK" ]; then  # a device with Ruckus, as domUs get one
    for word; do
        shift
        case $word in console=*) word="$word ruckus.dev=/dev/vdc:ext4:ro,noload ruckus.path=/tree" ;; esac
        set -- "$@" "$word"
    done
    set -- "$@" -drive "file=$RUCKUS_DISK,format=raw,if=virtio,readonly=on"
fi
exec {qemu} "$@"
"""


@dataclass(frozen=True)
class StandIn:
    """What there is of it: the kernel, the folder of a QEMU with the RAM disk, BusyBox."""

    kernel: Path
    programs: Path
    busybox: Path

    def install(self, root: Path, tools: str) -> None:
        """Make a system in an empty folder, whose prefix is `tools`."""
        for folder in ("bin", "sbin", "boot", "dev", "etc", "proc", "sys", "tmp", "usr/bin", "root", f".{tools}/bin"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.kernel, root / "boot/vmlinuz")
        shutil.copy(self.busybox, root / "bin/busybox")
        for name in subprocess.run([self.busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
            if name != "busybox":
                (root / "bin" / name).symlink_to("busybox")
        (root / "sbin/init").symlink_to("/bin/busybox")
        (root / "etc/inittab").write_text("::sysinit:/etc/rc\n::respawn:-/bin/sh\n")
        (root / "etc/passwd").write_text("root::0:0:root:/root:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\n")
        (root / "etc/rc").write_text(
            "#!/bin/sh\nexport PATH=/bin:/sbin:/usr/bin\nmount -t proc proc /proc\nmount -t sysfs sysfs /sys\n"
            "echo 'ruckus: system is up'\n[ ! -e /ruckus-build/native/start ] || sh /ruckus-build/native/start\n"
        )
        (root / "etc/rc").chmod(0o755)
        copy_program(root, "make", "usr/bin/make")


def copy_program(root: Path, name: str, target: str) -> None:
    """Copy a program of this host into a system, with its libraries."""
    source = shutil.which(name)
    assert source
    listed = subprocess.run(["ldd", source], capture_output=True, text=True, check=True).stdout
    for path, there in ((source, target), *((path, path[1:]) for path in re.findall(r"(/\S+) \(0x", listed))):
        (root / there).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, root / there)


def make_stand_in(folder: Path) -> StandIn:
    """Download Debian's packages into an empty folder, and take out of them what is needed."""
    kernel = subprocess.run(["apt-cache", "depends", _META], capture_output=True, text=True, check=True).stdout
    (package,) = re.findall(r"Depends: (linux-image-\S+)", kernel)[:1]
    subprocess.run(
        ["apt-get", "download", "-q", package, "busybox-static"], cwd=folder, check=True, capture_output=True
    )
    wanted = {"linux-image": [f"*/{name}.ko*" for name in _MODULES] + ["./boot/vmlinuz*"], "busybox": ["./bin/busybox"]}
    for name, members in wanted.items():
        (archive,) = folder.glob(f"{name}*.deb")
        with subprocess.Popen(["dpkg", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as data:
            subprocess.run(
                ["tar", "-x", "--wildcards", *members],
                cwd=folder,
                stdin=data.stdout,
                stderr=subprocess.DEVNULL,
                check=False,
            )
    busybox, modules = folder / "bin/busybox", folder / "initrd/modules"
    modules.mkdir(parents=True)
    for path in folder.glob("**/kernel/**/*.ko"):
        shutil.copy(path, modules)
    (folder / "initrd/bin").mkdir()
    shutil.copy(busybox, folder / "initrd/bin/busybox")
    (folder / "initrd/init").write_text(_INIT.format(modules=" ".join(_MODULES)))
    (folder / "initrd/init").chmod(0o755)
    initrd = folder / "initrd.img"
    names = [str(path.relative_to(folder / "initrd")) for path in (folder / "initrd").rglob("*")]
    with initrd.open("wb") as file:
        text = "\n".join(names).encode()
        words = [str(busybox), "cpio", "-o", "-H", "newc"]
        subprocess.run(words, cwd=folder / "initrd", input=text, stdout=file, stderr=subprocess.DEVNULL, check=True)
    (folder / "programs").mkdir()
    qemu = folder / "programs/qemu-system-x86_64"
    qemu.write_text(_QEMU.format(qemu=shutil.which("qemu-system-x86_64"), initrd=initrd))
    qemu.chmod(0o755)
    (found,) = (folder / "boot").glob("vmlinuz*")
    return StandIn(found, folder / "programs", busybox)

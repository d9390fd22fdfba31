"""`make bootstrap-install`: what of a system only root can do, as the CLFS book does it before the first boot.

Ownership (CLFS: Changing Ownership) and the device nodes that the kernel needs before anything is mounted on /dev
(CLFS: Populating /dev).
"""

import os
import stat

from ruckus_aux.errors import RuckusError
from ruckus_aux.merge import lock, stamps
from ruckus_aux.settings import Settings

# Name in /dev, major and minor number, mode: see Documentation/admin-guide/devices.txt in the kernel's source.
_NODES = (("console", 5, 1, 0o600), ("null", 1, 3, 0o666))


def install(settings: Settings) -> None:
    """Give the merged files of $CLFS, and their directories, to root, and make the device nodes.

    Files that no step has merged keep their owner. Raises RuckusError when this process is not root's.
    """
    if os.geteuid() != 0:
        raise RuckusError("bootstrap-install needs root", "run: sudo make bootstrap-install")
    with lock(settings):
        root = settings.clfs
        mine = [stamp for stamp in stamps(settings) if stamp.root == root]
        if not mine:
            raise RuckusError(f"{root} holds no system yet", "run: make bootstrap")
        paths = {root / name for stamp in mine for name in stamp.files}
        paths |= {parent for path in paths for parent in path.parents if root in (parent, *parent.parents)}
        for path in paths:
            status = path.lstat()
            if (status.st_uid, status.st_gid) != (0, 0):
                os.chown(path, 0, 0, follow_symlinks=False)
                if not stat.S_ISLNK(status.st_mode):
                    path.chmod(stat.S_IMODE(status.st_mode))  # chown takes away setuid
        (root / "dev").mkdir(exist_ok=True)
        for name, major, minor, mode in _NODES:
            node = root / "dev" / name
            if not node.exists():
                try:
                    os.mknod(node, mode | stat.S_IFCHR, os.makedev(major, minor))
                except PermissionError as error:  # root of a container
                    raise RuckusError(
                        f"{node}: this root may not make device nodes", "run it outside of a container"
                    ) from error
                node.chmod(mode)  # whatever the umask is
    print(f"  INSTALL  {len(paths)} files and directories of {root} belong to root")

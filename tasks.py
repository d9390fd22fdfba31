# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of Ruckus: `invoke --list` names them, `invoke --help TASK` explains one.

They need the modules of requirements.txt: ./build-aux/setup installs them into .venv, and .venv/bin/invoke runs them.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "python"))

from ruckus_aux.entry.console import importing

with importing():
    from ruckus_aux.tasks.build import bench, bootstrap_install, build, estimate
    from ruckus_aux.tasks.builder import (
        builder_console,
        builder_follow,
        builder_shell,
        builder_start,
        builder_status,
        builder_stop,
    )
    from ruckus_aux.tasks.cache import gc
    from ruckus_aux.tasks.report import collect_logs, history, report, status
    from ruckus_aux.tasks.volume import (
        verify_sudo,
        volume_create,
        volume_grow,
        volume_inspect,
        volume_mount,
        volume_release,
        volume_remove,
        volume_snapshot,
        volume_umount,
        volumes,
    )

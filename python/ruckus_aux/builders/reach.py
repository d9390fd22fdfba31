# SPDX-License-Identifier: GPL-3.0-or-later
"""How a running builder is reached over ssh: by a configuration of ssh's that has all that it takes.

So people may use it as well: `ssh -F FILE NAME`, or scp, or rsync.
"""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ruckus_aux.builders.keys import KNOWN_HOSTS, USER_KEY, keys_of, ssh_name
from ruckus_aux.host.commands import run
from ruckus_aux.host.remote import Remote
from ruckus_aux.host.writing import write_whole

_PATIENCE = 20  # seconds for a connection and the exchange of keys: an emulated machine is slow
_CONFIG = "ssh_config"  # in a builder's folder
# Nothing of the user's configuration is in force: a machine gets no agent, no forwarding, and no other key to see.
_TEXT = """\
# The builder's: ssh -F {path} {name}
Host {name}
  HostName {address}
  Port {port}
  User root
  HostKeyAlias {name}
  UserKnownHostsFile {keys}/{known}
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  UpdateHostKeys no
  IdentityFile {keys}/{user}
  IdentitiesOnly yes
  IdentityAgent none
  PasswordAuthentication no
  KbdInteractiveAuthentication no
  ForwardAgent no
  LogLevel ERROR
"""


@dataclass(frozen=True)
class Reach:
    """A running machine as ssh knows it.

    config: the file of its configuration. name: which it has there. address: of the network.
    """

    config: Path
    name: str
    address: str

    def ssh(self, *options: str, command: Sequence[str] = ()) -> list[str]:
        """The words that reach it.

        Args:
            options: Of ssh.
            command: What to run there, if not a shell.
        """
        return ["ssh", "-F", str(self.config), *options, self.name, *command]

    def answers(self) -> bool:
        """Whether somebody can log in now."""
        patience = ("-o", "BatchMode=yes", "-o", f"ConnectTimeout={_PATIENCE}")
        status, _ = run(self.ssh(*patience, command=["true"]), check=False)
        return status == 0

    def log_in(self) -> int:
        """Let the user have a shell there, on this terminal; returns the exit status."""
        return subprocess.call(self.ssh())  # not through sarge: a shell needs our terminal as it is

    def remote(self) -> Remote:
        """For commands of ours."""
        return Remote(self.name, config=self.config)


def reach(folder: Path, arch: str, address: str, port: int, way: str = "") -> Reach:
    """Write down how a machine is reached.

    Args:
        folder: The builder's.
        arch: Its architecture.
        address: The machine's.
        port: Where its ssh server listens.
        way: The machine through which alone it is reached, as the user's ssh knows it.
    """
    path, name = folder / _CONFIG, ssh_name(arch)
    text = _TEXT.format(
        path=path, name=name, address=address, port=port, keys=keys_of(folder, arch), known=KNOWN_HOSTS, user=USER_KEY
    )
    if way:  # with the user's own configuration, but the same rules as everywhere
        hop = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-W", "%h:%p", way]
        text += f"  ProxyCommand {shlex.join(hop)}\n"
    if not path.exists() or path.read_text() != text:
        write_whole(path, text)
    return Reach(path, name, address)

# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a bootable system of the final packages: directories, /etc, boot scripts, and what configure was told.

The accounts are those of the CLFS book (Creating Directories; Creating the passwd, group and log Files; Making the CLFS
System Bootable). recipes/hierarchy.py has the places.
"""

import re
from pathlib import Path

from ruckus_aux.recipes.given import check_laid_over, check_new_user
from ruckus_aux.recipes.hierarchy import COMMON, DIRECTORIES, ETC, LINKS, PRIVATE
from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script
from ruckus_aux.words.architecture import merged_root

recipe = Recipe("base")

_SCRIPTS = {
    "boot.d": (
        *("10-kernel", "20-host", "30-udev", "40-check", "50-mount", "60-swap", "70-leftovers", "80-clock"),
        "90-settings",
    ),
    "service.d": ("10-syslog", "20-network", "30-sshd", "99-ruckus"),
}
# Everybody may read who has logged in, but not who has failed to, nor what syslogd writes.
_LOGS = {
    **dict.fromkeys(("wtmp", "lastlog", "faillog"), ("utmp", 0o664)),
    "btmp": ("utmp", 0o660),
    **dict.fromkeys(("auth.log", "kern.log", "messages"), ("adm", 0o640)),
}


@recipe.step("final")
def base(sh: Script) -> None:
    """Directories, accounts, and those files of /etc that are the same for everybody"""
    libdirs = [f"usr/{target}" for target in merged_root(sh.arch).values()]
    libdirs += [f"usr/local/{libdir}" for libdir in sh.arch.libdirs]
    sh.sh(f"""
        cd "$OUT"
        mkdir -p {" ".join(dict.fromkeys((*DIRECTORIES, *libdirs)))}
        mkdir -p -m 0750 {" ".join(PRIVATE)}
        mkdir -p -m 1777 {" ".join(COMMON)}
    """)
    links = LINKS | {name: f"usr/{target}" for name, target in merged_root(sh.arch).items()}
    for name, target in links.items():
        sh.sh(f"ln -s {target} {name}")
    for name in ETC:
        sh.sh(f"cp {sh.file(f'etc/{name}')} etc/{name}")
    sh.sh("""
        sed 's/^\\([^:]*\\):x:[0-9]*:/\\1:!::/' etc/group > etc/gshadow
        chmod 600 etc/gshadow
        mkdir boot/grub
    """)
    sh.sh(f"cp {sh.file('grub.cfg')} boot/grub/grub.cfg")
    sh.sh(f"cp {sh.file('sysctl.conf')} usr/lib/sysctl.d/50-default.conf")
    for name, (group, mode) in _LOGS.items():
        sh.sh(f"touch var/log/{name}")
        sh.owner(f"root:{group}", f"/var/log/{name}")
        sh.mode(mode, f"/var/log/{name}")
    sh.owner("root:mail", "/var/mail")
    sh.mode(0o2775, "/var/mail")
    sh.device("/dev/console", "c", 5, 1, mode=0o600)
    sh.device("/dev/null", "c", 1, 3, mode=0o666)


@recipe.step("final", name="bootscripts")
def bootscripts(sh: Script) -> None:
    """What init runs: in the order of their names, the scripts of boot.d, and then those of service.d"""
    sh.sh('mkdir -p "$OUT/etc/rc.d"')
    for name in ("rc", "console"):
        sh.sh(f'install -m 755 {sh.file(name)} "$OUT/etc/rc.d"')
    for folder, names in _SCRIPTS.items():
        files = " ".join(sh.file(f"{folder}/{name}") for name in names)
        sh.sh(f"""
            mkdir "$OUT/etc/rc.d/{folder}"
            install -m 755 {files} "$OUT/etc/rc.d/{folder}"
        """)


@recipe.step("final", name="configuration", replaces=("final/base", "final/shadow"))
def configuration(sh: Script) -> None:
    """What configure was told: the machine's name, its place and language, and who may log in"""
    zone, locale = sh.settings.timezone, sh.settings.locale
    hostname = sh.settings.hostname or f"clfs-{sh.arch.string}"
    language, _, charset = locale.partition(".")
    charset, at, variant = charset.partition("@")
    another = "configure again with another"
    sh.needs(f"glibc-{sh.abi.bits}", "locales", "tzdata")
    sh.sh(f"""
        if [ ! -f /usr/share/zoneinfo/{zone} ]; then
            echo "error: --with-timezone={zone}: there is no such zone; {another}, of final/usr/share/zoneinfo" >&2
            exit 1
        fi
    """)
    if charset:  # C and POSIX are everywhere
        # Whether it is one of final/locales: the finished system also has what this step has put beside their archive.
        archived = f"{language}.{re.sub('[^a-z0-9]', '', charset.lower())}{at}{variant}"
        unknown = f"error: --with-locale={locale}: there is no such locale; {another}"
        sh.sh(f"""
            if ! localedef --list-archive | grep -qxF {archived}; then
                mkdir -p "$OUT{sh.libdir}/locale"
                localedef -i {language}{at}{variant} -f {charset} "$OUT{sh.libdir}/locale/{locale}" || status=$?
                if [ "${{status:-0}}" -gt 1 ]; then  # 1 is for warnings
                    echo "{unknown}, of final/usr/share/i18n" >&2
                    exit 1
                fi
            fi
        """)
    sh.sh(f"""
        mkdir -p "$OUT/etc"
        mkdir -m 0750 "$OUT/root"
        ln -s ../usr/share/zoneinfo/{zone} "$OUT/etc/localtime"
        echo LANG={locale} > "$OUT/etc/locale.conf"
        echo {hostname} > "$OUT/etc/hostname"
        sed '/^127/a 127.0.1.1 {hostname}' {sh.file("etc/hosts")} > "$OUT/etc/hosts"
    """)
    _logins(sh)
    _user(sh)
    facts = {
        **{"CLFS_ARCH_STRING": sh.arch.string, "CLFS_TARGET": sh.target, "PROFILE": sh.settings.profile},
        **{"HOSTNAME": hostname, "TIMEZONE": zone, "LOCALE": locale},
        "ROOT_HAS_PASSWORD": "yes" if sh.settings.root_password_hash else "no",
        "ROOT_HAS_KEY": "yes" if sh.settings.authorized_key else "no",
        **({"ORDINARY_USER": sh.settings.user} if sh.settings.user else {}),
        "SYMBOLS_FOR_DEBUGGERS": "yes" if sh.settings.debug else "no",
        "OVERLAY": "yes" if sh.settings.overlay else "no",  # its path is the building machine's business
    }
    sh.write("$OUT/etc/ruckus-release", "".join(f"{name}={fact}\n" for name, fact in facts.items()))


def _logins(sh: Script) -> None:
    """/etc/shadow, and root's key: until there is a password or a key, root can't log in."""
    key = sh.settings.authorized_key
    # To sshd, an account with a ! is locked for its keys, too.
    password = sh.settings.root_password_hash or ("*" if key else "!")
    # Of that name, no log has it that leaves the machine.
    sh.sh(f"""
        PASSWORD='{password}'
        sed -e 's/:.*/:!:::::::/' -e "s|^root:!|root:$PASSWORD|" {sh.file("etc/passwd")} > "$OUT/etc/shadow"
        chmod 600 "$OUT/etc/shadow"
    """)
    if key:
        sh.sh(f"""
            mkdir -m 0700 "$OUT/root/.ssh"
            install -m 600 {sh.given(key)} "$OUT/root/.ssh/authorized_keys"
        """)


def _user(sh: Script) -> None:
    """An ordinary user, who logs in with root's key."""
    name, key = sh.settings.user, sh.settings.authorized_key
    if not name:
        return
    check_new_user("--with-user", name, *(sh.files.find(f"etc/{file}") for file in ("passwd", "group")))
    home = f"/home/{name}"
    sh.sh(f"""
        sed '/^nobody:/i {name}:x:1000:999::{home}:/bin/bash' {sh.file("etc/passwd")} > "$OUT/etc/passwd"
        echo '{name}:{"*" if key else "!"}:::::::' >> "$OUT/etc/shadow"
        echo {name}:100000:65536 | tee "$OUT/etc/subuid" > "$OUT/etc/subgid"
        mkdir "$OUT/home"
        mkdir -m 0700 "$OUT{home}"
    """)
    sh.owner(name, home)  # and what an overlay has there
    if key:
        sh.sh(f"""
            mkdir -m 0700 "$OUT{home}/.ssh"
            install -m 600 {sh.given(key)} "$OUT{home}/.ssh/authorized_keys"
        """)


@recipe.step("final", name="overlay", replaces=("final/*",), when=lambda settings: settings.overlay is not None)
def overlay(sh: Script) -> None:
    """A folder of your own, laid over all other packages"""
    folder = sh.settings.overlay or Path()
    # It may have changed since configure.
    check_laid_over("--with-overlay", folder, merged_root(sh.arch), sh.settings.user)
    sh.sh(f'tar -xf {sh.given(folder)} -C "$OUT"')

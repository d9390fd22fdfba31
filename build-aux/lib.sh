# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What setup, build and check share: where the source tree is, how they speak, and what they need installed.

# shellcheck disable=SC2034 # used by the scripts that read this file
srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What is looked for (a name with a slash is a file), what for, and the package that has it: Debian's, Fedora's, Arch's.
#   step, python: every build needs it             autoconf: so does one in a clone, which has no configure yet
#   hostprep: it is built where the host lacks it  boot, sharing: builds can do without
#   check, lab: tests are run with it, see docs/lab.md
needs() {
    cat <<'END'
gcc                 step      gcc              gcc                     gcc
g++                 step      g++              gcc-c++                 gcc
/usr/include/stdio.h step     libc6-dev        glibc-devel             glibc
make                step      make             make                    make
ld                  step      binutils         binutils                binutils
tar                 step      tar              tar                     tar
gzip                step      gzip             gzip                    gzip
bzip2               step      bzip2            bzip2                   bzip2
xz                  step      xz-utils         xz                      xz
patch               step      patch            patch                   patch
find                step      findutils        findutils               findutils
diff                step      diffutils        diffutils               diffutils
perl                step      perl             perl                    perl
python3             step      python3          python3                 python
bwrap               step      bubblewrap       bubblewrap              bubblewrap
python-3.11-and-venv python   python3-venv     python3                 python
autoconf            autoconf  autoconf         autoconf                autoconf
automake            autoconf  automake         automake                automake
m4                  hostprep  m4               m4                      m4
bison               hostprep  bison            bison                   bison
flex                hostprep  flex             flex                    flex
gawk                hostprep  gawk             gawk                    gawk
bc                  hostprep  bc               bc                      bc
/usr/include/libelf.h hostprep libelf-dev      elfutils-libelf-devel   libelf
qemu-system-x86_64  boot      qemu-system-x86  qemu-system-x86-core    qemu-system-x86
mke2fs              boot      e2fsprogs        e2fsprogs               e2fsprogs
ccache              sharing   ccache           ccache                  ccache
mkfs.btrfs          check     btrfs-progs      btrfs-progs             btrfs-progs
mkfs.erofs          check     erofs-utils      erofs-utils             erofs-utils
mksquashfs          check     squashfs-tools   squashfs-tools          squashfs-tools
mkfs.xfs            check     xfsprogs         xfsprogs                xfsprogs
openssl             check     openssl          openssl                 openssl
shellcheck          check     shellcheck       ShellCheck              shellcheck
ssh                 check     openssh-client   openssh-clients         openssh
sshd                check     openssh-server   openssh-server          openssh
visudo              check     sudo             sudo                    sudo
fakeroot            lab       fakeroot         fakeroot                fakeroot
mmdebstrap          lab       mmdebstrap       mmdebstrap              mmdebstrap
qemu-img            lab       qemu-utils       qemu-img                qemu-img
newuidmap           lab       uidmap           shadow-utils            shadow
sfdisk              lab       fdisk            util-linux              util-linux
/usr/share/ovmf/OVMF.fd lab   ovmf             edk2-ovmf               edk2-ovmf
END
}
steps_path=/usr/bin:/bin:/usr/sbin:/sbin # where steps find the host's programs

say() { printf '%s: %s\n' "${0##*/}" "$*"; }

die() {
    printf '%s: error: %s\n' "${0##*/}" "$1" >&2
    [ $# -lt 2 ] || printf '  %s\n' "${@:2}" >&2
    exit 1
}

# Stop where the source tree has a path that configure would refuse, before anything is installed.
check_path() {
    local LC_ALL=C
    [[ $srcdir =~ ^[A-Za-z0-9_.+@%/-]+$ ]] ||
        die "the source tree's path '$srcdir' has a space or another character that make, sh or a search path would split" \
            "move it, or clone it again, to where the path has letters, digits and / . _ - + @ % only"
}

# Whether this is there; arguments: KIND NAME, as `needs` has them.
is_there() {
    local PATH=$PATH:/usr/sbin:/sbin
    case $1,$2 in
    python,*) [ -z "$(missing_modules requirements.txt)" ] || find_python ;;
    *,/*) [ -e "$2" ] ;;
    step,* | hostprep,*) PATH=$steps_path && type -P "$2" ;;
    *) type -P "$2" ;;
    esac >/dev/null
}

# How packages are installed here; nothing, where that is not known.
installer() {
    local command
    for command in "apt-get install --no-install-recommends" "dnf install" "pacman -S"; do
        ! type -P "${command%% *}" >/dev/null || { echo "$command" && return; }
    done
}

# What is missing of these kinds, one a line: its name, and how this distribution calls the package that has it.
missing() {
    local name kind debian fedora arch installer
    installer=$(installer)
    while read -r name kind debian fedora arch; do
        { [[ " $* " == *" $kind "* ]] && ! is_there "$kind" "$name"; } || continue
        case $installer in
        apt-get*) echo "$name $debian" ;;
        dnf*) echo "$name $fedora" ;;
        pacman*) echo "$name $arch" ;;
        *) echo "$name $name" ;;
        esac
    done < <(needs)
}

names_in() { cut -d ' ' -f 1 <<<"$1" | paste -s -d ' '; }
packages_in() { cut -d ' ' -f 2 <<<"$1" | sort -u | paste -s -d ' '; }

# The command that installs what is missing, or as much of it as is known.
how_to_install() {
    local root=
    [ "$(id -u)" -eq 0 ] || { type -P sudo >/dev/null && root="sudo "; } || root="as root: "
    [ -n "$(installer)" ] || { echo "your distribution's packages that have these" && return; }
    echo "$root$(installer) $(packages_in "$1")"
}

# Install what is missing, when this user may; else say how. It stops only for what a build can't do without.
# Arguments: the kinds that are needed, and those that are not, each list as one word.
install_packages() {
    local found needed
    # shellcheck disable=SC2086 # lists of words
    found=$(missing $1 $2)
    [ -n "$found" ] || return 0
    # shellcheck disable=SC2046
    ! may_install || apt_install $(packages_in "$found") || say "apt-get could not install everything: see above"
    # shellcheck disable=SC2086
    found=$(missing $1 $2) needed=$(missing $1)
    [ -z "$needed" ] || die "this host lacks: $(names_in "$needed")" "install with: $(how_to_install "$found")"
    [ -z "$found" ] || say "going on without $(names_in "$found"); to install: $(how_to_install "$found")"
}

# Whether apt-get can be used without asking; `as_root` is what comes before it.
may_install() {
    as_root=()
    type -P apt-get >/dev/null || return
    [ "$(id -u)" -eq 0 ] || { as_root=(sudo -n) && sudo -n true 2>/dev/null; }
}

# Install Debian packages: on a terminal with apt's own words, else with a line for each stage.
apt_install() {
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -y --no-install-recommends) sizes
    say "installing $*"
    if [ -t 1 ]; then
        "${apt[@]}" update || say "going on with the lists of packages that are there"
        "${apt[@]}" install "$@"
        return
    fi
    "${apt[@]}" -qq update >/dev/null || say "apt-get update failed; going on with the lists that are there"
    sizes=$({ "${apt[@]}" --assume-no install "$@" 2>/dev/null || :; } | # apt 2 and apt 3 have other words for it
        sed -nE -e 's/^(Need to get| *Download size:) ([0-9.,]+ .?B).*/ \2/p' \
            -e 's/^(After this operation,| *Space needed:) ([0-9.,]+ .?B).*/, \2 on disk/p')
    say "downloading${sizes//$'\n'/}"
    "${apt[@]}" -qq install --download-only "$@" >/dev/null || return
    say "unpacking and setting up"
    "${apt[@]}" -qq install "$@" >/dev/null
}

# The first Python that is new enough.
find_python() {
    local python
    for python in "${PYTHON:-python3}" python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    return 1
}

# What a requirements file pins and the virtual environment lacks, one a line; all of it, where Python does not run.
missing_modules() {
    PYTHONPATH=$srcdir/python "$srcdir/.venv/bin/python" -B -m ruckus_aux.host.modules "$srcdir/$1" 2>/dev/null ||
        sed -n 's/^\([^ ]*==[^ ]*\) \\$/\1/p' "$srcdir/$1"
}

# The source tree's virtual environment, with the modules that a requirements file pins. It is made anew when its Python
# is gone, or has become another version, which does not find what the old one had installed.
make_venv() {
    local python=$srcdir/.venv/bin/python
    [ -n "$(missing_modules "$1")" ] || return 0
    say "installing the Python modules of $1 into .venv"
    "$python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        "$(find_python)" -m venv --clear "$srcdir/.venv"
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$srcdir/$1" ||
        die "pip could not install what $1 pins" "see its messages above; nothing else was changed"
}

# Whether configure is there, and not older than what it is made from.
has_configure() {
    local input
    [ -e "$srcdir/configure" ] && [ -e "$srcdir/Makefile.in" ] || return
    for input in "$srcdir"/{configure.ac,Makefile.am,m4/*.m4,python/ruckus_aux/{__init__,settings/options}.py}; do
        [ ! "$input" -nt "$srcdir/configure" ] || return
    done
}

make_configure() {
    has_configure || "$srcdir/autogen.sh" >/dev/null || die "autogen.sh failed" "see its messages above"
}

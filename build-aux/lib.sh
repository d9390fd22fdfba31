# shellcheck shell=bash
# What setup, build and check share: where the source tree is, how they speak, and what they need installed.

# shellcheck disable=SC2034 # used by the scripts that read this file
srcdir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What the build runs on, what of it hostprep could build but the distribution has, and what boots the result.
build_packages=(autoconf automake bash bc bison bubblewrap bzip2 ccache diffutils e2fsprogs flex g++ gawk gcc libc6-dev
    libelf-dev m4 make patch perl python3 python3-venv qemu-system-x86 xz-utils)
# What the tests and checks run besides.
check_packages=(btrfs-progs erofs-utils shellcheck squashfs-tools sudo xfsprogs)
# What the lab is made and run with; see docs/lab.md.
lab_packages=(fakeroot mmdebstrap openssh-client qemu-system-x86 qemu-utils uidmap)

say() { printf '%s: %s\n' "${0##*/}" "$*"; }

die() {
    printf '%s: error: %s\n' "${0##*/}" "$1" >&2
    [ $# -lt 2 ] || printf '  %s\n' "${@:2}" >&2
    exit 1
}

# The packages of these that are not installed; none on a host without dpkg, where configure checks for programs.
missing_packages() {
    command -v dpkg-query >/dev/null || return 0
    local installed
    # It fails when it does not know one of them, and tells about the others.
    installed=$({ dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null || :; } | sed -n 's/^ii  *//p')
    comm -23 <(printf '%s\n' "$@" | sort -u) <(sort <<<"$installed")
}

# Install what is missing of these Debian packages when this user may; else say how, and stop.
install_packages() {
    local missing root=()
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || die "these Debian packages are missing: ${missing[*]}" \
            "install them with: sudo apt-get install ${missing[*]}"
        root=(sudo -n)
    fi
    say "installing ${missing[*]}"
    "${root[@]}" apt-get update -qq || say "apt-get update failed; going on with the lists that are there"
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" \
        >/dev/null || die "apt-get could not install: ${missing[*]}" "install them with: apt-get install ${missing[*]}"
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
    die "no Python 3.11 or later with the venv module" "install one, or set PYTHON to it"
}

# The source tree's virtual environment, with the modules that a requirements file pins.
make_venv() {
    local requirements=$srcdir/$1 stamp wanted
    stamp=$srcdir/.venv/$1.installed
    wanted=$(cat "$srcdir"/requirements*.txt | sha256sum)
    [ -x "$srcdir/.venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
    say "installing the Python modules of $1 into .venv"
    [ -x "$srcdir/.venv/bin/python" ] || "$(find_python)" -m venv "$srcdir/.venv"
    "$srcdir/.venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" ||
        die "pip could not install what $1 pins" "see its messages above; nothing else was changed"
    printf '%s\n' "$wanted" >"$stamp"
}

# configure, when it is not there or older than what it is made from.
make_configure() {
    local made=$srcdir/configure input
    for input in configure.ac Makefile.am m4/*.m4; do
        [ "$made" -nt "$srcdir/$input" ] || made=
        [ -n "$made" ] || break
    done
    [ -n "$made" ] && [ -e "$srcdir/Makefile.in" ] && return
    "$srcdir/autogen.sh" >/dev/null || die "autogen.sh failed" "see its messages above"
}

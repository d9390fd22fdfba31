# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh

# What has to hold before builders start as Xen's guests: RUCKUS_READY is "yes" when it does. The status is always 0:
# with set -e, dash ends at any other one, whatever stands behind the dot command.
RUCKUS_READY=yes
ruckus_lacks() {
    printf 'ruckus: %s\n' "$1" >&2
    RUCKUS_READY=
}
if [ -n "${RUCKUS_XEN-}" ]; then
    if ! grep -qs control_d /proc/xen/capabilities; then
        ruckus_lacks "Xen does not run here, or this is not its control domain: boot $RUCKUS_XEN"
    elif read -r ruckus_major </sys/hypervisor/version/major && read -r ruckus_minor </sys/hypervisor/version/minor &&
        [ "$ruckus_major.$ruckus_minor" != "$RUCKUS_XEN_VERSION" ]; then
        ruckus_lacks "Xen $ruckus_major.$ruckus_minor runs here, and $RUCKUS_XEN_VERSION was built: boot $RUCKUS_XEN"
    elif ! (PATH="$PATH:/usr/sbin:/sbin" && xl help) >/dev/null 2>&1; then
        ruckus_lacks "xl does not answer: install the tools of Xen $RUCKUS_XEN_VERSION (Debian's xen-utils-$RUCKUS_XEN_VERSION)"
    fi
fi
for ruckus_arch in $RUCKUS_ARCHS; do
    eval "ruckus_clfs=\${RUCKUS_CLFS_$(echo "$ruckus_arch" | tr - _)-}"
    if mountpoint -q "${ruckus_clfs:-/nowhere}"; then
        ruckus_lacks "a builder writes to the volume at $ruckus_clfs, which is mounted here: umount $ruckus_clfs"
    fi
done
[ -z "$RUCKUS_READY" ] || [ -z "${RUCKUS_NEXT-}" ] || printf 'ruckus: go on with: %s\n' "$RUCKUS_NEXT"
unset -f ruckus_lacks
unset ruckus_arch ruckus_clfs ruckus_major ruckus_minor

# SPDX-License-Identifier: GPL-3.0-or-later

# RUCKUS_OPTIONS
# --------------
# The options and precious variables, as they were typed. RUCKUS_VALIDATE checks them and fills in the defaults.
AC_DEFUN([RUCKUS_OPTIONS], [
AC_ARG_WITH([arch], [AS_HELP_STRING([--with-arch=ARCH],
  [architecture to build: i686, x86_64 (multilib), x86_64-64 (pure 64 bit) @<:@default=x86_64@:>@])],
  [], [with_arch=x86_64])
AC_ARG_ENABLE([multilib], [AS_HELP_STRING([--disable-multilib],
  [with --with-arch=x86_64: the same as --with-arch=x86_64-64])], [], [enable_multilib=yes])
AC_ARG_WITH([profile], [AS_HELP_STRING([--with-profile=PROFILE],
  [what to build: tiny (kernel, busybox, glibc: boots), clfs (the book's system; not buildable yet) @<:@default=tiny@:>@])],
  [], [with_profile=tiny])
AC_ARG_WITH([hostprep-only], [AS_HELP_STRING([--with-hostprep-only],
  [build no more than the common host preparation])], [], [with_hostprep_only=no])
AC_ARG_WITH([isolation], [AS_HELP_STRING([--with-isolation=KIND],
  [where steps run: bwrap (a sandbox; no root needed), none (the host, with /tools-... and /cross-tools-... as symbolic
   links), auto (bwrap where it works) @<:@default=auto@:>@])], [], [with_isolation=auto])
m4_divert_text([HELP_WITH], [AS_HELP_STRING([--prefix=DIR],
  [nothing is installed: DIR is the folder of a hostprep that build directories have in common, with their cache, and
   is kept when they go @<:@default: each has its own@:>@])])
AC_ARG_WITH([cache], [AS_HELP_STRING([--with-cache=DIR],
  [downloaded sources and finished artifacts; build directories may share it @<:@default: cache in the folder of --prefix, else BUILDROOT/cache@:>@])],
  [], [with_cache=])
AC_ARG_ENABLE([sharing], [AS_HELP_STRING([--disable-sharing],
  [share no steps, sources or objects with other architectures, to measure what sharing saves])], [], [enable_sharing=yes])
AC_ARG_WITH([mirror], [AS_HELP_STRING([--with-mirror=DIR],
  [folder that is searched for upstream's tarballs first; may be given several times, or as DIR:DIR])],
  [], [with_mirror=])
AC_ARG_VAR([MIRRORS], [more folders as of --with-mirror, separated by spaces])
AC_ARG_WITH([debian-mirror], [AS_HELP_STRING([--with-debian-mirror=URL],
  [Debian archive that is asked for source packages, instead of those in /etc/apt])], [], [with_debian_mirror=])
AC_ARG_WITH([debian-suite], [AS_HELP_STRING([--with-debian-suite=SUITE],
  [release of Debian whose source packages are taken, such as sid @<:@default: the manifest's@:>@])],
  [], [with_debian_suite=])
AC_ARG_WITH([manifest], [AS_HELP_STRING([--with-manifest=FILE],
  [versions, addresses and hashes of sources in place of those in packages/sources.toml, and new sources; may be given
   several times, or as FILE:FILE: the last one's entry for a source holds])], [], [with_manifest=])
AC_ARG_WITH([lock], [AS_HELP_STRING([--with-lock=FILE],
  [take only sources with the hashes that are in FILE, a sources-lock.json as make download writes it
   @<:@without =FILE: the one in BUILDROOT@:>@])], [], [with_lock=])

AC_ARG_WITH([install-dev], [AS_HELP_STRING([--with-install-dev=DEV],
  [mounted block device that the system is built on; its mount point becomes CLFS])], [], [with_install_dev=])
AC_ARG_WITH([ruckus-dev], [AS_HELP_STRING([--with-ruckus-dev=DEV],
  [block device that holds this source tree; builders, and `ruckus inspect`, get a snapshot of it for reading])],
  [], [with_ruckus_dev=])
AC_ARG_WITH([ruckus-path], [AS_HELP_STRING([--with-ruckus-path=PATH],
  [path of this source tree on that device (recorded; later release)])], [], [with_ruckus_path=])
AC_ARG_WITH([ruckus-dev-snapshot], [AS_HELP_STRING([--with-ruckus-dev-snapshot=DEV],
  [snapshot of that device that is there already, to hand out instead of a new one])], [], [with_ruckus_dev_snapshot=])
AC_ARG_ENABLE([stage2-auto], [AS_HELP_STRING([--enable-stage2-auto],
  [start stage2 by itself when the system has booted (recorded; later release)])], [], [enable_stage2_auto=no])
AC_ARG_ENABLE([xen], [AS_HELP_STRING([--disable-xen],
  [no Xen domU as a builder (recorded; later release)])], [], [enable_xen=yes])
AC_ARG_WITH([stage1-xen], [AS_HELP_STRING([--without-stage1-xen],
  [no Xen tools in stage1 (recorded; later release)])], [], [with_stage1_xen=yes])

AC_ARG_VAR([PREFIX_CROSS], [prefix of the cross toolchain (default: /cross-tools-$CLFS_ARCH_STRING; in the CLFS book: /cross-tools)])
AC_ARG_VAR([PREFIX_TOOLS], [prefix of the temporary system (default: /tools-$CLFS_ARCH_STRING; in the CLFS book: /tools)])
AC_ARG_VAR([PREFIX_HOSTPREP], [prefix of what hostprep builds (default: /hostprep; without a sandbox: /hostprep-$CLFS_ARCH_STRING)])
AC_ARG_VAR([BUILDROOT], [folder of everything that a build writes (default: the build directory)])
AC_ARG_VAR([CLFS], [root of the system that is built (default: the mount point of --with-install-dev, else BUILDROOT/baby)])
AC_ARG_VAR([CPUCOUNT], [jobs at a time (default: the processors that may be used)])
])

# RUCKUS_VALIDATE
# ---------------
# Python knows the architectures and checks every value; it answers with assignments for the shell. All mistakes are
# reported at once.
AC_DEFUN([RUCKUS_VALIDATE], [
AC_MSG_CHECKING([the configuration])
# What autoconf takes of every configure, and this one has no use for. The defaults are written in terms of the prefix.
ruckus_unused=
for ruckus_name in bindir sbindir libexecdir datarootdir datadir sysconfdir sharedstatedir localstatedir runstatedir \
  includedir docdir infodir htmldir dvidir pdfdir psdir libdir localedir mandir; do
  eval "ruckus_value=\$$ruckus_name"
  AS_CASE([$ruckus_value], ['$''{'* | ''], [], [ruckus_unused="$ruckus_unused --$ruckus_name"])
done
AS_IF([test "$exec_prefix" != NONE], [ruckus_unused="$ruckus_unused --exec-prefix"])
AS_IF([test "$program_prefix$program_suffix" != NONENONE], [ruckus_unused="$ruckus_unused --program-prefix/suffix"])
ruckus_srcdir=`cd "$srcdir" && pwd`
ruckus_answer=`PYTHONPATH="$ruckus_srcdir/python" "$PYTHON" -B -m ruckus_aux.entry.configure \
  srcdir="$ruckus_srcdir" builddir="\`pwd\`" prefix="$prefix" machines="$build_alias $host_alias $target_alias" \
  unused="$ruckus_unused" unknown="$ac_unrecognized_opts" \
  arch="$with_arch" multilib="$enable_multilib" profile="$with_profile" hostprep_only="$with_hostprep_only" \
  sharing="$enable_sharing" \
  isolation="$with_isolation" cache="$with_cache" mirror="$with_mirror" MIRRORS="$MIRRORS" \
  debian_mirror="$with_debian_mirror" debian_suite="$with_debian_suite" \
  manifest="$with_manifest" lock="$with_lock" options="$ac_configure_args" \
  install_dev="$with_install_dev" ruckus_dev="$with_ruckus_dev" ruckus_path="$with_ruckus_path" \
  ruckus_dev_snapshot="$with_ruckus_dev_snapshot" stage2_auto="$enable_stage2_auto" xen="$enable_xen" \
  stage1_xen="$with_stage1_xen" PREFIX_CROSS="$PREFIX_CROSS" PREFIX_TOOLS="$PREFIX_TOOLS" \
  PREFIX_HOSTPREP="$PREFIX_HOSTPREP" BUILDROOT="$BUILDROOT" CLFS="$CLFS" CPUCOUNT="$CPUCOUNT" 2>conftest.err`
AS_IF([test $? -ne 0], [
  AC_MSG_RESULT([wrong])
  cat conftest.err >&AS_MESSAGE_LOG_FD
  cat conftest.err >&2
  rm -f conftest.err
  AC_MSG_ERROR([nothing was configured])])
rm -f conftest.err
eval "$ruckus_answer"
AC_MSG_RESULT([good])
m4_foreach_w([ruckus_name], [ruckus_srcdir ruckus_prefix ruckus_arch ruckus_profile ruckus_hostprep_only ruckus_sharing
  ruckus_isolation ruckus_cache ruckus_mirrors ruckus_manifests ruckus_lock
  ruckus_debian_mirror ruckus_debian_suite ruckus_install_dev ruckus_ruckus_dev ruckus_ruckus_path
  ruckus_ruckus_dev_snapshot ruckus_stage2_auto ruckus_xen ruckus_stage1_xen CLFS_ARCH_STRING
  CLFS_TARGET], [AC_SUBST(ruckus_name)])
])

# RUCKUS_SUMMARY
# --------------
AC_DEFUN([RUCKUS_SUMMARY], [
AS_IF([test "$silent" != yes], [AS_ECHO(["
Ruckus $PACKAGE_VERSION is configured:

  architecture       $ruckus_arch (CLFS_ARCH_STRING $CLFS_ARCH_STRING, $CLFS_TARGET)
  profile            $ruckus_profile
  system             $CLFS
  cross toolchain    $CLFS$PREFIX_CROSS
  temporary system   $CLFS$PREFIX_TOOLS
  hostprep           $BUILDROOT$PREFIX_HOSTPREP, tools to build: ${ruckus_hostprep_tools:-none}
  everything else    $BUILDROOT
  cache              $ruckus_cache
  sources of         $ruckus_srcdir/packages/sources.toml${ruckus_manifests:+ $ruckus_manifests}${ruckus_lock:+, as locked by $ruckus_lock}
  common hostprep    ${ruckus_prefix:-of this build directory alone (--prefix)}
  steps run in       $ruckus_isolation_text
  jobs at a time     $CPUCOUNT$ruckus_notes

Next: make $ruckus_goal        (make help lists the targets)
"])], [test -z "$ruckus_notes"], [], [AS_ECHO(["configure:$ruckus_notes"]) >&2])
])

# SPDX-License-Identifier: GPL-3.0-or-later

# RUCKUS_OPTIONS
# --------------
# The options and precious variables, as they were typed: python/ruckus_aux/settings/options.py defines them.
# RUCKUS_VALIDATE checks them and fills in the defaults.
AC_DEFUN([RUCKUS_OPTIONS], [
m4_esyscmd([PYTHONPATH=python "${PYTHON:-python3}" -B -m ruckus_aux.settings.options])
m4_if(m4_sysval, [0], [], [m4_fatal([the options can't be read: is there a python3, or PYTHON?])])
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
  srcdir="$ruckus_srcdir" builddir="\`pwd\`" machines="$build_alias $host_alias $target_alias" \
  unused="$ruckus_unused" unknown="$ac_unrecognized_opts" \
  options="$ac_configure_args" RUCKUS_GIVEN 2>conftest.err`
AS_IF([test $? -ne 0], [
  AC_MSG_RESULT([wrong])
  cat conftest.err >&AS_MESSAGE_LOG_FD
  cat conftest.err >&2
  rm -f conftest.err
  AC_MSG_ERROR([nothing was configured])])
rm -f conftest.err
eval "$ruckus_answer"
AC_MSG_RESULT([good])
m4_foreach_w([ruckus_name], [ruckus_srcdir ruckus_arch ruckus_hostprep_only ruckus_isolation ruckus_packages ruckus_manifests ruckus_lock
  ruckus_conf CLFS_ARCH_STRING CLFS_TARGET], [AC_SUBST(ruckus_name)])
AM_SUBST_NOTMAKE([ruckus_conf])
AC_SUBST([ruckus_variables], ["RUCKUS_VARIABLES"])
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
  temporary system   $CLFS$PREFIX_TOOLS$ruckus_finished
  hostprep           $BUILDROOT$PREFIX_HOSTPREP, tools to build: ${ruckus_hostprep_tools:-none}
  everything else    $BUILDROOT
  cache              $ruckus_cache
  recipes in         $ruckus_srcdir/packages${ruckus_packages:+ $ruckus_packages}
  sources of         $ruckus_srcdir/packages/sources.toml${ruckus_manifests:+ $ruckus_manifests}${ruckus_lock:+, as locked by $ruckus_lock}
  common hostprep    ${ruckus_prefix:-of this build directory alone (--prefix)}
  hypervisor         $ruckus_xen_text
  boot files         ${ruckus_prefix:-$BUILDROOT}/boot/$ruckus_arch, ${ruckus_prefix:-$BUILDROOT}/ruckus_builder.env
  steps run in       $ruckus_isolation_text
  jobs at a time     $CPUCOUNT$ruckus_notes

Next: make $ruckus_goal        (make help lists the targets)
"])], [test -z "$ruckus_notes"], [], [AS_ECHO(["configure:$ruckus_notes"]) >&2])
])

# SPDX-License-Identifier: GPL-3.0-or-later

# RUCKUS_HOST_TOOLS
# -----------------
# What hostprep can't build must be there, and all that is missing is named at once. What the host lacks of the rest
# goes into HOSTPREP_TOOLS, and hostprep builds it. All is looked for where steps run: what only the caller's PATH has,
# they do not find.
AC_DEFUN([RUCKUS_HOST_TOOLS], [
ruckus_wanted=" $HOSTPREP_TOOLS "
for ruckus_tool in $HOSTPREP_TOOLS; do
  AS_CASE([$ruckus_tool], [m4|bison|flex|gawk|bc|elfutils], [],
    [AC_MSG_ERROR([HOSTPREP_TOOLS: hostprep has no '$ruckus_tool'
  choose of: m4 bison flex gawk bc elfutils])])
done

AC_MSG_CHECKING([what steps find of this host])
m4_pushdef([ruckus_needed], [[gcc,gcc], [g++,g++], [make,make], [ld,binutils], [tar,tar], [gzip,gzip], [bzip2,bzip2],
    [xz,xz-utils], [patch,patch], [find,findutils], [diff,diffutils], [perl,perl], [python3,python3]])
m4_pushdef([ruckus_buildable], [[m4,m4], [bison,bison], [flex,flex], [gawk,gawk], [bc,bc]])
ruckus_found=`PYTHONPATH="$ruckus_srcdir/python" "$PYTHON" -B -m ruckus_aux.steps.isolation "$ruckus_isolation" \
  m4_foreach([ruckus_pair], [ruckus_needed], [m4_car(m4_unquote(ruckus_pair)) ])-- \
  m4_foreach([ruckus_pair], [ruckus_buildable], [m4_car(m4_unquote(ruckus_pair)) ])2>conftest.err`
AS_IF([test $? -ne 0], [
  cat conftest.err >&2
  rm -f conftest.err
  AC_MSG_ERROR([nothing was configured])])
cat conftest.err >&AS_MESSAGE_LOG_FD
rm -f conftest.err
AC_MSG_RESULT([done])

ruckus_missing=
ruckus_packages=
ruckus_unseen=
m4_foreach([ruckus_pair], [ruckus_needed], [_RUCKUS_REQUIRE(m4_unquote(ruckus_pair))])
AS_IF([test -z "$ruckus_missing"], [
  AC_MSG_CHECKING([whether gcc and g++ make programs])
  _RUCKUS_FIND([compilers])
  AC_MSG_RESULT([$ruckus_answer])
  AS_CASE([$ruckus_answer], [no*],
    [ruckus_missing=" the-C-library's-headers"; ruckus_packages=" libc6-dev libstdc++-dev"])])
AS_IF([test -n "$ruckus_missing"],
  [AC_MSG_ERROR([this host lacks what can't be built here:$ruckus_missing
  On Debian: apt-get install$ruckus_packages${ruckus_unseen:+
  Steps do not see:$ruckus_unseen}])])

ruckus_hostprep_tools=
m4_foreach([ruckus_pair], [ruckus_buildable], [_RUCKUS_HOSTPREP(m4_unquote(ruckus_pair))])
_RUCKUS_HOSTPREP([libelf], [elfutils])
ruckus_hostprep_tools=`echo $ruckus_hostprep_tools`
AC_SUBST([ruckus_hostprep_tools])
m4_popdef([ruckus_needed])
m4_popdef([ruckus_buildable])
])

# _RUCKUS_FIND(NAME)
# Sets ruckus_answer to yes, or to what begins with no, and ruckus_elsewhere to where only the caller finds it.
m4_define([_RUCKUS_FIND], [
ruckus_elsewhere=
AS_CASE([" $ruckus_found "], [*" $1 "*], [ruckus_answer=yes], [
  ruckus_elsewhere=`command -v $1 2>/dev/null`
  ruckus_answer="no${ruckus_elsewhere:+ (steps do not see $ruckus_elsewhere)}"])
])

# _RUCKUS_REQUIRE(PROGRAM, DEBIAN-PACKAGE)
m4_define([_RUCKUS_REQUIRE], [
AC_MSG_CHECKING([for $1])
_RUCKUS_FIND([$1])
AS_CASE([$ruckus_answer], [no*], [
  ruckus_missing="$ruckus_missing $1"; ruckus_packages="$ruckus_packages $2"
  ruckus_unseen="$ruckus_unseen${ruckus_elsewhere:+ $ruckus_elsewhere}"])
AC_MSG_RESULT([$ruckus_answer])
])

# _RUCKUS_HOSTPREP(PROGRAM, RECIPE)
m4_define([_RUCKUS_HOSTPREP], [
AC_MSG_CHECKING([for $1])
_RUCKUS_FIND([$1])
AS_CASE([$ruckus_wanted,$ruckus_answer],
  [*" $2 "*], [ruckus_answer="$ruckus_answer; hostprep builds it all the same"
               ruckus_hostprep_tools="$ruckus_hostprep_tools $2"],
  [*,no*], [ruckus_answer="$ruckus_answer; hostprep builds it"
            ruckus_hostprep_tools="$ruckus_hostprep_tools $2"])
AC_MSG_RESULT([$ruckus_answer])
])

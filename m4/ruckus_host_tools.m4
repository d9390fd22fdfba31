# RUCKUS_HOST_TOOLS
# -----------------
# What hostprep can't build must be there, and all that is missing is named at once. What the host lacks of the rest
# goes into HOSTPREP_TOOLS, and hostprep builds it.
AC_DEFUN([RUCKUS_HOST_TOOLS], [
ruckus_missing=
ruckus_packages=
m4_foreach([ruckus_pair], [[gcc,gcc], [g++,g++], [make,make], [ld,binutils], [tar,tar], [gzip,gzip], [bzip2,bzip2],
    [xz,xz-utils], [patch,patch], [find,findutils], [diff,diffutils], [perl,perl], [python3,python3]],
  [_RUCKUS_REQUIRE(m4_unquote(ruckus_pair))])
AS_IF([test -z "$ruckus_missing"], [
  AC_MSG_CHECKING([whether gcc and g++ make programs])
  echo '#include <stdio.h>' >conftest.c; echo 'int main (void) { return puts ("") < 0; }' >>conftest.c
  cp conftest.c conftest.cc
  AS_IF([gcc conftest.c -o conftest >&AS_MESSAGE_LOG_FD 2>&1 && g++ conftest.cc -o conftest >&AS_MESSAGE_LOG_FD 2>&1],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     ruckus_missing=" the-C-library's-headers"; ruckus_packages=" libc6-dev libstdc++-dev"])
  rm -f conftest*])
AS_IF([test -n "$ruckus_missing"],
  [AC_MSG_ERROR([this host lacks what can't be built here:$ruckus_missing
  On Debian: apt-get install$ruckus_packages])])

AC_ARG_VAR([HOSTPREP_TOOLS],
  [tools that hostprep builds although the host may have them, of: m4 bison flex gawk bc elfutils])
ruckus_wanted=" $HOSTPREP_TOOLS "
for ruckus_tool in $HOSTPREP_TOOLS; do
  AS_CASE([$ruckus_tool], [m4|bison|flex|gawk|bc|elfutils], [],
    [AC_MSG_ERROR([HOSTPREP_TOOLS: hostprep has no '$ruckus_tool'
  choose of: m4 bison flex gawk bc elfutils])])
done
ruckus_hostprep_tools=
m4_foreach([ruckus_pair], [[m4,m4], [bison,bison], [flex,flex], [gawk,gawk], [bc,bc]],
  [_RUCKUS_HOSTPREP(m4_unquote(ruckus_pair))])
AC_MSG_CHECKING([for libelf])
echo '#include <libelf.h>' >conftest.c; echo 'int main (void) { return elf_version (EV_CURRENT) == EV_NONE; }' >>conftest.c
AS_IF([gcc conftest.c -o conftest -lelf >&AS_MESSAGE_LOG_FD 2>&1],
  [ruckus_answer=yes], [ruckus_answer=no])
rm -f conftest*
_RUCKUS_HOSTPREP_DECIDE([elfutils])
])

# _RUCKUS_REQUIRE(PROGRAM, DEBIAN-PACKAGE)
m4_define([_RUCKUS_REQUIRE], [
AC_MSG_CHECKING([for $1])
AS_IF([command -v $1 >/dev/null 2>&1], [AC_MSG_RESULT([yes])],
  [AC_MSG_RESULT([no]); ruckus_missing="$ruckus_missing $1"; ruckus_packages="$ruckus_packages $2"])
])

# _RUCKUS_HOSTPREP(PROGRAM, RECIPE)
m4_define([_RUCKUS_HOSTPREP], [
AC_MSG_CHECKING([for $1])
AS_IF([$1 --version >/dev/null 2>&1], [ruckus_answer=yes], [ruckus_answer=no])
_RUCKUS_HOSTPREP_DECIDE([$2])
])

# _RUCKUS_HOSTPREP_DECIDE(RECIPE)
m4_define([_RUCKUS_HOSTPREP_DECIDE], [
AS_CASE([$ruckus_wanted,$ruckus_answer],
  [*" $1 "*], [ruckus_answer="$ruckus_answer; hostprep builds it all the same"
               ruckus_hostprep_tools="$ruckus_hostprep_tools $1"],
  [*,no], [ruckus_answer="no; hostprep builds it"
           ruckus_hostprep_tools="$ruckus_hostprep_tools $1"])
AC_MSG_RESULT([$ruckus_answer])
])

# SPDX-License-Identifier: GPL-3.0-or-later

# RUCKUS_PYTHON
# -------------
# Find the Python that runs Ruckus: $PYTHON, else the source tree's virtual environment, which build-aux/setup makes,
# else the first that is new enough. It must have the modules that requirements.in names.
AC_DEFUN([RUCKUS_PYTHON], [
AC_ARG_VAR([PYTHON], [Python 3.11 or later that has the modules of requirements.in (default: the source tree's .venv)])
AS_IF([test -z "$PYTHON" && test -x "$srcdir/.venv/bin/python"],
  [PYTHON=`cd "$srcdir" && pwd`/.venv/bin/python])
# AM_PATH_PYTHON would call these too old.
AS_CASE([$PYTHON], [*[[\ \	]]*],
  [AC_MSG_ERROR([PYTHON: '$PYTHON' has a space, where make would split it
  give a path without: $srcdir/configure PYTHON=/...])])
AS_IF([test -n "$PYTHON" && ! "$PYTHON" -c '' 2>&AS_MESSAGE_LOG_FD],
  [AC_MSG_ERROR([PYTHON: '$PYTHON' can't be run
  leave it out, after $srcdir/build-aux/setup; or give a Python from 3.11 on: $srcdir/configure PYTHON=/...])])
AM_PATH_PYTHON([3.11])
AC_MSG_CHECKING([for the Python modules that Ruckus needs])
ruckus_missing=`PYTHONPATH="$srcdir/python" "$PYTHON" -B -m ruckus_aux.host.modules "$srcdir/requirements.in" \
  2>&AS_MESSAGE_LOG_FD` || ruckus_missing="everything: it can't be run"
AS_IF([test -n "$ruckus_missing"], [
  ruckus_missing=`echo $ruckus_missing`
  AC_MSG_RESULT([missing: $ruckus_missing])
  AC_MSG_ERROR([$PYTHON lacks modules: $ruckus_missing
  To install them into a virtual environment of this source tree, run: $srcdir/build-aux/setup
  or into one of yours: $PYTHON -m venv DIR && DIR/bin/pip install --require-hashes -r $srcdir/requirements.txt
  and then: $srcdir/configure PYTHON=DIR/bin/python])])
AC_MSG_RESULT([found])
])

# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Bash (CLFS: Bash), which is also sh."""

from ruckus_aux.recipes.recipe import Check, Recipe
from ruckus_aux.recipes.script import Script


def _finish(sh: Script) -> None:
    """/usr/bin/sh; and nothing of the folders of this build, which makefiles of builtins name."""
    sh.sh(f"""
        grep '^READLINE_LIB = -lreadline' Makefile
        rm "$OUT{sh.libdir}"/bash/Makefile.*
        ln -s bash "$OUT/usr/bin/sh"
    """)


def _prepare_tests(sh: Script) -> None:
    """Let its tests say how each has ended, as make check is content with whatever they find; and have a terminal."""
    run = 'sh $x && result=PASS || result=FAIL; echo "$result: $x" >> "$BUILD_DIR/bash.sum";'
    sh.replace("$SRC/tests/run-all", "sh $x ;", run)
    # Without files that are open by chance: some tests count them.
    close = 'for file in /proc/self/fd/*; do [ ${file##*/} -le 2 ] || eval "exec ${file##*/}>&-"; done'
    run = f"spawn sh -c {{{close}; exec sh run-all}}"
    sh.write("$SRC/tests/on-terminal", f"exec expect -c 'set timeout -1; {run}; expect eof'")


_CHECK = Check(
    critical=True,
    make=("check", "TESTSCRIPT=on-terminal"),
    needs=("locales", "grep"),  # another egrep warns that it is obsolescent
    before=_prepare_tests,
    expected={
        "run-execscript": "signals are listed by their numbers, and it expects those of another system",
        "run-glob-test": "the system has no zh_HK.big5hkscs",
        "run-intl": "it counts what it tries, and the system has no ja_JP.SJIS",
        "run-nameref": "it asks for a coprocess that may have ended by then",
        "run-posixpipe": "it wants echo to take less than 5 ms, which it may not on a busy machine",
    },
)

recipe = (
    Recipe("bash")
    .autotools(
        "stage1",
        needs=("ncurses-{bits}",),
        # the C library's malloc; ncurses, not a termcap of its own
        options=("--without-bash-malloc", "--with-curses"),
        # What configure can't find out without running programs, and guesses wrong.
        cache={
            "bash_cv_func_sigsetjmp": "present",
            "bash_cv_getcwd_malloc": "yes",
            "bash_cv_job_control_missing": "present",
            "bash_cv_sys_named_pipes": "present",
            "bash_cv_ulimit_maxfds": "yes",
            "bash_cv_unusable_rtsigs": "no",
            "bash_cv_wcontinued_broken": "no",
            "bash_cv_printf_a_format": "yes",
        },
        # lib/bash is for who compiles builtins, and names the folders of this build.
        after=lambda sh: sh.sh(f'ln -s bash "$OUT{sh.prefix}/bin/sh"\nrm -r "$OUT{sh.libdir}/bash"'),
    )
    .autotools(
        "final",
        needs=("readline-{bits}", "ncurses-{bits}", "locales"),  # with which it tries the C library
        options=("--without-bash-malloc", "--with-curses", "--with-installed-readline"),
        cache={"bash_cv_mail_dir": "/var/mail"},  # which is not there yet
        after=_finish,
        check=_CHECK,
    )
)

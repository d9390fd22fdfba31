# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of recipes as a step's script says them: words of the shell, and what sed puts in place of a text."""

import re
import shlex

_VARIABLE = re.compile(r"\$(?:SOURCES|FILES|SRC|BUILD|OUT|HOME)\b")
_DELIMITERS = ",|#%@"  # of sed's s command


def quoted(word: str) -> str:
    """A word as the shell takes it: literally, but for the script's own variables, such as $OUT."""
    name, equals, value = word.partition("=")
    if equals and re.fullmatch("[A-Za-z0-9_-]+", name):
        return f"{name}={_quoted(value) if value else ''}"
    return _quoted(word)


def _quoted(text: str) -> str:
    if not _VARIABLE.search(text):
        return shlex.quote(text)
    literal = [re.sub(r'([$`"\\])', r"\\\1", part) for part in _VARIABLE.split(text)]
    return '"' + "".join(a + b for a, b in zip(literal, [*_VARIABLE.findall(text), ""], strict=True)) + '"'


def replace_commands(file: str, old: str, new: str) -> tuple[str, str]:
    """Lines of shell that replace a text in a file, and fail when it is not there; see Script.replace."""
    delimiter = next((mark for mark in _DELIMITERS if mark not in old + new), "/")
    pattern = re.sub(r"[][\\.*^$/]" if delimiter == "/" else r"[][\\.*^$]", r"\\\g<0>", old)
    text = re.sub(r"[\\&/]" if delimiter == "/" else r"[\\&]", r"\\\g<0>", new).replace("\n", "\\n")
    complaint = shlex.quote(f"error: {file} has no {old}")
    return (
        f"grep -qF -e {shlex.quote(old)} {_quoted(file)} || {{ echo {complaint} >&2; exit 1; }}",
        f"sed -i {shlex.quote(delimiter.join(['s', pattern, text, 'g']))} {_quoted(file)}",
    )

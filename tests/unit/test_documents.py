# SPDX-License-Identifier: GPL-3.0-or-later
"""What README, CONTRIBUTING and docs/ tell people to type exists, and so does what they refer to."""

import argparse
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import invoke
import pytest
from unit.samples import TOP

from ruckus_aux.entry.cli import parser
from ruckus_aux.settings.options import OPTIONS

PAGES = [TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted((TOP / "docs").glob("*.md"))]
PACKAGE = TOP / "python" / "ruckus_aux"
by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def code(page: Path) -> Iterator[str]:
    """The lines of a page's indented blocks, without comments, and its words in backquotes."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for line in text.splitlines():
        if line.startswith("    "):
            yield from re.split(r"&&|\|| {2,}|;|──>", line.strip())
        else:
            yield from re.findall(r"`([^`]+)`", line)


def commands(page: Path, program: str) -> Iterator[list[str]]:
    """What follows a program's name, wherever a page has it typed: words up to the first that stands for another."""
    for line in code(page):
        if found := re.match(rf"(?:sudo |time )?(?:\S*/)?{program} (.+)", line.strip()):
            try:
                yield shlex.split(found[1], comments=True)
            except ValueError:  # an apostrophe in output
                continue


def options(words: list[str]) -> set[str]:
    """The options among some words, up to what goes to another program."""
    ours = words[: words.index("--")] if "--" in words else words
    return {word.partition("=")[0] for word in ours if re.match(r"--[a-z]", word)}


@by_page
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^):#]*)(?:#([\w-]+))?\)", page.read_text("utf-8")):
        other = page.parent / target if target else page
        assert other.exists(), target
        headings = re.findall(r"^#+ (.*)", other.read_text("utf-8"), re.MULTILINE) if anchor else []
        assert not anchor or anchor in {
            re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings
        }


@by_page
def test_modules_are_where_they_are_said_to_be(page: Path) -> None:
    for name in re.findall(r"(?<![\w/.])((?:[a-z_]+/)+[a-z_]+\.(?:py|sh|toml|m4))\b", page.read_text("utf-8")):
        places = (TOP, PACKAGE, TOP / "tests" / "lab" / "machine")
        assert name.startswith(("packages/", "mine/")) or any((place / name).exists() for place in places), name


@by_page
def test_tasks_exist_with_their_options(page: Path) -> None:
    tasks = invoke.Collection.from_module(importlib.import_module("tasks"))
    for name, *words in commands(page, "invoke"):
        if name.startswith("-"):
            continue
        assert name in tasks.task_names, f"invoke {name}"
        known = {f"--{flag.replace('_', '-')}" for argument in tasks[name].get_arguments() for flag in argument.names}
        inverse = {f"--no-{flag[2:]}" for flag in known}
        assert options(words) <= known | inverse, f"invoke {name} {words}"


@by_page
def test_questions_exist_with_their_options(page: Path) -> None:
    (subparsers,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    for name, *words in commands(page, "ruckus"):
        if not re.fullmatch(r"[a-z-]+", name) or name.startswith("-"):
            continue
        assert name in subparsers.choices, f"ruckus {name}"
        assert options(words) <= set(subparsers.choices[name]._option_string_actions), f"ruckus {name} {words}"


@by_page
def test_targets_exist(page: Path) -> None:
    text = (TOP / "Makefile.am").read_text("utf-8")
    known = {name for rule in re.findall(r"^([\w% -]+):", text, re.MULTILINE) for name in rule.split()}
    known |= {"check", "clean", "distclean", "install", "uninstall", "dist", "distcheck"}  # automake's
    for words in commands(page, "make"):
        targets = [word for word in words if re.fullmatch(r"[a-z][a-z-]+", word)]
        assert set(targets) <= known, f"make {words}"


@by_page
def test_scripts_and_configure_know_their_options(page: Path) -> None:
    for script in (TOP / "build-aux").iterdir():
        for words in commands(page, rf"build-aux/{re.escape(script.name)}"):
            assert options(words) <= set(re.findall(r"--[a-z-]+", script.read_text("utf-8"))), f"{script.name} {words}"
    known = {name for option in OPTIONS for name in (option.usage.partition("=")[0], f"--{option.kind}-{option.name}")}
    for words in commands(page, "configure"):
        assert options(words) <= known | {"--help", "--version", "--recheck"}, f"configure {words}"

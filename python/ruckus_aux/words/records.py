# SPDX-License-Identifier: GPL-3.0-or-later
"""Read records back from JSON: dataclasses that Ruckus wrote itself, whatever has become of the file since.

A disk that was full, another version, another program or a person may have been there: a record is as its dataclass
says, with all its fields and no others, or it is none.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import TypeVar, get_args, get_origin, get_type_hints

Kind = TypeVar("Kind")
_LARGEST = sys.float_info.max


def read_record(kind: type[Kind], text: str | bytes, **given: object) -> Kind:
    """The record that a text holds.

    Args:
        kind: its dataclass. Fields are strings, numbers, paths, records, tuples and mappings of these.
        text: JSON in UTF-8.
        given: fields that are not in the text.

    Raises:
        ValueError: it is none.
    """
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return record_of(kind, data, **given)


def record_of(kind: type[Kind], data: object, **given: object) -> Kind:
    """The record that JSON's data, or TOML's, stands for.

    Args:
        kind: its dataclass.
        data: what was read.
        given: fields that are not in it.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(data, dict):
        raise ValueError(f"not a {kind.__name__}: {str(data)[:80]}")
    types = get_type_hints(kind)
    if unknown := sorted(name for name in data if name not in types or name in given):
        raise ValueError(f"unknown: {', '.join(unknown)}")
    optional = {one.name for one in fields(kind) if not one.default is one.default_factory is MISSING}  # type: ignore[arg-type]
    if missing := sorted(types.keys() - data.keys() - given.keys() - optional):
        raise ValueError(f"missing: {', '.join(missing)}")
    return kind(**{name: _value(types[name], value, name) for name, value in data.items()}, **given)


def _value(kind: object, data: object, name: str) -> object:
    """A field's value; ValueError, when it is not of its kind."""
    arguments = get_args(kind)
    if get_origin(kind) is UnionType:  # a thing, or None
        return None if data is None else _value(arguments[0], data, name)
    if get_origin(kind) is tuple and isinstance(data, list):
        return tuple(_value(arguments[0], one, name) for one in data)
    if get_origin(kind) is Mapping and isinstance(data, dict):
        return {one: _value(arguments[1], value, name) for one, value in data.items()}
    if is_dataclass(kind):
        try:
            return record_of(kind, data)  # type: ignore[arg-type]
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    if kind is float and isinstance(data, int | float) and type(data) is not bool and abs(data) <= _LARGEST:
        return float(data)
    if isinstance(kind, type) and issubclass(kind, str | Path) and isinstance(data, str) and "\0" not in data:
        return kind(data)
    if kind in (int, bool) and type(data) is kind:
        return data
    raise ValueError(f"{name}: not of its kind: {str(data)[:80]}")

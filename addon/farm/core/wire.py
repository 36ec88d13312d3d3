# SPDX-License-Identifier: GPL-3.0-or-later
"""The v3 protocol's shapes, as far as submitting needs them.

Each is a dataclass; decode makes one of what the manager sent, and refuses what does not fit, so
that nothing behind this module meets a string where a number belongs. Keys that are not known are
ignored, as a later version may send more. A field without a default is required.
"""

from __future__ import annotations

import dataclasses
import pathlib
import types
import typing
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import FarmError

T = TypeVar("T")


def key(name: str, **more: Any) -> Any:
    """Returns a field that has another name on the wire."""
    return field(metadata={"key": name}, **more)


@dataclass(frozen=True)
class Version:
    version: str
    shortversion: str
    name: str
    git: str = ""


@dataclass(frozen=True)
class SharedStorage:
    """Where the farm keeps files, as a platform sees it: `<shared>/jobs` when Shaman is enabled."""

    location: str
    audience: str
    platform: str
    shaman_enabled: bool = key("shamanEnabled")

    @property
    def root(self) -> str:
        """The folder that everybody shares: with Shaman, location is the folder in it where checkouts are made."""
        kind = pathlib.PureWindowsPath if "\\" in self.location or self.location[1:2] == ":" else pathlib.PurePosixPath
        path = kind(self.location)
        return str(path.parent) if self.shaman_enabled and path.name == "jobs" else self.location


@dataclass(frozen=True)
class Action:
    """Something that the farm does when somebody asks for it, as a button of its page says it."""

    verb: str = ""
    label: str = ""


@dataclass(frozen=True)
class Why:
    """Why a job is not worked on, if it is not, and what can be done about it."""

    running: bool = False
    reason: str = ""
    advice: str = ""  # what somebody can do whom the farm cannot replace
    actions: list[Action] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it, for somebody who sees no buttons: the farm's page has them."""
        text = "; ".join(text for text in (self.reason, self.advice) if text)
        labels = ", ".join(f"“{a.label.removesuffix(' …')}”" for a in self.actions)
        return f"{text}. On the farm's page: {labels}" if labels else text


@dataclass(frozen=True)
class EvalInfo:
    link_button: bool = key("showLinkButton", default=False)
    description: str = ""


@dataclass(frozen=True)
class Setting:
    """One value that a job type asks for. What the words mean is in settings.py."""

    key: str
    type: str  # string, int32, float, bool
    subtype: str = ""  # file_path, dir_path, file_name, hashed_file_path
    choices: list[str] = field(default_factory=list)
    propargs: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    label: str = ""
    default: Any = None
    eval: str = ""
    eval_info: EvalInfo = key("evalInfo", default_factory=EvalInfo)
    visible: str = "visible"  # visible, hidden, submission, web
    required: bool = False
    editable: bool = True


@dataclass(frozen=True)
class JobType:
    name: str
    label: str
    settings: list[Setting]
    etag: str
    description: str = ""

    def setting(self, name: str) -> Setting | None:
        return next((s for s in self.settings if s.key == name), None)


@dataclass(frozen=True)
class Tag:
    name: str
    id: str = ""
    description: str = ""


@dataclass(frozen=True)
class JobStorage:
    shaman_checkout_id: str = ""


@dataclass
class SubmittedJob:
    name: str
    type: str
    priority: int
    submitter_platform: str
    type_etag: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    storage: JobStorage | None = None
    worker_tag: str = ""
    initial_status: str = ""
    # Left out: the manager looks into the file, and its configuration says which Blenders may open it.
    blender_version: str = ""
    blender_match: str = ""


@dataclass(frozen=True)
class Job:
    """A job as the manager has it. Times are RFC 3339 in UTC."""

    name: str
    type: str
    priority: int
    id: str
    created: str
    updated: str
    status: str
    activity: str
    steps_completed: int
    steps_total: int
    settings: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    worker_tag: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.status in ("completed", "failed", "canceled")


@dataclass(frozen=True)
class LastRendered:
    base: str
    suffixes: list[str]


@dataclass(frozen=True)
class Variable:
    value: str
    is_twoway: bool = False


@dataclass(frozen=True)
class FileSpec:
    """A file's content, by its SHA-256 in lower-case hexadecimal and its size, and its place in the checkout."""

    sha: str
    size: int
    path: str


@dataclass(frozen=True)
class WantedFile(FileSpec):
    status: str = ""  # unknown, uploading


def decode(shape: type[T], value: Any, where: str = "") -> T:
    """Returns the value as the shape; FarmError says which part of it does not fit."""
    return _decode(shape, value, where or getattr(shape, "__name__", "answer"))


def _decode(shape: Any, value: Any, where: str) -> Any:
    origin, inner = typing.get_origin(shape), typing.get_args(shape)
    if shape is Any:
        return value
    if origin in (types.UnionType, typing.Union):  # X | None
        return None if value is None else _decode(inner[0], value, where)
    if origin is list and isinstance(value, list):
        return [_decode(inner[0], item, f"{where}[{i}]") for i, item in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {name: _decode(inner[1], item, f"{where}.{name}") for name, item in value.items()}
    if dataclasses.is_dataclass(shape) and isinstance(value, dict):
        return _decode_object(shape, value, where)
    # A boolean is an int to Python, and is none on the wire.
    if shape is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(shape, type) and isinstance(value, shape) and (shape is bool or not isinstance(value, bool)):
        return value
    raise FarmError(f"{where} is {_shown(value)}, which is not what the protocol says")


def _decode_object(shape: Any, value: dict[str, Any], where: str) -> Any:
    hints = typing.get_type_hints(shape)
    known = {}
    for f in dataclasses.fields(shape):
        name = f.metadata.get("key", f.name)
        optional = f.default is not dataclasses.MISSING or f.default_factory is not dataclasses.MISSING
        if value.get(name) is None and (optional or name not in value):
            if not optional:
                raise FarmError(f"{where}.{name} is missing")
            continue
        known[f.name] = _decode(hints[f.name], value[name], f"{where}.{name}")
    return shape(**known)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "…"


def encode(value: Any) -> Any:
    """Returns a dataclass as JSON has it; optional fields that say nothing are left out."""
    if isinstance(value, list):
        return [encode(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    out = {}
    for f in dataclasses.fields(value):
        inner = getattr(value, f.name)
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if required or inner not in ("", None):
            out[f.metadata.get("key", f.name)] = encode(inner)
    return out

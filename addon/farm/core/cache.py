# SPDX-License-Identifier: GPL-3.0-or-later
"""What the manager said last, on the disk: job types and tags are there without a network too."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import tempfile
from dataclasses import dataclass, field
from typing import Any

from . import settings, wire
from .client import Client
from .errors import FarmError

MAX_CACHE = 64 << 20  # bytes
SPEAKS = "3."  # versions of the protocol that this add-on knows


@dataclass(frozen=True)
class ManagerInfo:
    """A manager, as far as somebody who submits has to know it. warnings are sentences for the artist."""

    url: str = ""
    version: wire.Version | None = None
    storage: wire.SharedStorage | None = None
    job_types: list[wire.JobType] = field(default_factory=list)
    tags: list[wire.Tag] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def job_type(self, name: str) -> wire.JobType | None:
        return next((t for t in self.job_types if t.name == name), None)

    def tag(self, text: str) -> wire.Tag | None:
        """Returns the tag with that id or name."""
        return next((t for t in self.tags if t.id == text), None) or next((t for t in self.tags if t.name == text), None)

    @property
    def shaman(self) -> bool:
        return self.storage is not None and self.storage.shaman_enabled


def fetch(client: Client, platform: str) -> ManagerInfo:
    """Asks the manager for everything. A job type that cannot be used becomes a warning."""
    version = client.version()
    warnings = []
    if not version.shortversion.startswith(SPEAKS):
        warnings.append(f"{version.name or 'The manager'} says it is version {version.shortversion}; this add-on speaks the protocol of version 3. "
                        "If something fails, install the add-on that this manager serves")
    storage = client.shared_storage(platform)
    types, left_out = client.job_types()
    warnings += left_out + [p for t in types if (p := settings.problem(t))]
    return ManagerInfo(client.url, version, storage, [t for t in types if not settings.problem(t)], client.tags(), warnings)


def load(file: pathlib.Path, url: str) -> ManagerInfo:
    """Returns what is kept of the manager, and nothing of it if that is damaged or of another one."""
    try:
        if file.stat().st_size > MAX_CACHE:
            return ManagerInfo(url)
        info = wire.decode(ManagerInfo, json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, FarmError, RecursionError):
        return ManagerInfo(url)
    if info.url != url or any(settings.problem(t) for t in info.job_types):
        return ManagerInfo(url)
    return info


def save(file: pathlib.Path, info: ManagerInfo) -> None:
    write_json(file, _plain(info))


def _plain(value: Any) -> Any:
    """Returns what wire.decode makes the same value of."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return value
    return {f.metadata.get("key", f.name): _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}


def write_json(file: pathlib.Path, value: Any) -> None:
    """Replaces the file by another one, so that nobody ever reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name + ".")
    try:
        with open(handle, "w", encoding="utf-8") as f:
            json.dump(value, f)
        os.replace(name, file)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise

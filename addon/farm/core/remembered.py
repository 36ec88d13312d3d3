# SPDX-License-Identifier: GPL-3.0-or-later
"""The job that was submitted last from each file, on this computer: the file need not be saved for it."""

from __future__ import annotations

import json
import pathlib
import time
from dataclasses import dataclass

from . import wire
from .cache import write_json
from .errors import FarmError

MOST = 500  # files; the oldest are forgotten


@dataclass(frozen=True)
class Entry:
    """A job of a manager, and when it was submitted, in seconds since 1970."""

    job: str
    manager: str
    time: float


class Remembered:
    """The jobs by the paths of their files. Nothing depends on it: what cannot be read or written is forgotten."""

    def __init__(self, file: pathlib.Path) -> None:
        self._file = file
        try:
            self._entries = wire.decode(dict[str, Entry], json.loads(file.read_text("utf-8")))
        except (OSError, ValueError, FarmError, RecursionError):
            self._entries = {}

    def get(self, blend: str, manager: str) -> "Entry | None":
        """Returns the last job of a file, if this manager has it."""
        entry = self._entries.get(blend)
        return entry if entry is not None and entry.manager == manager else None

    def put(self, blend: str, manager: str, job: str) -> None:
        """Remembers a job; a file that was never saved has none."""
        if not blend:
            return
        self._entries[blend] = Entry(job, manager, time.time())
        for name in sorted(self._entries, key=lambda n: self._entries[n].time)[:-MOST]:
            del self._entries[name]
        try:
            write_json(self._file, {name: {"job": e.job, "manager": e.manager, "time": e.time} for name, e in self._entries.items()})
        except OSError as e:
            print(f"Farm: the job cannot be remembered: {e}")

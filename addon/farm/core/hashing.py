# SPDX-License-Identifier: GPL-3.0-or-later
"""SHA-256 of files, remembered: a file that has not changed is not read again."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import threading
import time
from typing import Callable

from .cache import write_json
from .client import PIECE
from .errors import FarmError

KEPT = 60 * 24 * 3600  # seconds that a sum is remembered without being used
# A file may change twice within what its time can tell apart; sums of files younger than this are not remembered.
FRESH = 3.0  # seconds
MAX_FILE = 64 << 20


class Hashes:
    """The sums that are known, kept in a file. May be used by several threads."""

    def __init__(self, file: pathlib.Path, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()  # guards _known
        self._known: dict[str, list] = {}  # path: size, time of change in ns, sum, when it was used last
        try:
            if file.stat().st_size <= MAX_FILE:
                known = json.loads(file.read_text("utf-8"))
                self._known = {k: v for k, v in known.items() if isinstance(v, list) and len(v) == 4}
        except (OSError, ValueError, AttributeError, RecursionError):
            pass  # a damaged memory costs time, and nothing else

    def sha256(self, path: str, read: Callable[[int], None]) -> tuple[str, int]:
        """Returns a file's sum and size; read is called with each number of bytes that were read, or need not be."""
        try:
            with open(path, "rb", buffering=0) as f:
                before = os.fstat(f.fileno())
                known = self._lookup(path, before)
                if known:
                    read(before.st_size)
                    return known, before.st_size
                digest, size = hashlib.sha256(), 0
                buffer = bytearray(PIECE)
                while n := f.readinto(buffer):
                    digest.update(memoryview(buffer)[:n])
                    size += n
                    read(n)
                after = os.fstat(f.fileno())
        except OSError as e:
            raise FarmError(f"{path} cannot be read: {e.strerror or e}") from e
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
            raise FarmError(f"{path} was changed while it was read; submit again when it is complete")
        if self._clock() - after.st_mtime > FRESH:
            with self._lock:
                self._known[path] = [after.st_size, after.st_mtime_ns, digest.hexdigest(), self._clock()]
        return digest.hexdigest(), size

    def _lookup(self, path: str, st: os.stat_result) -> str:
        with self._lock:
            entry = self._known.get(path)
            if entry is None or entry[:2] != [st.st_size, st.st_mtime_ns] or not isinstance(entry[2], str):
                return ""
            entry[3] = self._clock()
            return entry[2]

    def save(self) -> None:
        with self._lock:
            oldest = self._clock() - KEPT
            self._known = {k: v for k, v in self._known.items() if isinstance(v[3], (int, float)) and v[3] > oldest}
            known = dict(self._known)
        try:
            write_json(self._file, known)
        except OSError:
            pass  # as above

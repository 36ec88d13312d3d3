# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that takes long: how far it is, and whether it is still wanted.

A Work belongs to one submission. The thread that does it reports; the interface looks, and may
cancel. Everything that waits does so in here or asks check, so cancelling takes effect at once.
"""

from __future__ import annotations

import collections
import threading
import time
from dataclasses import dataclass
from typing import Callable

from .errors import Canceled

WINDOW = 15.0  # seconds of the past from which the speed is taken


@dataclass(frozen=True)
class Progress:
    """How far a phase is. Totals are 0 where nobody knows them; left is None then."""

    phase: str = ""
    detail: str = ""
    files: int = 0
    files_total: int = 0
    bytes: int = 0
    bytes_total: int = 0
    left: float | None = None  # seconds

    @property
    def fraction(self) -> float | None:
        if self.bytes_total:
            return min(1.0, self.bytes / self.bytes_total)
        if self.files_total:
            return min(1.0, self.files / self.files_total)
        return None

    def __str__(self) -> str:
        parts = [self.phase]
        if self.files_total:
            parts.append(f"{self.files}/{self.files_total} files")
        if self.bytes_total:
            parts.append(f"{size(self.bytes)} of {size(self.bytes_total)}")
        if self.left is not None:
            parts.append(f"{duration(self.left)} left")
        if self.detail:
            parts.append(self.detail)
        return ", ".join(parts)


class Work:
    """The progress of one submission, shared by the thread that does it and the one that shows it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._canceled = threading.Event()
        self._lock = threading.Lock()  # guards what follows
        self._stops: list[Callable[[], None]] = []  # called by cancel
        self._now = Progress()
        self._past: collections.deque[tuple[float, float]] = collections.deque()  # (time, amount), over WINDOW

    def cancel(self) -> None:
        """Ends the work soon: its next check raises, and what waits for the network is woken."""
        with self._lock:
            self._canceled.set()
            stops = list(self._stops)
        for stop in stops:
            stop()

    def when_canceled(self, stop: Callable[[], None]) -> None:
        """Has cancel call stop, which must not wait for anything."""
        with self._lock:
            self._stops.append(stop)

    @property
    def canceled(self) -> bool:
        return self._canceled.is_set()

    def check(self) -> None:
        if self._canceled.is_set():
            raise Canceled

    def wait(self, seconds: float) -> None:
        """Waits, unless the work is cancelled."""
        if self._canceled.wait(seconds):
            raise Canceled

    def phase(self, name: str, files: int = 0, size: int = 0) -> None:
        """Begins something else, with what is to be done; size in bytes."""
        self.check()
        with self._lock:
            self._now = Progress(phase=name, files_total=files, bytes_total=size)
            self._past.clear()
            self._past.append((self._clock(), 0))

    def rename(self, name: str) -> None:
        """Says in other words what is being done; what is counted goes on."""
        self.check()
        with self._lock:
            self._set(phase=name)

    def detail(self, text: str) -> None:
        self.check()
        with self._lock:
            self._set(detail=text)

    def grow(self, files: int = 0, size: int = 0) -> None:
        """Says that there is more to do than was known."""
        with self._lock:
            self._set(files_total=self._now.files_total + files, bytes_total=self._now.bytes_total + size)

    def add(self, files: int = 0, size: int = 0) -> None:
        """Counts what was done; negative if it turned out not to be."""
        self.check()
        with self._lock:
            self._set(files=self._now.files + files, bytes=self._now.bytes + size)
            amount = self._now.bytes if self._now.bytes_total else self._now.files
            now = self._clock()
            self._past.append((now, amount))
            while len(self._past) > 2 and now - self._past[0][0] > WINDOW:
                self._past.popleft()

    def _set(self, **changes: object) -> None:
        self._now = Progress(**{**self._now.__dict__, **changes})  # type: ignore[arg-type]

    def look(self) -> Progress:
        """Returns how far it is now."""
        with self._lock:
            total = self._now.bytes_total or self._now.files_total
            then, amount = self._past[0] if self._past else (0.0, 0.0)
            done = self._now.bytes if self._now.bytes_total else self._now.files
            elapsed = self._clock() - then
            # The first moments say nothing about the speed.
            if not total or done <= amount or elapsed < 1:
                return self._now
            left = max(0.0, (total - done) * elapsed / (done - amount))
            return Progress(**{**self._now.__dict__, "left": left})


def size(count: float) -> str:
    """Returns a number of bytes as people read it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """Returns a time span as people say it, a bit rounded."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s" if whole < 600 else f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"

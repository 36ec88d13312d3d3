# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's life after it was submitted, for the panel: asked for again and again, in a thread of its own."""

from __future__ import annotations

import pathlib
import threading
import time
from dataclasses import dataclass
from typing import Callable

from .client import Client
from .errors import Canceled, FarmError
from .proof import Proof
from .wire import Job
from .work import Work, duration

SOON, LATER = 2.0, 10.0  # seconds between questions, while it is rendered and while it waits
FORGET = 300.0  # seconds without the manager after which nobody asks any more


@dataclass(frozen=True)
class View:
    """A job as the panel shows it.

    left is in seconds, None if it cannot be told; image is a file of this computer; why says why the job waits.
    """

    job: Job
    left: float | None = None
    image: pathlib.Path | None = None
    trouble: str = ""
    why: str = ""

    @property
    def text(self) -> str:
        """One line: how far it is."""
        done = f"{self.job.steps_completed} of {self.job.steps_total} steps" if self.job.steps_total else ""
        frames = frame_count(self.job)
        if frames:
            done = f"{min(self.job.steps_completed, frames)} of {frames} frames"
        left = f"{duration(self.left)} left" if self.left is not None and self.job.status == "active" else ""
        return ", ".join(part for part in (self.job.status, done, left) if part)


def ending(before: View | None, now: View) -> str:
    """Returns what to tell the artist whose job just ended, "" if it did not just now."""
    if before is None or before.job.id != now.job.id or before.job.over or not now.job.over:
        return ""
    done = f"“{now.job.name}” is {now.job.status}"
    if now.job.status == "failed" and now.job.activity:
        return f"{done}. {now.job.activity}"
    return done


def frame_count(job: Job) -> int:
    """Returns how many frames the job renders, 0 if its steps are not its frames."""
    text = job.settings.get("frames")
    if not isinstance(text, str):
        return 0
    count = 0
    for part in text.replace("..", "-").replace(" ", "").split(","):
        span, every, step = part.partition("x")  # 1-9x2 is every second frame
        first, dash, last = span[1:].partition("-")  # the first character may be a sign
        try:
            start = int(span[:1] + first)
            end = int(last) if dash else start
            count += max(0, (end - start) // (int(step) if every else 1) + 1)
        except (ValueError, ZeroDivisionError):
            return 0
    # A job type may do something else with its frames than a step for each.
    return count if not job.steps_total or count <= job.steps_total else 0


class Follower:
    """Follows one job until it is over, or until stop."""

    def __init__(self, url: str, job: Job, folder: pathlib.Path, changed: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic, proof: Proof = Proof()) -> None:
        self._work = Work()
        self._client = Client(url, self._work, patience=(), proof=proof)
        self._folder = folder
        self._changed = changed
        self._clock = clock
        self._steps: list[tuple[float, int]] = []  # when how many steps were done, first and last
        self._lock = threading.Lock()  # guards _view
        self._view = View(job)
        self._thread = threading.Thread(target=self._follow, name="farm-follow", daemon=True)

    @property
    def url(self) -> str:
        return self._client.url

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._work.cancel()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def look(self) -> View:
        with self._lock:
            return self._view

    def _follow(self) -> None:
        lost = self._clock()
        try:
            while True:
                try:
                    view = self._ask()
                    lost = self._clock()
                except FarmError as e:
                    view = View(self.look().job, image=self.look().image, trouble=str(e))
                    if e.status == 404 or self._clock() - lost > FORGET:
                        self._show(view)
                        return
                self._show(view)
                if view.job.over and not view.trouble:
                    return
                self._work.wait(SOON if view.job.status == "active" else LATER if view.job.status == "paused" else SOON * 1.5)
        except Canceled:
            pass

    def _show(self, view: View) -> None:
        with self._lock:
            self._view = view
        self._changed()

    def _ask(self) -> View:
        job = self._client.job(self._view.job.id)
        old = self.look()
        image = old.image
        # A new image comes with a new step.
        if image is None or job.steps_completed != old.job.steps_completed or job.over:
            image = self._image(job) or image
        return View(job, self._left(job), image, why=self._why(job))

    def _why(self, job: Job) -> str:
        """Asks why the job waits, if it does."""
        if job.status != "queued":
            return ""
        try:
            why = self._client.why(job.id)
        except FarmError:
            return ""  # the next question will tell what is wrong with the manager
        return "" if why is None or why.running else why.text

    def _left(self, job: Job) -> float | None:
        """Tells the time left from the speed since this was first asked."""
        now = self._clock()
        if not self._steps or job.steps_completed < self._steps[-1][1]:
            self._steps = [(now, job.steps_completed)]  # the first look, or it began again
        if job.steps_completed > self._steps[-1][1]:
            self._steps = [self._steps[0], (now, job.steps_completed)]
        (start, before), (end, after) = self._steps[0], self._steps[-1]
        if after <= before or end <= start:
            return None
        return max(0.0, (job.steps_total - after) * (end - start) / (after - before) - (now - end))

    def _image(self, job: Job) -> pathlib.Path | None:
        """Fetches the last rendered image, small. Without one there is None."""
        try:
            last = self._client.last_rendered(job.id)
            if last is None:
                return None
            suffix = next((s for s in last.suffixes if "-small" in s), last.suffixes[0] if last.suffixes else "")
            content = self._client.image(f"{last.base}/{suffix}")
            self._folder.mkdir(parents=True, exist_ok=True)
            # Another name for another image: whoever shows it need not know when to look again.
            file = self._folder / f"{job.id}-{job.steps_completed}.jpg"
            file.write_bytes(content)
        except (FarmError, OSError):
            return None  # only a picture
        for other in self._folder.glob(f"{job.id}-*.jpg"):
            if other != file and other != self._view.image:
                other.unlink(missing_ok=True)
        return file

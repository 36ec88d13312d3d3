# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the frames that a job has rendered, as this computer sees them."""

from __future__ import annotations

import pathlib
import re
from dataclasses import dataclass
from typing import Mapping

from .errors import FarmError
from .wire import Job, Variable


@dataclass(frozen=True)
class Run:
    """Frames that follow each other: the number of the first, and the files' names."""

    first: int
    names: list[str]


@dataclass(frozen=True)
class Frames:
    folder: pathlib.Path
    runs: list[Run]

    @property
    def count(self) -> int:
        return sum(len(r.names) for r in self.runs)


def local_path(text: str, variables: Mapping[str, Variable]) -> str:
    """Puts this platform's values in place of a path's variables."""
    for name, v in variables.items():
        text = text.replace("{" + name + "}", v.value)
    return text


def find(job: Job, variables: Mapping[str, Variable]) -> Frames:
    """Returns the job's frames that are there; FarmError if there are none, or if they are out of reach."""
    output = job.settings.get("render_output_path")
    if not isinstance(output, str) or not output:
        raise FarmError("The job's settings do not say where its frames are, so they cannot be loaded; open the job in the browser")
    path = pathlib.Path(local_path(output, variables))
    if not path.parent.is_dir():
        if job.steps_completed == 0 and not job.over:
            raise FarmError("There are no frames yet; wait for the first one")
        raise FarmError(f"The frames are in {path.parent} on the farm, which this computer cannot see. Mount the farm's shared storage here, "
                        "or tell the farm with a two-way variable under which path this platform sees it")
    runs = runs_of([p.name for p in path.parent.iterdir()], path.name, str(job.settings.get("image_file_extension") or ""))
    if not runs:
        raise FarmError(f"There are no frames in {path.parent} yet; wait for the first one")
    return Frames(path.parent, runs)


def runs_of(names: list[str], pattern: str, ext: str) -> list[Run]:
    """Returns the frames among the names. In the pattern, as in Blender, the last # stand for the number."""
    begin, mark, end = _split(pattern)
    shape = re.compile(re.escape(begin) + rf"(-?\d{{{len(mark)},}})" + re.escape(end) + (re.escape(ext) if ext else r"\.\w+") + "$", re.IGNORECASE if ext else 0)
    found = {}
    for name in sorted(names):
        m = shape.match(name)
        if m:
            found.setdefault(int(m[1]), name)
    runs: list[Run] = []
    for number in sorted(found):
        if runs and number == runs[-1].first + len(runs[-1].names):
            runs[-1].names.append(found[number])
        else:
            runs.append(Run(number, [found[number]]))
    return runs


def _split(pattern: str) -> tuple[str, str, str]:
    """Returns what is before, in and after the marks; a pattern without any gets four at its end, as Blender does."""
    m = None
    for m in re.finditer("#+", pattern):
        pass
    return (pattern, "####", "") if m is None else (pattern[:m.start()], m[0], pattern[m.end():])

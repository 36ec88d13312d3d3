# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes to the farm: the plan that a Blender in the background makes of a file.

The packer (farm/pack) opens copies of the .blend files, finds everything that they refer to, and
rewrites the paths, so that the interface is never blocked and the artist's files are not touched.
"""

from __future__ import annotations

import json
import pathlib
import subprocess
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import FarmError
from .wire import decode
from .work import Work

PREFIX = "farm-pack: "
MAIN = pathlib.Path(__file__).parents[1] / "pack" / "main.py"
NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # on Windows, where programs may open one
KEPT_LINES = 12  # of what Blender says, for the error
MAX_PLAN = 256 << 20


@dataclass(frozen=True)
class File:
    """One file to send: where it is, and where it goes in the pack, with forward slashes. size in bytes."""

    source: str
    target: str
    size: int
    rewritten: bool = False


@dataclass(frozen=True)
class Missing:
    path: str
    owner: Any = None
    library: str = ""
    kind: str = ""
    why: str = ""


@dataclass(frozen=True)
class Plan:
    """blend is the target of the file to render."""

    blend: str
    root: str
    files: list[File]
    missing: list[Missing] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(f.size for f in self.files)


@dataclass(frozen=True)
class Packer:
    """How to run the packer. exclude are patterns of files to leave out."""

    blender: str
    project: pathlib.Path
    exclude: tuple[str, ...] = ()

    def run(self, blend: pathlib.Path, scratch: pathlib.Path, work: Work) -> Plan:
        """Packs the file with scratch as the folder for rewritten copies, which have to stay until they were sent."""
        work.phase("Looking for files")
        plan_file = scratch / "plan.json"
        inside = scratch / "work"
        inside.mkdir()
        command = [self.blender, "-b", "--factory-startup", "--disable-autoexec", "--python-exit-code", "9", "--python", str(MAIN), "--",
                   "--blend", str(blend), "--project", str(self.project), "--work", str(inside), "--plan", str(plan_file)]
        for pattern in self.exclude:
            command += ["--exclude", pattern]
        said = _run(command, work)
        try:
            if plan_file.stat().st_size > MAX_PLAN:
                raise ValueError("it is too large")
            found = json.loads(plan_file.read_text("utf-8"))
            if isinstance(found, dict) and isinstance(found.get("error"), str):
                raise _Refused(found["error"])
            plan = decode(Plan, found, "plan")
        except _Refused:
            raise
        except (OSError, ValueError, FarmError) as e:
            raise FarmError(f"The files of {blend.name} could not be collected ({e}). Blender said:\n" + "\n".join(said)) from e
        return confined(plan)


class _Refused(FarmError):
    """What the packer itself says of the file."""


def _run(command: list[str], work: Work) -> list[str]:
    """Runs Blender to its end, and returns the last that it said."""
    said: list[str] = []
    try:
        p = subprocess.Popen(command, creationflags=NO_WINDOW, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    except OSError as e:
        raise FarmError(f"Blender could not be started to collect the files: {command[0]}: {e.strerror or e}") from e
    ended = threading.Event()
    # The loop below waits for output, so somebody else has to look whether it is still wanted.
    threading.Thread(target=_kill_when_canceled, args=(p, work, ended), name="farm-pack", daemon=True).start()
    try:
        assert p.stdout is not None
        for line in p.stdout:
            line = line.rstrip()
            if line.startswith(PREFIX):
                _show(line[len(PREFIX):], work)
            elif line:
                said = said[-KEPT_LINES + 1:] + [line[:500]]
        status = p.wait()
    except BaseException:
        p.kill()
        raise
    finally:
        ended.set()
        p.stdout.close()
        p.wait()
    work.check()
    if status != 0:
        raise FarmError(f"The files could not be collected: Blender ended with status {status}. It said:\n" + "\n".join(said))
    return said


def _kill_when_canceled(p: subprocess.Popen, work: Work, ended: threading.Event) -> None:
    while not ended.wait(0.1):
        if work.canceled:
            p.kill()
            return


def _show(text: str, work: Work) -> None:
    """Takes in a line of progress; what is not understood is skipped, as it is only shown."""
    try:
        at = json.loads(text)
    except ValueError:
        return
    if isinstance(at, dict) and isinstance(at.get("file"), str):
        work.detail(pathlib.PurePath(at["file"]).name[:120])


def confined(plan: Plan) -> Plan:
    """Returns the plan, checked: no target leaves the pack, and none is there twice."""
    seen: set[str] = set()
    for f in plan.files:
        parts = f.target.split("/")
        if not f.target or "\\" in f.target or ":" in parts[0] or any(p in ("", ".", "..") for p in parts) or "\0" in f.target:
            raise FarmError(f"The packer wants to put {f.source} at {f.target!r}, which is not below the pack")
        if f.target in seen:
            raise FarmError(f"The packer wants to put two files at {f.target!r}")
        seen.add(f.target)
    if plan.blend not in seen:
        raise FarmError(f"The packer did not put {plan.blend!r} into the pack")
    return plan


def renamed(plan: Plan, name: str) -> Plan:
    """Returns the plan with another name for the file to render: that of the artist's file instead of its temporary copy's."""
    target = str(pathlib.PurePosixPath(plan.blend).with_name(name))
    if target == plan.blend or any(f.target == target for f in plan.files):
        return plan
    files = [replace(f, target=target) if f.target == plan.blend else f for f in plan.files]
    return replace(plan, blend=target, files=files)

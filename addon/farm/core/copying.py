# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies files into the farm's shared storage, when this computer can reach it."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import time
from typing import BinaryIO

from .client import PIECE
from .errors import FarmError
from .names import folder_name
from .packing import File
from .work import Work

KEEP_PARTS = 7 * 24 * 3600  # seconds that a copy may take at the most
LEFT_PART = re.compile(r"\.farm-part-\d+-\d+$")  # what is not whole yet; farm submit and farm pack name it so too


def inside(storage: str, file: pathlib.Path) -> pathlib.Path | None:
    """Returns the file's path below the storage, in the storage's own words, or None if it is elsewhere.

    Both may be reached through symbolic links.
    """
    root = pathlib.Path(storage)
    try:
        return root / file.resolve().relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):
        return None


def check(storage: str) -> None:
    """Raises FarmError if this computer cannot reach the storage."""
    if not pathlib.Path(storage).is_dir():
        raise FarmError(f"The farm's shared storage is {storage}, and this computer cannot reach it. Mount it there, tell the farm with a "
                        "two-way variable under which path this platform sees it, or enable Shaman in farm.yaml, which needs no shared folder")


def copy(files: list[File], storage: str, job: str, work: Work) -> pathlib.Path:
    """Copies the files into a new folder of the storage, and returns it.

    The folder is there whole or not at all. What is not complete is taken away again; what a killed
    Blender leaves has another name, and is taken away by a later copy.
    """
    check(storage)
    root = pathlib.Path(storage)
    work.phase("Copying", files=len(files), size=sum(f.size for f in files))
    part = _new_part(root, job)
    try:
        for f in files:
            _copy_file(f, part.joinpath(*f.target.split("/")), work)
            work.add(files=1)
        return _finished(part)
    except OSError as e:
        remove(part)
        raise FarmError(f"The files cannot be copied into the shared storage: {e.strerror or e}: {e.filename or part}. Check that {storage} is writable and has room") from e
    except BaseException:
        remove(part)
        raise


def remove(folder: pathlib.Path) -> None:
    """Takes away a folder that copy made, as nobody needs it."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()  # stays if there are other submissions in it
    except OSError:
        pass


def tidy(folder: pathlib.Path, before: float) -> None:
    """Takes away what was left half in a folder before a time, by programs that were killed, and nothing else."""
    try:
        with os.scandir(folder) as entries:
            for e in entries:
                if LEFT_PART.search(e.name) and e.is_dir(follow_symlinks=False) and e.stat(follow_symlinks=False).st_mtime < before:
                    shutil.rmtree(e.path, ignore_errors=True)
    except OSError:
        pass  # the next copy tries again


def _new_part(root: pathlib.Path, job: str) -> pathlib.Path:
    """Makes the folder to fill, beside where it is to be, so that renaming it is one step."""
    name = f"{folder_name(job)}-{time.strftime('%Y%m%d-%H%M%S')}.farm-part-{os.getpid()}"
    try:
        (root / "submitted").mkdir(exist_ok=True)
        tidy(root / "submitted", time.time() - KEEP_PARTS)
        for n in range(100):  # another computer may have a process of the same number
            part = root / "submitted" / f"{name}-{n}"
            try:
                part.mkdir()
                return part
            except FileExistsError:
                pass
    except OSError as e:
        raise FarmError(f"Nothing can be written into the farm's shared storage {root}: {e.strerror or e}. Give yourself the right to, or enable Shaman in farm.yaml") from e
    raise FarmError(f"There are a hundred folders {name} in {root / 'submitted'} already; give the job another name")


def _finished(part: pathlib.Path) -> pathlib.Path:
    """Gives a folder that is whole its name, and returns it."""
    name = LEFT_PART.sub("", part.name)
    for n in range(1, 100):  # several submissions within a second
        folder = part.with_name(name if n == 1 else f"{name}-{n}")
        if os.path.lexists(folder):
            continue
        try:
            return part.rename(folder)
        except OSError:
            if not os.path.lexists(folder):  # else somebody took the name meanwhile
                raise
    raise FarmError(f"There are a hundred folders {name} in {part.parent} already; give the job another name")


def _copy_file(f: File, to: pathlib.Path, work: Work) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with open(f.source, "rb", buffering=0) as source, open(to, "xb", buffering=0) as target:
        _copy_content(source, target, work)
        os.fsync(target.fileno())  # a full disk of a file server is told now, or never


def _copy_content(source: BinaryIO, target: BinaryIO, work: Work) -> None:
    buffer = bytearray(PIECE)
    while n := source.readinto(buffer):  # type: ignore[attr-defined]
        written = 0
        while written < n:
            written += target.write(memoryview(buffer)[written:n])
        work.add(size=n)

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
from .packing import File
from .work import Work


def inside(storage: str, file: pathlib.Path) -> pathlib.Path | None:
    """Returns the file's path below the storage, in the storage's own words, or None if it is elsewhere.

    Both may be reached through symbolic links.
    """
    root = pathlib.Path(storage)
    try:
        return root / file.resolve().relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):
        return None


def folder_name(job: str) -> str:
    """Returns the job's name as a folder's on every platform."""
    return re.sub(r'[<>:"/\\|?*{}\x00-\x1f]+', "_", job).strip(" .")[:100] or "job"


def check(storage: str) -> None:
    """Raises FarmError if this computer cannot reach the storage."""
    if not pathlib.Path(storage).is_dir():
        raise FarmError(f"The farm's shared storage is {storage}, and this computer cannot reach it. Mount it there, tell the farm with a "
                        "two-way variable under which path this platform sees it, or enable Shaman in farm.yaml, which needs no shared folder")


def copy(files: list[File], storage: str, job: str, work: Work) -> pathlib.Path:
    """Copies the files into a new folder of the storage, and returns it. What is not complete is taken away again."""
    check(storage)
    root = pathlib.Path(storage)
    work.phase("Copying", files=len(files), size=sum(f.size for f in files))
    folder = _new_folder(root, job)
    try:
        for f in files:
            _copy_file(f, folder.joinpath(*f.target.split("/")), work)
            work.add(files=1)
    except OSError as e:
        remove(folder)
        raise FarmError(f"The files cannot be copied into the shared storage: {e.strerror or e}: {e.filename or folder}. Check that {storage} is writable and has room") from e
    except BaseException:
        remove(folder)
        raise
    return folder


def remove(folder: pathlib.Path) -> None:
    """Takes away a folder that copy made, as nobody needs it."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.parent.rmdir()  # stays if there are other submissions in it
    except OSError:
        pass


def _new_folder(root: pathlib.Path, job: str) -> pathlib.Path:
    name = f"{folder_name(job)}-{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        (root / "submitted").mkdir(exist_ok=True)
        for n in range(1, 100):  # several submissions within a second
            folder = root / "submitted" / (name if n == 1 else f"{name}-{n}")
            try:
                folder.mkdir()
                return folder
            except FileExistsError:
                pass
    except OSError as e:
        raise FarmError(f"Nothing can be written into the farm's shared storage {root}: {e.strerror or e}. Give yourself the right to, or enable Shaman in farm.yaml") from e
    raise FarmError(f"There are a hundred folders {name} in {root / 'submitted'} already; give the job another name")


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

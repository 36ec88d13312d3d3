# SPDX-License-Identifier: GPL-3.0-or-later
"""The open file, as the submission in core/flow.py wants to have it."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import tempfile
import time
from typing import Any, Callable, Iterator

import bpy

from . import fields, manager, properties
from .core import packing, project
from .core.cache import ManagerInfo
from .core.errors import FarmError
from .core.flow import Blend, Request
from .core.wire import JobType

# How changes that are not saved get to the farm.
COPY, SAVE, DISK = "COPY", "SAVE", "DISK"


class SceneHost:
    """A scene of the open file. unsaved is one of the words above."""

    platform = manager.PLATFORM

    def __init__(self, scene, unsaved: str) -> None:
        self._scene_name = scene.name
        self._file = bpy.data.filepath
        self._unsaved = unsaved
        self.hashes_file = manager.folder() / "hashes.json"

    @property
    def scene(self):
        scene = bpy.data.scenes.get(self._scene_name)
        if scene is None or bpy.data.filepath != self._file:
            raise FarmError("Another file was opened meanwhile, so nothing was submitted")
        return scene

    def adopt(self, info: ManagerInfo) -> None:
        manager.adopt(info)
        manager.remember(info)
        job_type = manager.job_type(self.scene)
        if job_type:
            properties.fill(self.scene, job_type)

    def request(self) -> Request:
        farm = self.scene.farm
        job_type = manager.job_type(self.scene)
        name = job_type.name if job_type else farm.stored_type
        return Request(farm.job_name, name, farm.priority, farm.stored_tag, farm.paused, farm.notify)

    def settings(self, job_type: JobType) -> dict[str, Any]:
        return fields.values(self.scene, job_type).submitted()

    def blend(self) -> Blend:
        own = pathlib.Path(self._file) if self._file else pathlib.Path(tempfile.gettempdir(), "untitled.blend")
        if self._file and self._unsaved == DISK:
            return Blend(own, own)
        if self._file and self._unsaved == SAVE:
            with _window():
                bpy.ops.wm.save_mainfile()
            return Blend(own, own)
        return Blend(_save_copy(own), own, temporary=True)

    def beyond(self, storage: str) -> list[str]:
        from .pack import report

        return [item.path for item in report.report(storage) if item.state in ("missing", "unreadable", "outside")]

    def packer(self, own: pathlib.Path) -> packing.Packer:
        prefs = manager.preferences()
        root = project.find_project(own, prefs.project_finder if prefs else "FILE")
        return packing.Packer(_blender(), root, self.scene.farm.patterns)


def _save_copy(own: pathlib.Path) -> pathlib.Path:
    """Saves what is open beside the artist's file, which stays as it is; elsewhere if nothing can be written there.

    Job types of Flamenco know that .flamenco is no part of the name.
    """
    dirty = bpy.data.is_dirty
    name = f"{own.stem}.{time.strftime('%Y%m%d-%H%M%S')}.flamenco.blend"
    why = ""
    for folder in (own.parent, pathlib.Path(tempfile.gettempdir())):
        path = folder / name
        try:
            with _window():
                bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, check_existing=False, relative_remap=True)
        except RuntimeError as e:
            why = str(e).strip()
        if path.exists():
            if dirty and not bpy.app.background:
                bpy.app.timers.register(_stay_dirty(), first_interval=0.1, persistent=True)
            return path
    raise FarmError(f"A copy of the file cannot be saved: {why}")


def _stay_dirty() -> Callable[[], "float | None"]:
    """Returns a timer's function that makes the file count as unsaved again.

    Blender takes a saved copy for a saved file, a moment later, and would let the artist quit without a question.
    """
    file, looks = bpy.data.filepath, iter(range(10))

    def look() -> "float | None":
        if bpy.data.filepath != file:
            return None
        if bpy.data.is_dirty:
            return 0.1 if next(looks, None) is not None else None
        with _window():
            bpy.ops.ed.undo_push(message="Submit to Farm")
        return None

    return look


@contextlib.contextmanager
def _window() -> Iterator[None]:
    """Gives operators the window that a timer does not have."""
    windows = bpy.context.window_manager.windows
    if bpy.context.window or not windows:
        yield
        return
    with bpy.context.temp_override(window=windows[0]):
        yield


def _blender() -> str:
    """Returns the Blender that collects the files: this one, unless it is only a module."""
    path = bpy.app.binary_path or shutil.which("blender")
    if not path:
        raise FarmError("The program Blender is needed to collect the files, and there is none on the PATH; install it, or save the file in the farm's shared storage")
    return path

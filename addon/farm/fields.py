# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's properties for the settings of job types.

Each job type has a group of its own on the scene, so the file keeps what was typed in for each. The
groups exist while the manager's job types are known; values of others stay in the file, unseen.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import bpy

from .core import settings
from .core.names import folder_name
from .core.settings import Values, View
from .core.wire import JobType, Setting

LINK = "autoeval_"  # and the name of the property that it links

_registered: dict[str, tuple[str, type, JobType]] = {}  # by job type: attribute of the scene, group

SUBTYPES = {"file_path": "FILE_PATH", "dir_path": "DIR_PATH", "file_name": "FILE_NAME", "hashed_file_path": "FILE_PATH"}


def register(job_types: list[JobType]) -> None:
    """Makes the properties of these job types, and of no others."""
    wanted = {t.name: t for t in job_types}
    for name, (_, _, old) in list(_registered.items()):
        if wanted.get(name) != old:
            _remove(name)
    for name, job_type in wanted.items():
        if name not in _registered:
            _add(job_type)


def unregister() -> None:
    for name in list(_registered):
        _remove(name)


def group_name(job_type: JobType) -> str:
    """Returns the attribute of the scene that has the job type's properties."""
    return "farm_settings_" + hashlib.sha256(job_type.name.encode("utf-8", "replace")).hexdigest()[:12]


def _add(job_type: JobType) -> None:
    attribute = group_name(job_type)
    annotations: dict[str, Any] = {}
    for s in job_type.settings:
        if settings.is_stored(s):
            annotations[settings.property_name(s.key)] = _property(s)
            if settings.is_linkable(s):
                annotations[LINK + settings.property_name(s.key)] = bpy.props.BoolProperty(
                    name="Automatic", default=True, description=s.eval_info.description or "Take the value from the scene")
    cls = type("FARM_PG_" + attribute, (bpy.types.PropertyGroup,), {"__annotations__": annotations})
    bpy.utils.register_class(cls)
    setattr(bpy.types.Scene, attribute, bpy.props.PointerProperty(type=cls))
    _registered[job_type.name] = (attribute, cls, job_type)


def _remove(name: str) -> None:
    attribute, cls, _ = _registered.pop(name)
    delattr(bpy.types.Scene, attribute)
    bpy.utils.unregister_class(cls)


def _property(s: Setting) -> Any:
    """Returns the property for a setting. Nothing of it is trusted but its type, which settings.problem has looked at."""
    common: dict[str, Any] = {"name": settings.label(s), "description": s.description, "default": settings.default(s)}
    if s.type == "bool":
        return bpy.props.BoolProperty(**common)
    if s.type in ("int32", "float"):
        limits = _limits(s)
        common["default"] = min(max(common["default"], limits.get("min", -settings.INT32)), limits.get("max", settings.INT32))
        make = bpy.props.IntProperty if s.type == "int32" else bpy.props.FloatProperty
        return make(**common, **limits)
    if settings.is_choice(s):
        # Numbered by name, so that a file means the same choice when others are added.
        items = [(c, c.replace("_", " "), "", zlib.crc32(c.encode()) & 0x7FFFFFFF) for c in dict.fromkeys(s.choices)]
        return bpy.props.EnumProperty(items=items, **common)
    return bpy.props.StringProperty(subtype=SUBTYPES.get(s.subtype, "NONE"), **common)


def _limits(s: Setting) -> dict[str, Any]:
    limits = settings.limits(s)
    return limits if limits.get("min", -settings.INT32) <= limits.get("max", settings.INT32) else {}


class SceneStore:
    """The values that a scene keeps for a job type; a settings.Store."""

    def __init__(self, scene, job_type: JobType) -> None:
        self.group = getattr(scene, group_name(job_type))

    def get(self, s: Setting) -> Any:
        value = getattr(self.group, settings.property_name(s.key))
        # Only Blender knows what // stands for.
        if s.subtype in SUBTYPES and isinstance(value, str) and value.startswith("//"):
            return bpy.path.abspath(value)
        return value

    def set(self, s: Setting, value: Any) -> None:
        setattr(self.group, settings.property_name(s.key), value)

    def linked(self, s: Setting) -> bool:
        return getattr(self.group, LINK + settings.property_name(s.key))

    def link(self, s: Setting, on: bool) -> None:
        setattr(self.group, LINK + settings.property_name(s.key), on)


def values(scene, job_type: JobType, job_name: str = "") -> Values:
    """Returns the values of a scene's settings, for a job of its name or of another.

    Their expressions see what Flamenco's add-on lets them see. They make paths of the job's name, so it is fit for one folder.
    """
    from pathlib import Path

    blend = Path(bpy.data.filepath)
    names = {
        "bpy": bpy, "C": _Context(scene), "jobname": folder_name(job_name or scene.farm.job_name), "Path": Path,
        "abspath": lambda path: Path(bpy.path.abspath(str(path))), "last_n_dir_parts": settings.last_n_dir_parts(blend),
    }
    return Values(job_type, SceneStore(scene, job_type), names)


class _Context:
    """Blender's context, with the scene that is submitted, which may be another than that of the window."""

    def __init__(self, scene) -> None:
        self.scene = scene

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy.context, name)


def view(scene, job_type: JobType) -> View:
    return View(values(scene, job_type))

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scene keeps of a submission (scene.farm), and what scripts may look at (window_manager.farm)."""

import pathlib

import bpy

from . import fields, manager, runner
from .core.errors import FarmError

NONE = "-"

# Blender does not keep the texts of an enumeration that a function gives, so they are kept here.
_type_items: list = []
_tag_items: list = []


def _types(self, context):
    _type_items[:] = [(NONE, "Select a Job Type" if manager.info.job_types else "Refresh to see the job types", "", 0)]
    _type_items.extend((t.name, t.label, t.description, n + 1) for n, t in enumerate(manager.info.job_types))
    return _type_items


def _get_type(self) -> int:
    chosen = manager.job_type(self.id_data)
    return manager.info.job_types.index(chosen) + 1 if chosen else 0


def _set_type(self, number: int) -> None:
    types = manager.info.job_types
    self.stored_type = types[number - 1].name if 0 < number <= len(types) else ""
    if manager.job_type(self.id_data):
        fill(self.id_data, manager.job_type(self.id_data))


def fill(scene, job_type) -> None:
    """Gives the empty settings of a job type what they begin with."""
    store = fields.SceneStore(scene, job_type)
    root = job_type.setting("render_output_root")
    if root and root.type == "string" and root.visible in ("visible", "submission") and root.editable and not root.eval and not store.get(root):
        store.set(root, manager.renders_folder())
    fields.values(scene, job_type).fill()


def _tags(self, context):
    _tag_items[:] = [(NONE, "All Workers", "Any worker may take the job's tasks", 0)]
    _tag_items.extend((t.name, t.name, t.description, n + 1) for n, t in enumerate(manager.info.tags))
    if self.stored_tag and not manager.info.tag(self.stored_tag):  # shown, so that nobody submits without it by mistake
        _tag_items.append((self.stored_tag, f"{self.stored_tag} (the manager has no such tag)", "", len(_tag_items)))
    return _tag_items


def _get_tag(self) -> int:
    return next((number for name, _, _, number in _tags(self, None) if name == self.stored_tag), 0)


def _set_tag(self, number: int) -> None:
    name = next((name for name, _, _, n in _tags(self, None) if n == number), NONE)
    self.stored_tag = "" if name == NONE else name


def _default_name() -> str:
    return pathlib.Path(bpy.data.filepath).stem if bpy.data.filepath else "untitled"


def _set_name(self, name: str) -> None:
    # What is the file's name anyway is not kept: it changes when the file is saved under another.
    self.stored_name = "" if name.strip() == _default_name() else name.strip()


class FarmScene(bpy.types.PropertyGroup):
    """What is to be submitted. settings has the values of the job type's settings, by name."""

    job_name: bpy.props.StringProperty(
        name="Job Name", description="Name of the job (default: that of the file)", get=lambda self: self.stored_name or _default_name(), set=_set_name)
    job_type: bpy.props.EnumProperty(name="Job Type", description="What the farm makes of the file", items=_types, get=_get_type, set=_set_type)
    priority: bpy.props.IntProperty(name="Priority", description="Jobs with a higher priority go first", default=50, min=0, max=100)
    tag: bpy.props.EnumProperty(name="Worker Tag", description="Only workers with this tag take the job's tasks", items=_tags, get=_get_tag, set=_set_tag)
    paused: bpy.props.BoolProperty(name="Submit as Paused", description="Submit the job without starting it; start it in the browser")
    notify: bpy.props.StringProperty(
        name="Notify", description="Whom the farm tells when the job is done or broken: ways that the farm's owner set up, or your mail address if the farm allows it; with commas between them")
    exclude: bpy.props.StringProperty(
        name="Exclude", description="Files that the farm does not need, such as *.abc; cache/*. They are not sent; several patterns are separated by semicolons")

    stored_name: bpy.props.StringProperty(options={"HIDDEN"})
    stored_type: bpy.props.StringProperty(options={"HIDDEN"})
    stored_tag: bpy.props.StringProperty(options={"HIDDEN"})
    stored_job: bpy.props.StringProperty(options={"HIDDEN"})  # id of the job that was submitted last, to find it again

    @property
    def settings(self):
        job_type = manager.job_type(self.id_data)
        if job_type is None:
            raise FarmError("No job type is chosen, or the manager's are not known; bpy.ops.farm.refresh() asks for them")
        return fields.view(self.id_data, job_type)

    @property
    def patterns(self) -> "tuple[str, ...]":
        return tuple(p.strip() for p in self.exclude.split(";") if p.strip())


def _status(self) -> str:
    if runner.busy():
        return "canceling" if runner.canceling() else "running"
    return "failed" if runner.error else "idle"


class FarmState(bpy.types.PropertyGroup):
    """How a submission is. For the panel, and for scripts, which can only look."""

    status: bpy.props.StringProperty(description="idle, running, canceling or failed", get=_status)
    text: bpy.props.StringProperty(get=lambda self: str(runner.progress()) if runner.busy() else runner.error or runner.message)
    progress: bpy.props.FloatProperty(subtype="FACTOR", min=0, max=1, get=lambda self: runner.progress().fraction or 0.0)
    job_id: bpy.props.StringProperty(options={"SKIP_SAVE"})
    job_progress: bpy.props.FloatProperty(subtype="FACTOR", min=0, max=1, get=lambda self: _job_fraction())
    # Whether unsaved changes may be submitted without asking: once a session is enough.
    unsaved: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})


def _job_fraction() -> float:
    from . import job_panel

    return job_panel.fraction()


CLASSES = (FarmScene, FarmState)


def register() -> None:
    bpy.types.Scene.farm = bpy.props.PointerProperty(type=FarmScene)
    bpy.types.WindowManager.farm = bpy.props.PointerProperty(type=FarmState)


def unregister() -> None:
    del bpy.types.Scene.farm
    del bpy.types.WindowManager.farm

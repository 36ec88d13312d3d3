# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's operators for submitting. From the interface they return at once, from a script when they are done."""

import json
import os
import pathlib
import platform
import subprocess
import traceback

import bpy

from . import fields, files_panel, host, job_panel, manager, properties, runner, sequencer
from .core import flow, settings
from .core.errors import FarmError
from .core.work import Work


_told_of_strips: "set[tuple[str, str]]" = set()  # file and scene; once a session is enough


class FARM_OT_refresh(bpy.types.Operator):
    bl_idname = "farm.refresh"
    bl_label = "Refresh from Manager"
    bl_description = "Ask the manager for its job types and tags"

    def invoke(self, context, event):
        return runner.start(self, lambda work: self._begin(context, work), self._done)

    def execute(self, context):
        return runner.run(self, lambda work: self._begin(context, work), self._done)

    @staticmethod
    def _begin(context, work: Work):
        return flow.refreshing(host.SceneHost(context.scene, host.DISK), manager.client(work, patience=(0.5,)), work)

    @staticmethod
    def _done(info) -> str:
        count = len(info.job_types)
        return f"{info.version.name or 'The manager'} has {count} job type{'s' * (count != 1)}"


class FARM_OT_eval_setting(bpy.types.Operator):
    bl_idname = "farm.eval_setting"
    bl_label = "Set to Automatic Value"
    bl_description = "Give the setting the value of its expression"
    bl_options = {"REGISTER", "UNDO"}

    setting_key: bpy.props.StringProperty()
    eval_description: bpy.props.StringProperty()

    @classmethod
    def description(cls, context, given):
        return given.eval_description or cls.bl_description

    def execute(self, context):
        job_type = manager.job_type(context.scene)
        setting = job_type and job_type.setting(self.setting_key)
        if not setting or not setting.eval or not settings.is_stored(setting):
            return runner.failed(self, FarmError(f"There is no setting {self.setting_key!r} with an expression"))
        values = fields.values(context.scene, job_type)
        try:
            fields.SceneStore(context.scene, job_type).set(setting, values.evaluate(setting))
        except Exception as e:
            return runner.failed(self, e)
        return {"FINISHED"}


class FARM_OT_submit_job(bpy.types.Operator):
    bl_idname = "farm.submit_job"
    bl_label = "Submit to Farm"
    bl_description = "Send the file, with everything that it needs, to the farm and render it there"

    # For scripts; what is not given is taken from the scene.
    job_name: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    job_type: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    settings: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"}, description="Settings of the job type, as a JSON object")
    tag: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    priority: bpy.props.IntProperty(options={"SKIP_SAVE", "HIDDEN"}, default=-1, min=-1, max=100)
    notify: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"}, description="Whom the farm tells of the job, with commas between them")
    paused: bpy.props.BoolProperty(options={"SKIP_SAVE", "HIDDEN"})
    wait: bpy.props.BoolProperty(options={"SKIP_SAVE", "HIDDEN"}, description="Return when the job is over")
    ignore_version_mismatch: bpy.props.BoolProperty(options={"SKIP_SAVE", "HIDDEN"}, description="For scripts of Flamenco's add-on; versions are never a hindrance")
    unsaved: bpy.props.EnumProperty(
        name="Changes", options={"SKIP_SAVE"}, default="COPY", description="What to do about what is not saved",
        items=[
            ("COPY", "Submit a Copy", "Submit what you see; your file stays as it was saved last"),
            ("SAVE", "Save the File", "Save the file, and submit it"),
            ("DISK", "Leave Them Out", "Submit the file as it was saved last"),
        ],
    )

    def invoke(self, context, event):
        state = context.window_manager.farm
        try:
            self._missing = files_panel.look()
        except Exception:  # what cannot be looked at can be submitted all the same
            traceback.print_exc()
            self._missing = ()
        self._ask = bpy.data.is_dirty and bool(bpy.data.filepath) and not state.unsaved
        self._strips = sequencer.rendered_strips(context.scene)
        if (bpy.data.filepath, context.scene.name) in _told_of_strips:
            self._strips = 0
        if self._ask or self._missing or self._strips:
            return context.window_manager.invoke_props_dialog(self, width=420)
        return self._start(context)

    def draw(self, context):
        layout = self.layout
        if self._ask:
            layout.label(text="The file has changes that are not saved.")
            layout.prop(self, "unsaved", expand=True)
            layout.label(text="This is not asked again until Blender is started anew.")
        if self._strips:
            layout.label(text=strips_warning(self._strips), icon="ERROR")
            layout.label(text="To render the 3D scene, switch off Output > Post Processing > Sequencer.", icon="BLANK1")
        if self._missing:
            count = len(self._missing)
            layout.label(text=f"{count} file{'s are' if count > 1 else ' is'} missing, and will not be on the farm either:", icon="ERROR")
            for item in self._missing[:6]:
                layout.label(text=item.path, icon="BLANK1")
            if len(self._missing) > 6:
                layout.label(text=f"and {len(self._missing) - 6} more, see Files", icon="BLANK1")

    # Set by invoke. A script calls execute without it.
    _ask = None
    _missing = ()
    _strips = 0

    def execute(self, context):
        if self._ask is not None:
            if self._ask:
                context.window_manager.farm.unsaved = self.unsaved
            if self._strips:
                _told_of_strips.add((bpy.data.filepath, context.scene.name))
            return self._start(context)
        return self._run(context)

    def _start(self, context):
        """Submits while the artist goes on."""
        state = context.window_manager.farm
        # Without changes there is nothing to copy.
        how = (state.unsaved or "COPY") if bpy.data.is_dirty or not bpy.data.filepath else host.DISK
        scene = context.scene
        return runner.start(self, lambda work: flow.submission(host.SceneHost(scene, how), manager.client(work), work), job_panel.submitted, of_file=True)

    def _run(self, context):
        """Submits, and returns when it is done."""
        # Changes that a script makes do not count as unsaved, so what it sees is submitted, whatever Blender says.
        outcomes: "list[flow.Outcome]" = []

        def submit(work: Work):
            return flow.submission(_Given(self, context.scene), manager.client(work), work)

        def done(outcome: flow.Outcome) -> str:
            outcomes.append(outcome)
            return job_panel.submitted(outcome)

        result = runner.run(self, submit, done, tell=True)
        return self._after(outcomes[0]) if outcomes else result

    def _after(self, outcome: flow.Outcome):
        """Tells a script of its job, and waits for it if that is wanted."""
        strips = sequencer.rendered_strips(bpy.context.scene)
        for warning in [strips_warning(strips)] * bool(strips) + outcome.warnings:
            self.report({"WARNING"}, warning)
        for missing in outcome.missing:
            self.report({"WARNING"}, f"Missing: {missing.path}")
        print(f"Farm: submitted job {outcome.job.id}, {outcome.how}: {outcome.job.name}", flush=True)
        try:
            if self.wait:
                job_panel.wait_for(outcome.job)
        except FarmError as e:
            return runner.failed(self, e)
        return {"FINISHED"}


class _Given(host.SceneHost):
    """A scene with what a script gives to the operator instead."""

    def __init__(self, operator, scene) -> None:
        super().__init__(scene, operator.unsaved)
        self._operator = {name: getattr(operator, name) for name in ("job_name", "job_type", "tag", "priority", "settings", "notify")}
        self._paused = operator.paused if operator.properties.is_property_set("paused") else None

    def request(self) -> flow.Request:
        given, scene = self._operator, super().request()
        return flow.Request(
            given["job_name"] or scene.name, given["job_type"] or scene.job_type, given["priority"] if given["priority"] >= 0 else scene.priority,
            given["tag"] or scene.tag, scene.paused if self._paused is None else self._paused, given["notify"] or scene.notify)

    def settings(self, job_type):
        try:
            more = json.loads(self._operator["settings"] or "{}")
            if not isinstance(more, dict):
                raise ValueError("it is not an object")
        except ValueError as e:
            raise FarmError(f"settings is to be a JSON object: {e}") from e
        values = fields.values(self.scene, job_type, self._operator["job_name"])
        properties.fill(self.scene, job_type)
        for key, value in more.items():
            if job_type.setting(key) is None:
                raise FarmError(f"Job type “{job_type.label}” has no setting {key!r}; it has {', '.join(s.key for s in job_type.settings)}")
            values.set(values.setting(key), value)
        return values.submitted()


def strips_warning(count: int) -> str:
    return f"The sequencer's {count} strip{'s' * (count != 1)} will be rendered, and not the 3D scene."


class FARM_OT_cancel(bpy.types.Operator):
    bl_idname = "farm.cancel"
    bl_label = "Cancel"
    bl_description = "Stop; nothing is submitted"

    def execute(self, context):
        runner.cancel()
        return {"FINISHED"}


class FARM_OT_explore_path(bpy.types.Operator):
    bl_idname = "farm.explore_path"
    bl_label = "Open Folder"
    bl_description = "Open the folder, or the nearest one that is there, in the file manager"

    path: bpy.props.StringProperty()

    def execute(self, context):
        folder = pathlib.Path(bpy.path.abspath(self.path))
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        try:
            if platform.system() == "Windows":
                os.startfile(folder)
            else:
                subprocess.Popen(["open" if platform.system() == "Darwin" else "xdg-open", str(folder)], stdin=subprocess.DEVNULL, start_new_session=True)
        except OSError as e:
            return runner.failed(self, FarmError(f"{folder} cannot be opened: {e.strerror or e}"))
        return {"FINISHED"}


CLASSES = (FARM_OT_refresh, FARM_OT_eval_setting, FARM_OT_submit_job, FARM_OT_cancel, FARM_OT_explore_path)

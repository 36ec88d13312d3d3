# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: how the job is that was submitted last, and its frames back in Blender."""

from __future__ import annotations

import bpy
import bpy.utils.previews

from . import frames_back, manager, runner, texts
from .core import flow, frames
from .core.client import Client
from .core.errors import FarmError
from .core.follow import SOON, Follower, View
from .core.wire import Job
from .core.work import Work
from .panel import OutputPanel

_follower: "Follower | None" = None
_notes: list[str] = []  # what the artist should know of the submission
_pictures = None  # Blender's collection of previews; None before there is one

POLL = 0.5  # seconds between looks at the follower


def submitted(outcome: flow.Outcome) -> str:
    """Follows the new job, and says what became of the submission."""
    global _follower, _notes
    forget()
    _notes = list(outcome.warnings)
    if outcome.missing:
        _notes.append(f"{len(outcome.missing)} files are missing on the farm: {', '.join(m.path for m in outcome.missing[:5])}")
    bpy.context.window_manager.farm.job_id = outcome.job.id
    _follower = Follower(manager.url(), outcome.job, manager.folder() / "images")
    if not bpy.app.background:
        _follower.start()
        bpy.app.timers.register(_watch, first_interval=POLL, persistent=True)
    sent = outcome.transfer
    how = outcome.how if sent is None else f"{sent.sent_files} of {sent.files} files were uploaded, the farm had the others"
    return f"Submitted “{outcome.job.name}” ({how})"


def forget() -> None:
    """Stops following."""
    global _follower, _pictures
    if _follower:
        _follower.stop()
        _follower = None
    if bpy.app.timers.is_registered(_watch):
        bpy.app.timers.unregister(_watch)
    if _pictures:
        bpy.utils.previews.remove(_pictures)
        _pictures = None


_seen: "View | None" = None


def _watch() -> "float | None":
    """Has the panel drawn when the job has changed."""
    global _seen
    if _follower is None:
        return None
    view = _follower.look()
    if view != _seen:
        _seen = view
        runner.redraw()
    return POLL if _follower.running else None


def wait_for(client: Client, job: Job, work: Work) -> Job:
    """Waits until the job is over, for scripts, and tells how it goes."""
    said = ""
    while True:
        text = View(job).text
        if text != said:
            said = text
            print(f"Farm: {text}", flush=True)
        if job.over:
            return job
        work.wait(SOON / 2)
        job = client.job(job.id)


def fraction() -> float:
    job = _follower.look().job if _follower else None
    if job is None:
        return 0.0
    if job.status == "completed":
        return 1.0
    return min(1.0, job.steps_completed / job.steps_total) if job.steps_total else 0.0


def _icon(view: View) -> int:
    """Returns the number of the last image for the layout, 0 without one."""
    global _pictures
    if view.image is None or bpy.app.background:
        return 0
    if _pictures is None:
        _pictures = bpy.utils.previews.new()
    name = str(view.image)
    if name not in _pictures:
        _pictures.clear()
        _pictures.load(name, name, "IMAGE")
    return _pictures[name].icon_id


class FARM_OT_open_job(bpy.types.Operator):
    bl_idname = "farm.open_job"
    bl_label = "Open in Browser"
    bl_description = "Show the job on the manager's page"

    def execute(self, context):
        job_id = context.window_manager.farm.job_id
        base = _follower.url if _follower else manager.url()
        # Flamenco's page has its jobs at the same address.
        bpy.ops.wm.url_open(url=f"{base}/app/jobs/{job_id}" if job_id else base)
        return {"FINISHED"}


class FARM_OT_load_frames(bpy.types.Operator):
    bl_idname = "farm.load_frames"
    bl_label = "Load Frames"
    bl_description = "Load the frames that are there so far; again to have those that came since"

    where: bpy.props.EnumProperty(
        name="Where", default="SEQUENCER",
        items=[("SEQUENCER", "Sequencer", "As strips, each at its frame"), ("VIEWER", "Image Viewer", "As an image sequence")])
    job_id: bpy.props.StringProperty(options={"SKIP_SAVE"}, description="The job; that which was submitted last if it is not given")

    def _begin(self, context, work: Work):
        job_id = self.job_id or context.window_manager.farm.job_id
        if not job_id:
            raise FarmError("Nothing was submitted yet; give a job_id, or submit a job")
        return self._find(manager.client(work), job_id, work)

    @staticmethod
    def _find(client: Client, job_id: str, work: Work):
        work.phase("Looking for frames")
        job = yield lambda: client.job(job_id)
        variables = yield lambda: client.variables(manager.PLATFORM)
        found = yield lambda: frames.find(job, variables)
        return job, found

    def invoke(self, context, event):
        work = Work()
        where = self.where
        try:
            # The operator is gone when the frames are found.
            runner.start(self._begin(context, work), work, lambda result: frames_back.show(where, *result), of_file=True)
        except FarmError as e:
            self.report({"ERROR"}, str(e))
            return {"CANCELLED"}
        return {"FINISHED"}

    def execute(self, context):
        work = Work()
        try:
            runner.run(self._begin(context, work), work, lambda result: frames_back.show(self.where, *result))
        except Exception as e:
            self.report({"ERROR"}, str(e))
            return {"CANCELLED"}
        return {"FINISHED"}


class FARM_PT_job(OutputPanel, bpy.types.Panel):
    bl_label = "Job"
    bl_parent_id = "FARM_PT_submit"

    @classmethod
    def poll(cls, context):
        return _follower is not None

    def draw(self, context):
        layout = self.layout
        view = _follower.look()
        layout.label(text=view.job.name, icon=ICONS.get(view.job.status, "TIME"))
        texts.bar(layout, context.window_manager.farm, "job_progress", fraction(), view.text)
        if view.trouble:
            texts.paragraph(layout, context, view.trouble, "ERROR")
        elif view.job.status == "failed":
            texts.paragraph(layout, context, f"The job failed: {view.job.activity or 'see its tasks in the browser'}", "ERROR")
        icon = _icon(view)
        if icon:
            layout.template_icon(icon, scale=9)
        row = layout.row(align=True)
        row.operator("farm.load_frames", text="To Sequencer", icon="SEQUENCE").where = "SEQUENCER"
        row.operator("farm.load_frames", text="To Image Viewer", icon="IMAGE_DATA").where = "VIEWER"
        row = layout.row(align=True)
        row.operator("farm.open_job", icon="URL")
        for note in _notes:
            texts.paragraph(layout, context, note, "INFO")


ICONS = {"completed": "CHECKMARK", "failed": "ERROR", "canceled": "CANCEL", "paused": "PAUSE", "active": "PLAY"}

CLASSES = (FARM_OT_open_job, FARM_OT_load_frames, FARM_PT_job)

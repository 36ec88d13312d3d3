# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: how the job is that was submitted last, and its frames back in Blender."""

import contextlib
import os

import bpy
import bpy.utils.previews

from . import frames_back, manager, runner, texts
from .core import flow, frames
from .core.client import Client
from .core.errors import FarmError
from .core.follow import SOON, Follower, View, ending
from .core.remembered import Remembered
from .core.wire import Job
from .core.work import Work, size
from .panel import OutputPanel
from .runner import run, start

_follower: "Follower | None" = None
_notes: list[str] = []  # what the artist should know of the submission
_pictures = None  # Blender's collection of previews; None before there is one

POLL = 0.5  # seconds between looks at the follower


def submitted(outcome: flow.Outcome) -> str:
    """Follows the new job, and says what became of the submission."""
    bpy.context.scene.farm.stored_job = outcome.job.id
    _remembered().put(bpy.data.filepath, manager.url(), outcome.job.id)
    follow(outcome.job)
    _notes.extend(outcome.warnings)
    if outcome.missing:
        count = len(outcome.missing)
        _notes.append(f"{count} file{'s are' if count > 1 else ' is'} missing on the farm: {', '.join(m.path for m in outcome.missing[:5])}")
    sent = outcome.transfer
    how = outcome.how if sent is None else f"{sent.sent_files} of {sent.files} files uploaded, {size(sent.sent_bytes)}"
    return f"Submitted “{outcome.job.name}” ({how})"


def follow(job: Job) -> None:
    """Shows the job in the panel from now on."""
    global _follower, _seen
    forget()
    bpy.context.window_manager.farm.job_id = job.id
    _follower = Follower(manager.url(), job, manager.folder() / "images", proof=manager.proof())
    _seen = _follower.look()
    if not bpy.app.background:
        _follower.start()
        bpy.app.timers.register(_watch, first_interval=POLL, persistent=True)


def _remembered() -> Remembered:
    return Remembered(manager.folder() / "jobs.json")


def last_job(scene) -> str:
    """Returns the id of the job that was submitted last from the open file, "" if there is none.

    This computer remembers it, and the scene if the file was saved afterwards, perhaps on another one.
    """
    entry, saved = _remembered().get(bpy.data.filepath, manager.url()), 0.0
    with contextlib.suppress(OSError):
        saved = os.path.getmtime(bpy.data.filepath)
    if entry is not None and not (scene.farm.stored_job and saved > entry.time):
        return entry.job
    return scene.farm.stored_job


def forget() -> None:
    """Stops following, as when another file is opened: the job is not that file's."""
    global _follower, _pictures, _seen, _last
    _seen = _last = None
    _notes.clear()
    bpy.context.window_manager.farm.job_id = ""
    if _follower:
        _follower.stop()
        _follower = None
    if bpy.app.timers.is_registered(_watch):
        bpy.app.timers.unregister(_watch)
    if _pictures:
        bpy.utils.previews.remove(_pictures)
        _pictures = None


_seen: "View | None" = None
_last: "tuple[str, str] | None" = None  # the open file and its last job, as the panel found it


def _watch() -> "float | None":
    """Has the panel drawn when the job has changed."""
    global _seen
    if _follower is None:
        return None
    view = _follower.look()
    if view != _seen:
        tell(ending(_seen, view))
        _seen = view
        runner.redraw()
    return POLL if _follower.running else None


def tell(text: str) -> None:
    """Shows a note beside the mouse, unless the artist wants none."""
    windows = bpy.context.window_manager.windows
    if not text or not windows or not bpy.context.preferences.addons[__package__].preferences.tell_when_over:
        return

    def draw(menu, _context) -> None:
        for line in text.split(". "):
            menu.layout.label(text=line)

    with bpy.context.temp_override(window=windows[0]):
        bpy.context.window_manager.popup_menu(draw, title="Farm", icon="INFO")


def wait_for(job: Job) -> None:
    """Waits until the job is completed, for scripts, and tells how it goes; FarmError if it ends in another way."""
    work = Work()
    client = manager.client(work)
    said = ""
    while True:
        text = View(job).text
        if text != said:
            said = text
            print(f"Farm: {text}", flush=True)
        if job.status == "completed":
            return
        if job.over:
            raise FarmError(f"Job {job.id} is {job.status}: {job.activity}")
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
    job_id: bpy.props.StringProperty(options={"SKIP_SAVE"}, description="The job; the one that was submitted last if it is not given")

    def invoke(self, context, event):
        where = self.where  # the operator is gone when the frames are found
        return start(self, lambda work: self._begin(context, work), lambda found: frames_back.show(where, *found), of_file=True)

    def execute(self, context):
        return run(self, lambda work: self._begin(context, work), lambda found: frames_back.show(self.where, *found))

    def _begin(self, context, work: Work):
        job_id = self.job_id or context.window_manager.farm.job_id or last_job(context.scene)
        if not job_id:
            raise FarmError("Nothing was submitted yet; give a job_id, or submit a job")
        return _find_frames(manager.client(work), job_id, work)


def _find_frames(client: Client, job_id: str, work: Work):
    work.phase("Looking for frames")
    job = yield lambda: client.job(job_id)
    variables = yield lambda: client.variables(manager.PLATFORM)
    found = yield lambda: frames.find(job, variables)
    return job, found


class FARM_OT_follow_job(bpy.types.Operator):
    bl_idname = "farm.follow_job"
    bl_label = "Show Last Job"
    bl_description = "Show how the job is that was submitted from this file last"

    def invoke(self, context, event):
        return start(self, lambda work: self._begin(context, work), _followed)

    def execute(self, context):
        return run(self, lambda work: self._begin(context, work), _followed)

    @staticmethod
    def _begin(context, work: Work):
        job_id = last_job(context.scene)
        if not job_id:
            raise FarmError("Nothing was submitted from this file yet; submit a job, and it is shown")
        return _ask(manager.client(work), job_id, work)


def _ask(client: Client, job_id: str, work: Work):
    work.phase("Asking the manager")
    return (yield lambda: client.job(job_id))


def _last_job_shown(scene) -> str:
    """Is last_job for panels, which are drawn with each movement of the mouse: it looks at the disk once for each file."""
    global _last
    if _last is None or _last[0] != bpy.data.filepath:
        _last = (bpy.data.filepath, last_job(scene))
    return _last[1] or scene.farm.stored_job


def _followed(job: Job) -> str:
    follow(job)
    return ""


class FARM_OT_cancel_job(bpy.types.Operator):
    bl_idname = "farm.cancel_job"
    bl_label = "Cancel the Job on the Farm"
    bl_description = "Take the job back from the workers; its frames stay"

    def invoke(self, context, event):
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context):
        job_id = context.window_manager.farm.job_id
        begin = run if bpy.app.background else start  # the interface comes here too, after its question
        return begin(self, lambda work: _cancel(manager.client(work), job_id, work), lambda _: "The job is canceled")


def _cancel(client: Client, job_id: str, work: Work):
    work.phase("Canceling the job")
    yield lambda: client.set_job_status(job_id, "cancel-requested", "canceled in Blender")


class FARM_PT_job(OutputPanel, bpy.types.Panel):
    bl_label = "Job"
    bl_parent_id = "FARM_PT_submit"

    @classmethod
    def poll(cls, context):
        return _follower is not None or bool(_last_job_shown(context.scene))

    def draw(self, context):
        layout = self.layout
        if _follower is None:
            layout.operator("farm.follow_job", icon="VIEWZOOM")
            return
        view = _follower.look()
        layout.label(text=view.job.name, icon=ICONS.get(view.job.status, "TIME"))
        texts.bar(layout, context.window_manager.farm, "job_progress", fraction(), view.text)
        if view.trouble:
            texts.paragraph(layout, context, view.trouble, "ERROR")
        elif view.why:
            texts.paragraph(layout, context, f"It waits: {view.why}", "INFO")
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
        if not view.job.over:
            row.operator("farm.cancel_job", text="Cancel Job", icon="CANCEL")
        for note in _notes:
            texts.paragraph(layout, context, note, "INFO")


ICONS = {"completed": "CHECKMARK", "failed": "ERROR", "canceled": "CANCEL", "paused": "PAUSE", "active": "PLAY"}

CLASSES = (FARM_OT_open_job, FARM_OT_load_frames, FARM_OT_follow_job, FARM_OT_cancel_job, FARM_PT_job)

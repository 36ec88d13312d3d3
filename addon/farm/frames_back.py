# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a job's frames where Blender shows them."""

from __future__ import annotations

import bpy

from .core.frames import Frames
from .core.wire import Job

MARK = "farm_job"  # custom property of what was loaded, so that loading again replaces it


def show(where: str, job: Job, found: Frames) -> str:
    """Loads the frames, and says where they are."""
    return into_sequencer(job, found) if where == "SEQUENCER" else into_viewer(job, found)


def into_sequencer(job: Job, found: Frames) -> str:
    """Makes a strip of each run of frames, at the frames that they are. Those of the same job are replaced."""
    scene = _sequencer_scene()
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences  # renamed in 4.4
    for strip in [s for s in strips if s.get(MARK) == job.id]:
        strips.remove(strip)
    channel = _free_channel(strips, found)
    for run in found.runs:
        strip = strips.new_image(name=job.name, filepath=str(found.folder / run.names[0]), channel=channel, frame_start=run.first)
        for name in run.names[1:]:
            strip.elements.append(name)
        strip[MARK] = job.id
    _reveal(("SEQUENCE_EDITOR",))
    return f"{found.count} frames are in the sequencer, on channel {channel}"


def _sequencer_scene():
    """Returns the scene that sequencers show: from 5.0 on that is the workspace's own choice."""
    scene = bpy.context.scene
    windows = bpy.context.window_manager.windows
    workspace = windows[0].workspace if windows else None
    if workspace is None or not hasattr(workspace, "sequencer_scene"):
        return scene
    if workspace.sequencer_scene is None:
        workspace.sequencer_scene = scene
    return workspace.sequencer_scene


def _free_channel(strips, found: Frames) -> int:
    """Returns the lowest channel that has nothing where the frames go."""
    first, last = found.runs[0].first, found.runs[-1].first + len(found.runs[-1].names)
    taken = {s.channel for s in strips if s.frame_final_start < last and s.frame_final_end > first}
    return next((c for c in range(1, 129) if c not in taken), 128)


def into_viewer(job: Job, found: Frames) -> str:
    """Makes an image of the longest run of frames, and shows it where images are shown, in a new window if nowhere."""
    run = max(found.runs, key=lambda r: len(r.names))
    name = f"{job.name} {job.id[:8]}"
    image = next((i for i in bpy.data.images if i.get(MARK) == job.id), None)
    if image is None:
        image = bpy.data.images.load(str(found.folder / run.names[0]))
        image.name = name
        image[MARK] = job.id
    image.filepath = str(found.folder / run.names[0])
    image.source = "SEQUENCE" if len(run.names) > 1 else "FILE"
    image.reload()
    area = _reveal(("IMAGE_EDITOR",))
    if area:
        space = area.spaces.active
        space.image = image
        user = space.image_user
        user.frame_start, user.frame_duration, user.frame_offset = run.first, len(run.names), run.first - 1
        user.use_auto_refresh = True
    others = found.count - len(run.names)
    note = f"; {others} others do not follow them, the sequencer has all" if others else ""
    return f"Frames {run.first} to {run.first + len(run.names) - 1} are in the image “{image.name}”{note}"


def _reveal(kinds: "tuple[str, ...]"):
    """Returns an area of the kind: one that is there, else a new window's. None without an interface."""
    wm = bpy.context.window_manager
    for window in wm.windows:
        for area in window.screen.areas:
            if area.type in kinds:
                area.tag_redraw()
                return area
    if bpy.app.background or not wm.windows:
        return None
    before = set(wm.windows)
    try:
        with bpy.context.temp_override(window=wm.windows[0]):
            bpy.ops.wm.window_new()
    except RuntimeError:
        return None  # as while an editor fills the window; what was loaded can be found by hand
    for window in wm.windows:
        if window not in before:
            area = window.screen.areas[0]
            area.type = kinds[0]
            return area
    return None

# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a job's frames where Blender shows them."""

from __future__ import annotations

import bpy

from . import sequencer
from .core.frames import Frames
from .core.wire import Job

MARK = "farm_job"  # custom property of what was loaded, so that loading again replaces it
SCENE_MARK = "farm_frames"  # custom property of the scene that the strips are in
LINEAR = (".exr", ".hdr")  # images before the view transform


def show(where: str, job: Job, found: Frames) -> str:
    """Loads the frames, and says where they are."""
    return into_sequencer(job, found) if where == "SEQUENCER" else into_viewer(job, found)


def into_sequencer(job: Job, found: Frames) -> str:
    """Makes a strip of each run of frames, at the frames that they are. Those of the same job are replaced.

    They are in a scene of their own: strips in the artist's scene would be rendered instead of it.
    """
    scene = _frames_scene(found)
    for other in bpy.data.scenes:
        if other.sequence_editor is not None:
            strips = sequencer.strips(other)
            for strip in [s for s in strips if s.get(MARK) == job.id]:
                strips.remove(strip)
    strips = sequencer.strips(scene)
    channel = _free_channel(strips, found)
    for run in found.runs:
        strip = strips.new_image(name=job.name, filepath=str(found.folder / run.names[0]), channel=channel, frame_start=run.first)
        for name in run.names[1:]:
            strip.elements.append(name)
        strip[MARK] = job.id
    spans = [sequencer.span(s) for s in strips]
    scene.frame_start, scene.frame_end = min(first for first, _ in spans), max(end for _, end in spans) - 1
    sequencer.show(scene)
    return f"{found.count} frames are in the scene “{scene.name}”, on channel {channel}"


def _frames_scene(found: Frames):
    """Returns the scene for loaded frames, with the size and rate of the one that is open."""
    of = bpy.context.scene
    scene = next((s for s in bpy.data.scenes if s.get(SCENE_MARK)), None)
    if scene is None:
        scene = bpy.data.scenes.new("Farm Frames")
        scene[SCENE_MARK] = True
    if of != scene:
        for name in ("resolution_x", "resolution_y", "resolution_percentage", "fps", "fps_base"):
            setattr(scene.render, name, getattr(of.render, name))
        linear = found.runs[0].names[0].lower().endswith(LINEAR)
        try:  # an image that is no raw light has its view transform already
            scene.view_settings.view_transform = of.view_settings.view_transform if linear else "Standard"
        except TypeError:  # another colour configuration has other names
            pass
    return scene


def _free_channel(strips, found: Frames) -> int:
    """Returns the lowest channel that has nothing where the frames go."""
    first, last = found.runs[0].first, found.runs[-1].first + len(found.runs[-1].names)
    spans = ((s.channel, *sequencer.span(s)) for s in strips)
    taken = {channel for channel, begin, end in spans if begin < last and end > first}
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
    area = _image_editor()
    if area:
        space = area.spaces.active
        space.image = image
        user = space.image_user
        user.frame_start, user.frame_duration, user.frame_offset = run.first, len(run.names), run.first - 1
        user.use_auto_refresh = True
    others = found.count - len(run.names)
    note = f"; {others} others do not follow them, the sequencer has all" if others else ""
    return f"Frames {run.first} to {run.first + len(run.names) - 1} are in the image “{image.name}”{note}"


def _image_editor():
    """Returns an area that shows images: one that is there, else a new window's. None without an interface."""
    wm = bpy.context.window_manager
    for window in wm.windows:
        for area in window.screen.areas:
            if area.type == "IMAGE_EDITOR":
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
            area.type = "IMAGE_EDITOR"
            return area
    return None

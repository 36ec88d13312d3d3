# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's sequencer, whose names differ from version to version."""

import bpy


def strips(scene):
    """Returns the strips of a scene's sequencer, which is made if there is none."""
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences  # renamed in 4.4


def span(strip) -> "tuple[int, int]":
    """Returns the first frame that a strip has, and the first that it has no more."""
    if hasattr(strip, "left_handle"):  # renamed in 5.2, and the old names go in 6.0
        return strip.left_handle, strip.right_handle
    return strip.frame_final_start, strip.frame_final_end


def rendered_strips(scene) -> int:
    """Returns how many strips would be rendered instead of the 3D scene, 0 if that is rendered.

    Sound is none of them. Since 5.0 those that are muted do not count.
    """
    if not scene.render.use_sequencer or scene.sequence_editor is None:
        return 0
    return sum(s.type != "SOUND" and not (s.mute and bpy.app.version >= (5, 0, 0)) for s in strips(scene))


def show(scene) -> None:
    """Shows a scene's sequencer: in the window that has it, else in a new one. Nothing changes without windows."""
    wm = bpy.context.window_manager
    if bpy.app.background or not wm.windows:
        return
    window = next((w for w in wm.windows if _shown(w) == scene and _area(w)), None) or _new_window()
    if window is None:
        return  # as while an editor fills the window; the scene can be chosen by hand
    if hasattr(window.workspace, "sequencer_scene"):  # since 5.0
        window.workspace.sequencer_scene = scene
    else:
        window.scene = scene
    area = _area(window)
    if area is None:
        area = max(window.screen.areas, key=lambda a: a.width * a.height)
        area.type = "SEQUENCE_EDITOR"
        area.spaces.active.view_type = "SEQUENCER_PREVIEW"
    area.tag_redraw()


def _shown(window):
    """Returns the scene that a window's sequencers show."""
    return window.workspace.sequencer_scene if hasattr(window.workspace, "sequencer_scene") else window.scene


def _area(window):
    return next((a for a in window.screen.areas if a.type == "SEQUENCE_EDITOR"), None)


def _new_window():
    """Opens a window with a scene and a workspace of its own, so that the artist's own windows stay as they are."""
    wm = bpy.context.window_manager
    before = set(wm.windows)
    try:
        with bpy.context.temp_override(window=wm.windows[0]):
            bpy.ops.wm.window_new_main()
    except RuntimeError:
        return None
    return next((w for w in wm.windows if w not in before), None)

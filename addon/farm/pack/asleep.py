# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a .blend without anything in it running.

Opening a file in Blender evaluates it: modifiers are computed, and simulations
write their caches to the disk, which may be the artist's folder. Nothing of
that is needed to look at paths, and none of it may happen.
"""

import sys
from typing import Callable, List

import bpy

# What was switched off in the open file, as functions that switch it on again.
_wake: List[Callable[[], None]] = []


@bpy.app.handlers.persistent
def _switch_off(*_) -> None:
    """Switches off what computes, after loading and before Blender evaluates."""
    _wake.clear()
    for object in bpy.data.objects:
        for modifier in object.modifiers:
            if modifier.show_viewport:
                _off(modifier, "show_viewport")
    for scene in bpy.data.scenes:
        if scene.rigidbody_world is not None and scene.rigidbody_world.enabled:
            _off(scene.rigidbody_world, "enabled")


def _off(struct, name: str) -> None:
    """Switches one thing off, and remembers it."""
    try:
        setattr(struct, name, False)
    except AttributeError:  # linked data may be closed to changes
        return
    _wake.append(lambda: setattr(struct, name, True))


@bpy.app.handlers.persistent
def _switch_on(*_) -> None:
    """Switches everything on again, after Blender has evaluated and before it writes."""
    for wake in _wake:
        wake()


def _ignore(_context) -> None:
    """Stands in for what updates the scene before each operator.

    Calls of operators from Python do so first, which is no use to one that saves.
    """


def open_blend(path: str) -> None:
    """Opens a .blend; errors are those of the operator."""
    if _switch_off not in bpy.app.handlers.load_post:
        bpy.app.handlers.load_post.append(_switch_off)
    bpy.ops.wm.open_mainfile(filepath=path, load_ui=True, use_scripts=False)


def _no_updates() -> None:
    """Keeps operators from evaluating the scene first."""
    for kind in vars(sys.modules["bpy.ops"]).values():
        if isinstance(kind, type) and hasattr(kind, "_view_layer_update"):
            kind._view_layer_update = staticmethod(_ignore)


def move_to(path: str) -> None:
    """Makes the open .blend one in another folder; its paths stay as they are stored."""
    _no_updates()
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=False, relative_remap=False, compress=False, check_existing=False)


def save_copy(path: str, compress: bool) -> None:
    """Saves the open .blend elsewhere, with everything switched on as it was.

    An operator evaluates the scene before it saves: since Blender 5.0 nothing
    in Python can keep it from that, so what computes is off until then.
    """
    _no_updates()
    bpy.app.handlers.save_pre.append(_switch_on)
    bpy.app.handlers.save_post.append(_switch_off)
    try:
        bpy.ops.wm.save_as_mainfile(filepath=path, copy=True, relative_remap=False, compress=compress, check_existing=False)
    finally:
        bpy.app.handlers.save_pre.remove(_switch_on)
        bpy.app.handlers.save_post.remove(_switch_off)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells Blender about everything that the add-on has, in order."""

import bpy

from . import fields, files_panel, job_panel, manager, operators, panel, preferences, properties, runner

PARTS = (preferences, properties, operators, panel, files_panel, job_panel)


def register() -> None:
    for part in PARTS:
        for cls in part.CLASSES:
            bpy.utils.register_class(cls)
    properties.register()
    bpy.app.handlers.load_pre.append(_leaving)
    # Job types and tags are there without a manager, and before the first question to it.
    manager.adopt(manager.kept())


def unregister() -> None:
    runner.stop()
    job_panel.forget()
    bpy.app.handlers.load_pre.remove(_leaving)
    fields.unregister()
    properties.unregister()
    for part in reversed(PARTS):
        for cls in reversed(part.CLASSES):
            bpy.utils.unregister_class(cls)


@bpy.app.handlers.persistent
def _leaving(*_) -> None:
    """Another file is opened: what is under way belongs to this one."""
    runner.leave_file()
    files_panel.forget()
    job_panel.forget()

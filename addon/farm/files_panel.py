# SPDX-License-Identifier: GPL-3.0-or-later
"""Files: what the scene needs besides the .blend, and what is wrong with it."""

import pathlib

import bpy

from . import manager
from .core import project
from .core.work import size
from .panel import OutputPanel

# What the states of the report mean to the artist, worst first.
STATES = {
    "missing": ("Missing", "ERROR"), "unreadable": ("Cannot be read", "ERROR"), "outside": ("Outside of the project", "FILE_FOLDER"),
    "absolute": ("Absolute paths", "DRIVER_DISTANCE"), "ok": ("In the project", "CHECKMARK"), "packed": ("Packed into the .blend", "PACKAGE"),
}
SHOWN = 12  # of each state

_items: "list | None" = None  # the last report of the open file; None: nobody looked
_file = ""  # the file that it is of


def root() -> pathlib.Path:
    prefs = manager.preferences()
    return project.find_project(pathlib.Path(bpy.data.filepath), prefs.project_finder if prefs else "FILE")


def look() -> list:
    """Makes the report, and returns what is missing."""
    global _items, _file
    from .pack import report

    _items = report.report(str(root()) if bpy.data.filepath else "")
    _file = bpy.data.filepath
    return [item for item in _items if item.state == "missing"]


def forget() -> None:
    global _items
    _items = None


class FARM_OT_check_files(bpy.types.Operator):
    bl_idname = "farm.check_files"
    bl_label = "Check Files"
    bl_description = "Look for everything that the file needs: images, libraries, caches, fonts, sounds"

    def execute(self, context):
        missing = look()
        if missing:
            self.report({"WARNING"}, f"{len(missing)} of {len(_items or ())} files {'are' if len(missing) > 1 else 'is'} missing")
        else:
            self.report({"INFO"}, f"All of {len(_items or ())} files are there")
        return {"FINISHED"}


class FARM_OT_select_users(bpy.types.Operator):
    bl_idname = "farm.select_users"
    bl_label = "Select"
    bl_description = "Select the objects that use this file"
    bl_options = {"REGISTER", "UNDO"}

    index: bpy.props.IntProperty()

    @classmethod
    def description(cls, context, given):
        users = _items[given.index].users if _items and given.index < len(_items) else ()
        return "Select the objects that use this file: " + ", ".join(users[:10])

    def execute(self, context):
        if not _items or not 0 <= self.index < len(_items):
            self.report({"ERROR"}, "The list is of another file; check the files again")
            return {"CANCELLED"}
        wanted = _items[self.index].users
        found = [o for o in context.view_layer.objects if o.name in wanted]
        if not found:
            reason = f"{', '.join(wanted)} uses it, and is in another scene" if wanted else "No object uses it; the world, the compositor or the sequencer does"
            self.report({"ERROR"}, f"Nothing can be selected: {reason}")
            return {"CANCELLED"}
        for o in context.view_layer.objects:
            o.select_set(False)
        for o in found:
            o.hide_set(False)
            o.select_set(True)
        context.view_layer.objects.active = found[0]
        hidden = [o.name for o in found if not o.visible_get()]
        if hidden:
            self.report({"WARNING"}, f"{', '.join(hidden)} is selected, but in a collection that is hidden")
        return {"FINISHED"}


class FARM_PT_files(OutputPanel, bpy.types.Panel):
    bl_label = "Files"
    bl_parent_id = "FARM_PT_submit"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context):
        layout = self.layout
        row = layout.row()
        row.operator("farm.check_files", icon="VIEWZOOM")
        row = layout.row()
        row.use_property_split = True
        row.use_property_decorate = False
        row.prop(context.scene.farm, "exclude")
        if _items is None or _file != bpy.data.filepath:
            return
        if not _items:
            layout.label(text="This file needs no others", icon="CHECKMARK")
        for state, (title, icon) in STATES.items():
            of_state = [(i, item) for i, item in enumerate(_items) if item.state == state]
            if of_state:
                self.draw_state(layout, context, state, f"{title}: {_sum(of_state)}", icon, of_state)

    def draw_state(self, layout, context, state, title, icon, items) -> None:
        box = layout.box()
        box.label(text=title, icon=icon)
        if state in ("ok", "packed"):
            return
        column = box.column(align=True)
        for index, item in items[:SHOWN]:
            row = column.row(align=True)
            where = f", in {_name(item.library)}" if item.library else ""
            row.label(text=f"{_name(item.path)}  ({item.kind} of {item.owner[1]}{where})", icon="BLANK1")
            row.operator("farm.explore_path", text="", icon="FILE_FOLDER").path = item.path
            row.operator("farm.select_users", text="", icon="RESTRICT_SELECT_OFF").index = index
        if len(items) > SHOWN:
            column.label(text=f"and {len(items) - SHOWN} more", icon="BLANK1")


def _name(path: str) -> str:
    """Returns the last part of a path, which may be of another platform."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path


def _sum(items) -> str:
    total = sum(item.size or 0 for _, item in items)
    return f"{len(items)}" + (f", {size(total)}" if total else "")


CLASSES = (FARM_OT_check_files, FARM_OT_select_users, FARM_PT_files)

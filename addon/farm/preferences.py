# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: where the manager is, and where projects begin."""

import pathlib

import bpy

from . import manager, texts
from .core import project


def _url_changed(self, context) -> None:
    manager.adopt(manager.kept())
    if not bpy.app.background:
        bpy.ops.farm.refresh("INVOKE_DEFAULT")


class FarmPreferences(bpy.types.AddonPreferences):
    bl_idname = __package__

    manager_url: bpy.props.StringProperty(
        name="Manager", default=manager.built_in_url(), update=_url_changed,
        description="Address of the farm's manager, such as http://farm.local:8080",
    )
    farm_key: bpy.props.StringProperty(
        name="Farm Key", subtype="PASSWORD", update=_url_changed,
        description="If the farm has a key: what “farm key show” prints on the manager's computer",
    )
    manager_fingerprint: bpy.props.StringProperty(
        name="Fingerprint", default=manager.built_in_fingerprint(), update=_url_changed,
        description="SHA-256 of the manager's certificate, if it is self-made and the address begins with https",
    )
    tell_when_over: bpy.props.BoolProperty(
        name="Tell When a Job Is Over", default=True,
        description="Show a note in Blender when the job that you submitted is completed, failed or canceled",
    )
    project_finder: bpy.props.EnumProperty(
        name="Project", default="BLENDER",
        description="Where a project begins: files are sent with their place below that folder",
        items=[
            ("BLENDER", "Blender Project", "The nearest folder above the file that has a .blender_project"),
            ("GIT", "Git", "The nearest folder above the file that has a .git"),
            ("SUBVERSION", "Subversion", "The nearest folder above the file that has a .svn"),
            ("FILE", "The File's Folder", "The folder that the file is in"),
        ],
    )

    def draw(self, context) -> None:
        layout = self.layout
        row = layout.row(align=True)
        row.prop(self, "manager_url")
        row.operator("farm.refresh", text="", icon="FILE_REFRESH")
        layout.prop(self, "farm_key")
        if self.manager_url.startswith("https:"):
            layout.prop(self, "manager_fingerprint")
        texts.draw_status(layout, context)
        info = manager.info
        if info.version:
            layout.label(text=f"{info.version.name or 'Manager'}, version {info.version.version}", icon="CHECKMARK")
        if info.storage:
            layout.label(text=f"Shared storage: {info.storage.root}", icon="DISK_DRIVE")
        if info.shaman:
            layout.label(text="Shaman is enabled: files are uploaded, and only those that the farm does not have", icon="INFO")
        for warning in info.warnings:
            texts.paragraph(layout, context, warning, "ERROR")
        layout.separator()
        layout.prop(self, "tell_when_over")
        layout.prop(self, "project_finder")
        if bpy.data.filepath:
            root = project.find_project(pathlib.Path(bpy.data.filepath), self.project_finder)
            layout.label(text=f"The project of this file begins at {root}", icon="FILE_FOLDER")


CLASSES = (FarmPreferences,)

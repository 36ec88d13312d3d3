# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties > Output > Farm."""

import bpy

from . import fields, manager, runner, texts
from .core import settings
from .core.errors import FarmError


class OutputPanel:
    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "output"


class FARM_PT_submit(OutputPanel, bpy.types.Panel):
    bl_label = "Farm"

    def draw(self, context):
        layout, scene = self.layout, context.scene
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.enabled = not runner.busy()
        column.prop(scene.farm, "job_name")
        row = column.row(align=True)
        row.prop(scene.farm, "job_type")
        row.operator("farm.refresh", text="", icon="FILE_REFRESH")
        if manager.info.tags or scene.farm.stored_tag:
            column.prop(scene.farm, "tag")
        column.prop(scene.farm, "priority")
        column.prop(scene.farm, "notify")
        column.prop(scene.farm, "paused")
        job_type = manager.job_type(scene)
        if job_type:
            draw_settings(column.column(), context, job_type)
        # While something is done, its bar is here instead.
        if job_type is None:
            texts.paragraph(layout, context, why_not(scene), "INFO")
        elif not runner.busy():
            row = layout.row()
            row.scale_y = 1.4
            row.operator("farm.submit_job", icon="RENDER_ANIMATION")
        texts.draw_status(layout, context)
        for warning in manager.info.warnings:
            texts.paragraph(layout, context, warning, "INFO")


def why_not(scene) -> str:
    """Says why nothing can be submitted as long as there is no job type."""
    if not manager.info.job_types:
        return f"The job types of {manager.url()} are not known yet. Press the round arrow to ask for them"
    if scene.farm.stored_type:
        return f"The manager has no job type “{scene.farm.stored_type}”. Choose another one"
    return "Choose a job type to submit"


def draw_settings(layout, context, job_type) -> None:
    """Draws the settings that are decided before submitting."""
    values = fields.values(context.scene, job_type)
    store = fields.SceneStore(context.scene, job_type)
    for s in job_type.settings:
        if settings.is_shown(s) and s.key != "blendfile":
            draw_setting(layout, context, s, values, store)


def draw_setting(layout, context, s, values, store) -> None:
    row = layout.row(align=True)
    name = settings.property_name(s.key)
    path = ""
    if values.is_automatic(s) or not s.editable:
        path = draw_automatic(row, s, values)
    else:
        row.prop(store.group, name)
        path = store.get(s)
        if s.eval:
            op = row.operator("farm.eval_setting", text="", icon="SCRIPTPLUGINS")
            op.setting_key, op.eval_description = s.key, s.eval_info.description
    if settings.is_linkable(s) and s.editable:
        linked = store.linked(s)
        row.prop(store.group, fields.LINK + name, text="", icon="LINKED" if linked else "UNLINKED")
    if s.subtype in ("file_path", "dir_path", "hashed_file_path") and path:
        row.operator("farm.explore_path", text="", icon="FILE_FOLDER").path = path


def draw_automatic(row, s, values) -> str:
    """Draws a value that cannot be changed, and returns it as text."""
    split = row.split(factor=0.4)
    left = split.row()
    left.alignment = "RIGHT"
    left.label(text=settings.label(s))
    try:
        value = values.value(s)
    except FarmError as e:
        split.label(text=str(e).partition(" failed: ")[2] or str(e), icon="ERROR")
        return ""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    split.label(text=text)
    return text


CLASSES = (FARM_PT_submit,)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Text and progress in panels, which have neither lines that break nor, before 4.0, a bar."""

import textwrap

from . import runner

LETTER = 7  # pixels that a letter takes about, at a scale of 1


def paragraph(layout, context, text: str, icon: str = "NONE") -> None:
    """Draws a text in as many lines as it takes."""
    scale = context.preferences.system.ui_scale or 1
    letters = max(20, int((context.region.width if context.region else 400) / (LETTER * scale)) - 6)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for line in text.splitlines():
        for part in textwrap.wrap(line, letters) or [""]:
            column.label(text=part, icon=icon)
            icon = "BLANK1" if icon != "NONE" else "NONE"


def bar(layout, data, fraction_property: str, fraction: float, text: str) -> None:
    """Draws how far something is; data has the fraction as a property too, for Blender before 4.0."""
    if hasattr(layout, "progress"):
        layout.progress(factor=fraction, text=text)
        return
    row = layout.row()
    row.enabled = False
    row.prop(data, fraction_property, text=text, slider=True)


def draw_status(layout, context) -> None:
    """Draws what is being done, or how the last of it ended."""
    state = context.window_manager.farm
    if runner.busy():
        at = runner.progress()
        row = layout.row(align=True)
        bar(row, state, "progress", at.fraction or 0.0, at.phase if not runner.canceling() else "Canceling")
        row.operator("farm.cancel", text="", icon="X")
        rest = str(at)[len(at.phase):].lstrip(", ")
        layout.label(text=rest or " ")
    elif runner.error:
        paragraph(layout.box(), context, runner.error, "ERROR")
    elif runner.message:
        paragraph(layout.box(), context, runner.message, "CHECKMARK")


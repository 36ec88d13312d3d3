# SPDX-License-Identifier: GPL-3.0-or-later
"""A layout to draw panels on without a window: it looks whether what is drawn exists, and keeps the texts."""

import types

import bpy


class Paper:
    """Stands for Blender's UILayout, which there is only in a window."""

    def __init__(self) -> None:
        self.texts: "list[str]" = []

    def _part(self, **_):
        return self

    row = column = box = split = _part

    def label(self, text="", icon="NONE"):
        self._icon(icon)
        self.texts.append(text)

    def prop(self, data, name, text=None, icon="NONE", **_):
        self._icon(icon)
        p = data.bl_rna.properties[name]
        getattr(data, name)
        self.texts.append(p.name if text is None else text)

    def operator(self, name, text=None, icon="NONE", **_):
        self._icon(icon)
        category, _, verb = name.partition(".")
        rna = getattr(getattr(bpy.ops, category), verb).get_rna_type()
        self.texts.append(rna.name if text is None else text)
        return types.SimpleNamespace(**{p.identifier: None for p in rna.properties})

    def progress(self, factor=0.0, text=""):
        self.texts.append(text)

    def template_icon(self, icon_value, scale=1.0):
        pass

    def separator(self, **_):
        pass

    @staticmethod
    def _icon(name):
        if name not in bpy.types.UILayout.bl_rna.functions["label"].parameters["icon"].enum_items:
            raise AssertionError(f"there is no icon {name}")


def draw(cls, context=None) -> "list[str]":
    """Draws a panel, and returns its texts."""
    paper = Paper()
    panel = types.SimpleNamespace(layout=paper)
    for name in dir(cls):
        if name.startswith("draw_") and callable(getattr(cls, name)):
            setattr(panel, name, types.MethodType(getattr(cls, name), panel))
    cls.draw(panel, context or bpy.context)
    return paper.texts

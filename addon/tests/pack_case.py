# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender file with what a test of the pack puts into it. The path finds the
add-on's package pack from here on.
"""

import os
import shutil
import sys
import tempfile
import unittest

import bpy

HERE = os.path.dirname(os.path.abspath(__file__))
PACK = os.path.join(os.path.dirname(HERE), "farm", "pack")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(PACK))

from pack import asleep  # noqa: E402
from pack.plan import Planner  # noqa: E402


class InBlender(unittest.TestCase):
    def setUp(self) -> None:
        self.top = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.top)
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.blend = self.make("project/shot.blend")
        self.save()

    def make(self, name: str, content: bytes = b"x") -> str:
        """Writes a file in the test's folder."""
        full = os.path.join(self.top, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(content)
        return full

    def save(self) -> None:
        bpy.ops.wm.save_as_mainfile(filepath=self.blend, relative_remap=False, compress=False)

    def save_asleep(self) -> None:
        """Saves with everything switched on that is off now, and computes nothing.

        Debian's Blender 4.3 crashes when it simulates a fluid.
        """
        modifiers = [m for o in bpy.data.objects for m in o.modifiers]

        def show(on: bool):
            return lambda *_: [setattr(m, "show_viewport", on) for m in modifiers]

        on, off = show(True), show(False)
        off()
        bpy.app.handlers.save_pre.append(on)
        bpy.app.handlers.save_post.append(off)
        self.save()
        bpy.app.handlers.save_pre.remove(on)
        bpy.app.handlers.save_post.remove(off)

    def nodes(self, owner):
        """Returns the node tree of a material, a light or a world; there always is one since Blender 5.0."""
        if owner.node_tree is None:
            owner.use_nodes = True
        return owner.node_tree

    def span(self, strip):
        """Returns where a strip begins and ends; the names changed in Blender 5.2."""
        return (strip.left_handle, strip.right_handle) if hasattr(strip, "left_handle") else (strip.frame_final_start, strip.frame_final_end)

    def strips(self):
        editor = bpy.context.scene.sequence_editor_create()
        return editor.strips if hasattr(editor, "strips") else editor.sequences  # renamed in Blender 4.4

    def plan(self, **options) -> dict:
        """Plans a pack of the file as it is saved, which the planner has to open."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.work = tempfile.mkdtemp(dir=self.top)
        self.told = []
        planner = Planner(self.blend, os.path.join(self.top, "project"), self.work, options.pop("exclude", []), lambda **what: self.told.append(what))
        planner.look_only = options.pop("look_only", False)
        before = self.snapshot()
        try:
            return planner.plan()
        finally:
            # Nothing of the artist's is ever touched, or added to.
            self.assertEqual(self.snapshot(), before)

    def snapshot(self):
        """Returns all files but those of the work folder, and when they changed."""
        return sorted((os.path.join(d, n), os.stat(os.path.join(d, n)).st_mtime_ns) for d, folders, names in os.walk(self.top)
                      for n in names + folders if not os.path.join(d, n).startswith(self.work))

    def opened(self, plan: dict, target: str):
        """Materializes a pack elsewhere, and opens a .blend of it, without anything in it running."""
        out = tempfile.mkdtemp(dir=self.top)
        for file in plan["files"]:
            at = os.path.join(out, file["target"])
            os.makedirs(os.path.dirname(at), exist_ok=True)
            shutil.copyfile(file["source"], at)
        asleep.open_blend(os.path.join(out, target))
        return out

    def targets(self, plan: dict):
        outside = "_outside" + self.top + "/"
        return sorted(f["target"].replace(outside, "OUT/") for f in plan["files"])

    def object(self, name: str = "thing"):
        mesh = bpy.data.meshes.new(name)
        mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
        thing = bpy.data.objects.new(name, mesh)
        bpy.context.scene.collection.objects.link(thing)
        return thing

    def image(self, raw: str, name: str = "image", source: str = "FILE"):
        image = bpy.data.images.new(name, 1, 1)
        image.source = source
        image.filepath_raw = raw
        image.use_fake_user = True
        return image

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pack reports, and what is unusual."""

import json
import os
import subprocess

import bpy

from pack_case import InBlender, PACK
from pack.plan import PlanError
from pack.report import report


class Reports(InBlender):
    def test_own_data(self) -> None:
        """Brushes come out of Blender's own files since 4.3: no scene needs those."""
        bpy.ops.wm.read_factory_settings()
        for mode in ("SCULPT", "TEXTURE_PAINT", "OBJECT"):
            bpy.ops.object.mode_set(mode=mode)
        self.save()
        self.assertEqual(report(os.path.join(self.top, "project")), [])
        plan = self.plan()
        self.assertEqual((self.targets(plan), plan["missing"], plan["warnings"]), (["shot.blend"], [], []))


    def test_states_and_users(self) -> None:
        thing = self.object("user")
        material = bpy.data.materials.new("m")
        thing.data.materials.append(material)
        for name, raw in {"ok": "//ok.png", "absolute": self.make("project/abs.png"), "outside": "//../out.png", "missing": "//gone.png"}.items():
            node = self.nodes(material).nodes.new("ShaderNodeTexImage")
            node.image = self.image(raw, name)
        self.make("project/ok.png", b"four")
        self.make("out.png")
        packed = bpy.data.images.new("packed", 4, 4)
        packed.pack()
        self.image("//no-user.png", "unused").use_fake_user = False
        self.save()
        items = {i.owner[1]: i for i in report(os.path.join(self.top, "project"))}
        self.assertEqual({n: i.state for n, i in items.items() if n != "packed"}, {"ok": "ok", "absolute": "absolute", "outside": "outside", "missing": "missing"})
        self.assertEqual(items["missing"].users, ("user",))
        self.assertEqual(items["missing"].owner, ("IMAGE", "missing"))
        self.assertEqual((items["ok"].size, items["missing"].size), (4, None))
        self.assertEqual(report(os.path.join(self.top, "project"))[0].state, "missing")


class Unusual(InBlender):
    def test_exclude(self) -> None:
        self.image(self.make("out/a.png"), "a")
        self.image("//../out/b.png", "b")
        self.make("out/b.png")
        self.image("//c.png", "c")
        self.make("project/c.png")
        self.save()
        plan = self.plan(exclude=["*.png"])
        self.assertEqual(self.targets(plan), ["shot.blend"])
        self.opened(plan, "shot.blend")
        stored = {i.name: i.filepath_raw for i in bpy.data.images}
        self.assertEqual(stored, {"a": os.path.join(self.top, "out/a.png"), "b": os.path.join(self.top, "out/b.png"), "c": "//c.png"})

    def test_newer_blender(self) -> None:
        with open(self.blend, "rb") as file:
            text = file.read()
        with open(self.blend, "wb") as file:
            file.write(text.replace(b"-v%d%02d" % bpy.app.version[:2], b"-v999", 1).replace(b"-01v%02d%02d" % bpy.app.version[:2], b"-01v9900", 1))
        bpy.ops.wm.read_factory_settings(use_empty=True)
        with self.assertRaises(PlanError) as caught:
            self.plan()
        self.assertTrue(caught.exception.blender)

    def test_scripts_stay_asleep(self) -> None:
        text = bpy.data.texts.new("evil.py")
        text.write("open(%r, 'w')" % os.path.join(self.top, "ran"))
        text.use_module = True
        self.image(self.make("a.png"))
        self.save()
        for _ in range(2):
            bpy.ops.wm.read_factory_settings(use_empty=True)
            self.plan()
        self.assertFalse(os.path.exists(os.path.join(self.top, "ran")))

    def test_command_line(self) -> None:
        self.image("//gone.png")
        self.save()
        plan = os.path.join(self.top, "plan.json")
        done = subprocess.run([bpy.app.binary_path, "-b", "--factory-startup", "--python-exit-code", "9", "--python", os.path.join(PACK, "main.py"),
                               "--", "--blend", self.blend, "--project", os.path.dirname(self.blend), "--work", self.top, "--plan", plan, "--look-only"], capture_output=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(b"farm-pack: {", done.stdout)
        with open(plan, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["missing"][0]["kind"], "image")

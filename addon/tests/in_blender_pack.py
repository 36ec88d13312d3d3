# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pack finds in a real Blender.

    blender -b --factory-startup --python-exit-code 1 --python in_blender_pack.py

Every kind of reference is made, reported, and rewritten.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import bpy

HERE = os.path.dirname(os.path.abspath(__file__))
PACK = os.path.join(os.path.dirname(HERE), "farm", "pack")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(PACK))

from pack import refs  # noqa: E402
from pack.plan import Planner, PlanError  # noqa: E402
from pack.report import report  # noqa: E402


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
        bpy.ops.wm.save_as_mainfile(filepath=self.blend, relative_remap=False)

    def plan(self, **options) -> dict:
        """Plans a pack of the file as it is saved."""
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
        """Materializes a pack elsewhere, and opens a .blend of it."""
        out = tempfile.mkdtemp(dir=self.top)
        for file in plan["files"]:
            at = os.path.join(out, file["target"])
            os.makedirs(os.path.dirname(at), exist_ok=True)
            shutil.copyfile(file["source"], at)
        bpy.ops.wm.open_mainfile(filepath=os.path.join(out, target))
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


class EveryKind(InBlender):
    """One of each, outside of the project, is found, and leads into the pack."""

    def check(self, kind: str, *files: str, packed=None) -> None:
        """Fails unless the files are packed and found from the copy."""
        if kind != "simulation":
            self.save()
        plan = self.plan()
        self.assertEqual(self.targets(plan), sorted(["shot.blend", *(packed or ["OUT/" + f for f in files])]))
        self.assertEqual(plan["missing"], [])
        self.assertEqual(plan["warnings"], [])
        out = self.opened(plan, "shot.blend")
        for object in bpy.data.objects:
            self.assertTrue(all(m.show_viewport for m in object.modifiers))
        found = [r for r in refs.references() if r.kind == kind]
        self.assertTrue(found)
        for ref in found:
            self.assertTrue(ref.path.startswith(out), ref.path)
            self.assertTrue(ref.files(), ref)

    def test_image(self) -> None:
        self.image(self.make("tex/a.png"))
        self.check("image", "tex/a.png")

    def test_image_with_views(self) -> None:
        image = self.image(self.make("tex/eye_L.png"))
        self.make("tex/eye_R.png")
        image.use_multiview = True
        image.views_format = "INDIVIDUAL"
        if not image.use_multiview:
            self.skipTest("no views")
        self.check("image", "tex/eye_L.png", "tex/eye_R.png")

    def test_sequence(self) -> None:
        self.image(self.make("seq/a.001.png"), source="SEQUENCE")
        self.make("seq/a.002.png")
        self.check("sequence", "seq/a.001.png", "seq/a.002.png")

    def test_tiles(self) -> None:
        self.make("tex/w.1001.png")
        self.make("tex/w.1002.png")
        self.image(os.path.join(self.top, "tex/w.<UDIM>.png"), source="TILED")
        self.check("udim", "tex/w.1001.png", "tex/w.1002.png")

    def test_clip(self) -> None:
        # The image has to be one for Blender to take it.
        image = bpy.data.images.new("scratch", 4, 4)
        path = os.path.join(self.top, "clip_001.png")
        image.filepath_raw, image.file_format = path, "PNG"
        image.save()
        shutil.copyfile(path, os.path.join(self.top, "clip_002.png"))
        bpy.data.images.remove(image)
        clip = bpy.data.movieclips.load(path)
        clip.use_fake_user = True
        before = (clip.source, clip.frame_duration)
        self.check("sequence", "clip_001.png", "clip_002.png")
        clip = bpy.data.movieclips[0]
        self.assertEqual((clip.source, clip.frame_duration), before)

    def test_font_sound_volume(self) -> None:
        fonts = [os.path.join(d, n) for d, _, names in os.walk(bpy.utils.system_resource("DATAFILES")) for n in names if n.endswith((".ttf", ".woff2", ".pfb"))]
        fonts += [os.path.join(d, n) for d, _, names in os.walk("/usr/share/fonts") for n in names if n.endswith(".ttf")]
        if not fonts:
            self.skipTest("no font")
        with open(fonts[0], "rb") as file:
            bpy.data.fonts.load(self.make("f.ttf", file.read())).use_fake_user = True
        self.make("v_1.vdb")
        self.make("v_2.vdb")
        volume = bpy.data.volumes.new("smoke")
        volume.filepath = os.path.join(self.top, "v_1.vdb")
        volume.is_sequence = True
        volume.use_fake_user = True
        self.check("volume", "f.ttf", "v_1.vdb", "v_2.vdb")

    def test_text(self) -> None:
        text = bpy.data.texts.load(self.make("notes.txt"))
        self.check("text", "notes.txt")
        os.remove(os.path.join(self.top, "notes.txt"))
        del text
        bpy.ops.wm.open_mainfile(filepath=self.blend)
        self.assertEqual(self.plan()["missing"], [])  # its lines are in the file

    def test_nodes(self) -> None:
        light = bpy.data.lights.new("lamp", "POINT")
        light.use_nodes, light.use_fake_user = True, True
        ies = light.node_tree.nodes.new("ShaderNodeTexIES")
        ies.mode, ies.filepath = "EXTERNAL", self.make("lamp.ies")
        group = bpy.data.node_groups.new("group", "ShaderNodeTree")
        group.use_fake_user = True
        script = group.nodes.new("ShaderNodeScript")
        script.mode, script.filepath = "EXTERNAL", self.make("osl/noise.osl")
        self.make("osl/common.h")
        self.check("ies", "lamp.ies", "osl/noise.osl", "osl/common.h")

    def test_modifiers(self) -> None:
        thing = self.object()
        thing.modifiers.new("ocean", "OCEAN").filepath = os.path.join(self.top, "ocean")  # not baked: nothing to pack
        cache = thing.modifiers.new("cache", "MESH_CACHE")
        cache.filepath = self.make("a.mdd")
        fluid = thing.modifiers.new("fluid", "FLUID")
        fluid.fluid_type = "DOMAIN"
        fluid.domain_settings.cache_directory = os.path.join(self.top, "fluid")
        self.save()
        shutil.rmtree(os.path.join(self.top, "fluid"), ignore_errors=True)  # this Blender has begun to simulate
        self.make("fluid/data/1.vdb")
        self.make("fluid/config/1.uni")
        self.check("simulation", "a.mdd", "fluid/data/1.vdb", "fluid/config/1.uni")

    def test_point_caches(self) -> None:
        thing = self.object()
        cloth = thing.modifiers.new("cloth", "CLOTH").point_cache
        cloth.use_disk_cache = True
        self.make("project/blendcache_shot/746869_000001_00.bphys")
        self.make("project/blendcache_other/746869_000001_00.bphys")
        other = self.object("other").modifiers.new("soft", "SOFT_BODY").point_cache
        other.use_external = True
        other.filepath = os.path.join(self.top, "soft")
        self.save()
        self.make("soft/a_000001_00.bphys")
        self.check("simulation", packed=["blendcache_shot/746869_000001_00.bphys", "OUT/soft/a_000001_00.bphys"])

    def test_strips(self) -> None:
        editor = bpy.context.scene.sequence_editor_create()
        strips = getattr(editor, "strips", None) or editor.sequences
        first = self.make("strip/a?1.png")  # a name that is changed
        self.make("strip/b.png")
        self.make("strip/unused.png")
        strip = strips.new_image("images", first, 1, 1)
        strip.elements.append("b.png")
        before = (strip.frame_final_duration, strip.frame_final_start)
        movie = strips.new_movie("movie", self.make("m.mp4"), 2, 1)
        if movie is None:
            self.skipTest("no movie")
        self.save()
        plan = self.plan()
        targets = self.targets(plan)
        self.assertEqual([t for t in targets if "~" not in t], ["OUT/m.mp4", "OUT/strip/b.png", "shot.blend"])
        self.assertEqual(len(targets), 4)
        out = self.opened(plan, "shot.blend")
        strip = next(s for s in refs.all_strips(bpy.context.scene.sequence_editor) if s.type == "IMAGE")
        self.assertEqual((strip.frame_final_duration, strip.frame_final_start), before)
        for element in strip.elements:
            self.assertTrue(os.path.isfile(os.path.join(bpy.path.abspath(strip.directory), element.filename)), element.filename)
        movie = next(s for s in refs.all_strips(bpy.context.scene.sequence_editor) if s.type == "MOVIE")
        self.assertTrue(bpy.path.abspath(movie.filepath).startswith(out))

    def test_packed(self) -> None:
        image = bpy.data.images.new("inside", 4, 4)
        image.pack()
        image.use_fake_user = True
        image.filepath_raw = "/nowhere/inside.png"
        self.save()
        plan = self.plan()
        self.assertEqual((self.targets(plan), plan["missing"]), (["shot.blend"], []))
        self.assertFalse(plan["files"][0]["rewritten"])


class Libraries(InBlender):
    """Linked data, to any depth, and overrides of it."""

    def make_library(self, name: str, texture: str) -> str:
        """Saves a .blend with an object in a collection, and a texture beside it."""
        path = self.make(name)
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.wm.save_as_mainfile(filepath=path)
        thing = self.object("linked")
        material = bpy.data.materials.new("skin")
        material.use_nodes = True
        node = material.node_tree.nodes.new("ShaderNodeTexImage")
        node.image = self.image(texture, "skin.png")
        node.image.use_fake_user = False
        thing.data.materials.append(material)
        unused = self.image("/nowhere/unused.png", "unused")
        self.assertIsNotNone(unused)
        group = bpy.data.collections.new("group")
        group.objects.link(thing)
        group.use_fake_user = True
        bpy.ops.wm.save_as_mainfile(filepath=path, relative_remap=False)
        return path

    def link(self, path: str, override: bool = False):
        """Links the collection into a new shot."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.wm.save_as_mainfile(filepath=self.blend)
        with bpy.data.libraries.load(path, link=True) as (_, to):
            to.collections = ["group"]
        collection = bpy.data.collections["group"]
        bpy.context.scene.collection.children.link(collection)
        if override:
            collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
            thing = next(o for o in bpy.data.objects if o.name == "linked" and o.override_library)
            thing.location.x = 3
        self.save()

    def test_override_survives(self) -> None:
        self.make("project/tex/skin.png")
        self.link(self.make_library("assets/char.blend", os.path.join(self.top, "project", "tex", "skin.png")), override=True)
        plan = self.plan()
        self.assertEqual(self.targets(plan), ["OUT/assets/char.blend", "shot.blend", "tex/skin.png"])
        self.assertEqual(sorted(f["rewritten"] for f in plan["files"]), [False, True, True])
        self.assertEqual(plan["missing"], [])
        shutil.rmtree(os.path.join(self.top, "assets"))
        out = self.opened(plan, "shot.blend")
        thing = next(o for o in bpy.data.objects if o.name == "linked" and o.override_library)
        self.assertEqual(thing.location.x, 3)
        self.assertTrue(refs.library_path(thing.override_library.reference.library).startswith(out))
        image = bpy.data.images["skin.png"]
        self.assertTrue(os.path.isfile(bpy.path.abspath(image.filepath_raw, library=image.library)))

    def test_missing_library(self) -> None:
        path = self.make_library("assets/char.blend", "//skin.png")
        self.link(path)
        os.remove(path)
        plan = self.plan()
        self.assertEqual([(m["kind"], m["path"]) for m in plan["missing"] if m["kind"] == "library"], [("library", path)])
        items = {i.kind: i for i in report(os.path.join(self.top, "project"))}
        self.assertEqual(items["library"].state, "missing")

    def test_only_what_is_used(self) -> None:
        path = self.make_library("project/char.blend", "//skin.png")
        self.make("project/skin.png")
        self.link(path)
        plan = self.plan()
        self.assertEqual((self.targets(plan), plan["missing"]), (["char.blend", "shot.blend", "skin.png"], []))


class Reports(InBlender):
    def test_states_and_users(self) -> None:
        thing = self.object("user")
        material = bpy.data.materials.new("m")
        material.use_nodes = True
        thing.data.materials.append(material)
        for name, raw in {"ok": "//ok.png", "absolute": self.make("project/abs.png"), "outside": "//../out.png", "missing": "//gone.png"}.items():
            node = material.node_tree.nodes.new("ShaderNodeTexImage")
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
        if text[:7] != b"BLENDER":
            self.skipTest("it is compressed")
        with open(self.blend, "wb") as file:
            file.write(text.replace(b"BLENDER-v%d%02d" % bpy.app.version[:2], b"BLENDER-v999", 1))
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


result = unittest.main(argv=["in_blender_pack"], exit=False).result
sys.stdout.flush()
if not result.wasSuccessful() or result.testsRun == 0:
    sys.exit(1)

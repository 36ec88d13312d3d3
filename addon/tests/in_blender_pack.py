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

from pack import asleep, refs  # noqa: E402
from pack.plan import Planner, PlanError  # noqa: E402
from pack.reference import library_path  # noqa: E402
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
        # Everything is on in the copy as it was.
        self.assertEqual(len(asleep._wake), sum(len(o.modifiers) for o in bpy.data.objects))
        found = [r for r in refs.references() if r.kind == kind]
        self.assertTrue(found)
        for ref in found:
            self.assertTrue(ref.path.startswith(out), ref.path)
            self.assertTrue(ref.files(), ref)

    def test_image(self) -> None:
        self.image(self.make("tex/a.png"))
        self.check("image", "tex/a.png")

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
        light.use_fake_user = True
        ies = self.nodes(light).nodes.new("ShaderNodeTexIES")
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
        fluid.show_viewport = False
        fluid.fluid_type = "DOMAIN"
        fluid.domain_settings.cache_directory = os.path.join(self.top, "fluid")
        self.save_asleep()
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
        strips = self.strips()
        first = self.make("strip/a?1.png")  # a name that is changed
        self.make("strip/b.png")
        self.make("strip/unused.png")
        strip = strips.new_image("images", first, 1, 1)
        strip.elements.append("b.png")
        before = self.span(strip)
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
        self.assertEqual(self.span(strip), before)
        for element in strip.elements:
            self.assertTrue(os.path.isfile(os.path.join(bpy.path.abspath(strip.directory), element.filename)), element.filename)
        movie = next(s for s in refs.all_strips(bpy.context.scene.sequence_editor) if s.type == "MOVIE")
        self.assertTrue(bpy.path.abspath(movie.filepath).startswith(out))

    def test_usd_sequence(self) -> None:
        first = self.make("usd/a.1.usda", b"#usda 1.0\nasset t = @tex/1.png@")
        self.make("usd/a.2.usda", b"#usda 1.0\nasset t = @tex/2.png@")
        self.make("usd/tex/1.png")
        self.make("usd/tex/2.png")
        bpy.ops.cachefile.open(filepath=first)
        bpy.data.cache_files[0].is_sequence = True
        bpy.data.cache_files[0].use_fake_user = True
        self.check("usd", "usd/a.1.usda", "usd/a.2.usda", "usd/tex/1.png", "usd/tex/2.png")

    def test_packed(self) -> None:
        image = bpy.data.images.new("inside", 4, 4)
        image.pack()
        image.use_fake_user = True
        image.filepath_raw = "/nowhere/inside.png"
        self.save()
        plan = self.plan()
        self.assertEqual((self.targets(plan), plan["missing"]), (["shot.blend"], []))
        self.assertFalse(plan["files"][0]["rewritten"])


class Views(InBlender):
    """One file for each eye, or each other view of the scene."""

    def setUp(self) -> None:
        super().setUp()
        self.several(bpy.context.scene)

    def several(self, scene) -> None:
        """Gives a scene three views, of which one is not rendered."""
        scene.render.use_multiview, scene.render.views_format = True, "MULTIVIEW"
        scene.render.views.new("up").file_suffix = "_up"
        scene.render.views.new("off").file_suffix = "_off"
        scene.render.views["off"].use = False

    def eyes(self, head: str, tail: str = ".png"):
        """Makes a real image for each view, and returns their names and the path of the first."""
        names = [head + view + tail for view in ("_L", "_R", "_up", "_off", "_M")]
        for name in names:
            path = self.make(name)
            if tail == ".png":
                image = bpy.data.images.new("scratch", 4, 4)
                image.filepath_raw, image.file_format = path, "PNG"
                image.save()
                bpy.data.images.remove(image)
        return names[:3], os.path.join(self.top, names[0])

    def holds(self, blend: str, text: str) -> bool:
        """Reports whether a text is in a .blend that is not compressed."""
        with open(blend, "rb") as file:
            content = file.read()
        self.assertEqual(content[:7], b"BLENDER")
        return text.encode() in content

    def packed(self, names) -> dict:
        """Fails unless exactly these are packed from outside."""
        plan = self.plan()
        self.assertEqual(self.targets(plan), sorted(["shot.blend", *("OUT/" + n for n in names)]))
        self.assertEqual((plan["missing"], plan["warnings"]), ([], []))
        return plan

    def load(self, path: str, source: str = "FILE"):
        image = bpy.data.images.load(path)
        image.source, image.use_fake_user = source, True
        image.use_multiview, image.views_format = True, "INDIVIDUAL"
        return image

    def test_image(self) -> None:
        names, path = self.eyes("tex/eye")
        self.load(path)
        self.save()
        self.assertTrue(self.holds(self.blend, os.path.join(self.top, names[1])), "Blender keeps the path of each view")
        plan = self.packed(names)
        copy = next(f["source"] for f in plan["files"] if f["rewritten"])
        self.assertFalse(self.holds(copy, "\0" + os.path.join(self.top, "tex")))
        self.assertTrue(self.holds(copy, "//_outside" + os.path.join(self.top, names[2])))
        self.opened(plan, "shot.blend")
        self.assertTrue(bpy.data.images[0].is_multiview)

    def test_image_of_another_scene(self) -> None:
        names, path = self.eyes("tex/eye")
        first = bpy.context.scene
        self.several(bpy.data.scenes.new("stereo"))
        self.load(path)
        first.render.use_multiview = False
        self.save()
        self.packed(names)

    def test_sequence(self) -> None:
        names, path = self.eyes("seq/a_01")
        more, _ = self.eyes("seq/a_02")
        self.load(path, "SEQUENCE")
        self.save()
        self.packed(names + more)

    def test_tiles(self) -> None:
        names, path = self.eyes("tiles/w.1001")
        more, _ = self.eyes("tiles/w.1002")
        self.load(path, "TILED").filepath_raw = path.replace("1001", "<UDIM>")
        self.save()
        self.packed(names + more)

    def test_strips(self) -> None:
        names, path = self.eyes("strip/p_1")
        more, _ = self.eyes("strip/p_2")
        movies, movie = self.eyes("strip/film", ".mp4")
        strip = self.strips().new_image("images", path, 1, 1)
        strip.elements.append("p_2_L.png")
        strips = [strip]
        film = self.strips().new_movie("movie", movie, 2, 1)
        if film is not None:
            strips.append(film)
        for strip in strips:
            strip.use_multiview, strip.views_format = True, "INDIVIDUAL"
        self.save()
        self.packed(names + more + (movies if film is not None else []))

    def test_missing_eye(self) -> None:
        _, path = self.eyes("strip/p")
        _, other = self.eyes("tex/eye")
        strip = self.strips().new_image("images", path, 1, 1)
        strip.use_multiview, strip.views_format = True, "INDIVIDUAL"
        self.load(other)
        self.save()
        for gone in ("strip/p_R.png", "tex/eye_up.png"):
            os.remove(os.path.join(self.top, gone))
        self.assertEqual(sorted(os.path.relpath(m["path"], self.top) for m in self.plan()["missing"]), ["strip/p_R.png", "tex/eye_up.png"])
        bpy.ops.wm.open_mainfile(filepath=self.blend)
        self.assertEqual([i.state for i in report(os.path.join(self.top, "project"))], ["missing", "missing"])

    def test_one_eye_is_enough(self) -> None:
        names, path = self.eyes("strip/p")
        strip = self.strips().new_image("images", path, 1, 1)
        strip.use_multiview, strip.views_format = True, "INDIVIDUAL"
        bpy.context.scene.render.use_multiview = False
        self.save()
        self.packed(names[:1])


@unittest.skipUnless(hasattr(bpy.types, "GeometryNodeImportSTL"), "this Blender imports nothing in nodes")
class Imports(InBlender):
    """What geometry nodes import, wherever the path is given."""

    def tree(self, name: str, *inputs: str):
        tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
        tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
        for text in inputs:
            tree.interface.new_socket(text, in_out="INPUT", socket_type="NodeSocketString")
        return tree, tree.nodes.new("NodeGroupOutput")

    def importing(self, tree, out, node: str = "GeometryNodeImportSTL"):
        node = tree.nodes.new(node)
        tree.links.new(node.outputs[0], out.inputs[0])
        return node.inputs["Path"]

    def on_object(self, tree):
        modifier = self.object().modifiers.new("nodes", "NODES")
        modifier.node_group = tree
        return modifier

    def give(self, modifier, name: str, value: str) -> None:
        socket = next(s for s in modifier.node_group.interface.items_tree if s.name == name)
        if hasattr(modifier, "properties"):
            getattr(modifier.properties.inputs, socket.identifier).value = value
        else:
            modifier[socket.identifier] = value

    def found(self, *files: str) -> None:
        self.save()
        plan = self.plan()
        self.assertEqual((self.targets(plan), plan["missing"], plan["warnings"]), (["OUT/" + f for f in sorted(files)] + ["shot.blend"], [], []))
        out = self.opened(plan, "shot.blend")
        there = [r for r in refs.references() if r.kind == "cache"]
        self.assertEqual(len(there), len(files))
        for ref in there:
            self.assertTrue(ref.path.startswith(out), ref.path)
            self.assertTrue(ref.files())

    def test_on_the_node(self) -> None:
        tree, out = self.tree("t")
        self.importing(tree, out).default_value = self.make("a.stl")
        self.on_object(tree)
        self.found("a.stl")

    def test_on_the_modifier(self) -> None:
        tree, out = self.tree("t", "Name", "File")
        given = tree.nodes.new("NodeGroupInput").outputs["File"]
        reroute = tree.nodes.new("NodeReroute")
        tree.links.new(given, reroute.inputs[0])
        tree.links.new(reroute.outputs[0], self.importing(tree, out))
        for name in ("a.stl", "b.stl"):
            modifier = self.on_object(tree)
            self.give(modifier, "File", self.make(name))
            self.give(modifier, "Name", self.make("no file, but a name"))
        self.found("a.stl", "b.stl")

    def test_in_a_group(self) -> None:
        inner, out = self.tree("inner", "Path of it")
        inner.links.new(inner.nodes.new("NodeGroupInput").outputs[0], self.importing(inner, out))
        outer, out = self.tree("outer", "File")
        first, second = outer.nodes.new("GeometryNodeGroup"), outer.nodes.new("GeometryNodeGroup")
        first.node_tree = second.node_tree = inner
        outer.links.new(first.outputs[0], out.inputs[0])
        first.inputs[0].default_value = self.make("in group.stl")
        outer.links.new(outer.nodes.new("NodeGroupInput").outputs[0], second.inputs[0])
        self.give(self.on_object(outer), "File", self.make("of modifier.stl"))
        self.found("in group.stl", "of modifier.stl")

    def test_text_node_and_switch(self) -> None:
        tree, out = self.tree("t")
        switch, text = tree.nodes.new("GeometryNodeSwitch"), tree.nodes.new("FunctionNodeInputString")
        switch.input_type = "STRING"
        text.string = self.make("a.stl")
        false, true = (s for s in switch.inputs if s.type == "STRING" and s.enabled)
        tree.links.new(text.outputs[0], false)
        true.default_value = self.make("b.stl")
        tree.links.new(next(s for s in switch.outputs if s.enabled), self.importing(tree, out))
        self.on_object(tree)
        self.found("a.stl", "b.stl")

    def test_calculated(self) -> None:
        tree, out = self.tree("calculating")
        joined = tree.nodes.new("GeometryNodeStringJoin")
        tree.links.new(joined.outputs[0], self.importing(tree, out))
        self.on_object(tree)
        self.save()
        self.assertIn("calculating", self.plan()["warnings"][0])

    def test_other_kinds(self) -> None:
        names = [n for n in ("OBJ", "PLY", "CSV", "Text", "VDB") if hasattr(bpy.types, "GeometryNodeImport" + n)]
        for name in names:
            tree, out = self.tree(name)
            self.importing(tree, out, "GeometryNodeImport" + name).default_value = self.make("a." + name.lower())
            self.on_object(tree)
        self.found(*("a." + n.lower() for n in names))


class Libraries(InBlender):
    """Linked data, to any depth, and overrides of it."""

    def make_library(self, name: str, texture: str) -> str:
        """Saves a .blend with an object in a collection, and a texture beside it."""
        path = self.make(name)
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.wm.save_as_mainfile(filepath=path)
        thing = self.object("linked")
        material = bpy.data.materials.new("skin")
        node = self.nodes(material).nodes.new("ShaderNodeTexImage")
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

    def link(self, path: str, override: bool = False, name: str = "group"):
        """Links a collection into a new shot."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.wm.save_as_mainfile(filepath=self.blend)
        with bpy.data.libraries.load(path, link=True) as (_, to):
            to.collections = [name]
        collection = to.collections[0]
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
        self.assertTrue(library_path(thing.override_library.reference.library).startswith(out))
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


    def pack_linked(self, path: str) -> None:
        """Links the collection into a new shot, and packs what was linked."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.wm.save_as_mainfile(filepath=self.blend)
        with bpy.data.libraries.load(path, link=True, relative=True, pack=True) as (_, to):
            to.collections = ["group"]
        bpy.context.scene.collection.children.link(to.collections[0])
        self.save()

    @unittest.skipUnless(bpy.app.version >= (5, 0, 0), "linked data cannot be packed")
    def test_packed_linked_data(self) -> None:
        self.make("assets/tex/skin.png")
        self.make("elsewhere/skin.png")
        for number, raw in enumerate(("//tex/skin.png", os.path.join(self.top, "elsewhere", "skin.png"))):
            with self.subTest(raw):
                path = self.make_library("assets/char.blend", raw)
                self.pack_linked(path)
                os.remove(path)  # nobody needs it any more
                plan = self.plan()
                skin = "OUT/" + ("assets/tex/skin.png", "elsewhere/skin.png")[number]
                self.assertEqual((self.targets(plan), plan["missing"], plan["warnings"]), ([skin, "shot.blend"], [], []))
                out = self.opened(plan, "shot.blend")
                image = next(i for i in bpy.data.images if i.name == "skin.png")
                found = os.path.realpath(bpy.path.abspath(image.filepath_raw, library=image.library))
                self.assertTrue(found.startswith(out) and os.path.isfile(found), found)

    @unittest.skipUnless(bpy.app.version >= (5, 0, 0), "linked data cannot be packed")
    def test_packed_in_a_library(self) -> None:
        self.make("deep/tex/skin.png")
        deep = self.make_library("deep/char.blend", "//tex/skin.png")
        shot, self.blend = self.blend, self.make("assets/middle.blend")
        self.pack_linked(deep)
        inner = bpy.data.collections[0]
        middle = bpy.data.collections.new("outer")
        middle.children.link(inner)
        middle.use_fake_user = True
        self.save()
        self.blend = shot
        self.link(os.path.join(self.top, "assets", "middle.blend"), name="outer")
        os.remove(deep)
        plan = self.plan()
        self.assertEqual((self.targets(plan), plan["missing"], plan["warnings"]), (["OUT/assets/middle.blend", "OUT/deep/tex/skin.png", "shot.blend"], [], []))
        out = self.opened(plan, "shot.blend")
        image = next(i for i in bpy.data.images if i.name == "skin.png")
        found = os.path.realpath(bpy.path.abspath(image.filepath_raw, library=image.library))
        self.assertTrue(found.startswith(out) and os.path.isfile(found), found)


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


result = unittest.main(argv=["in_blender_pack"], exit=False).result
sys.stdout.flush()
if not result.wasSuccessful() or result.testsRun == 0:
    sys.exit(1)

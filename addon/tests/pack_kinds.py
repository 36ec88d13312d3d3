# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pack finds in a Blender file: every kind of reference."""

import os
import shutil

import bpy

from pack_case import InBlender
from pack import asleep, refs


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

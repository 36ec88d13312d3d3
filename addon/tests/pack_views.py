# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pack finds of images with several views."""

import os

import bpy

from pack_case import InBlender
from pack.report import report


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

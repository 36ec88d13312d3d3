# SPDX-License-Identifier: GPL-3.0-or-later
"""What a path in a .blend stands for on the disk."""

import os
import tempfile
import unittest

from farm.pack import files, usd


class OnDisk(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = os.path.realpath(folder.name)

    def make(self, *names: str, content: bytes = b"x") -> None:
        for name in names:
            full = os.path.join(self.top, name)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(content)

    def spread(self, name: str, shape: str):
        found = files.spread(os.path.join(self.top, name), shape)
        return [os.path.relpath(f, self.top) for f in found]

    def test_one_file(self) -> None:
        self.make("a.png", "a.1.png")
        self.assertEqual(self.spread("a.png", files.FILE), ["a.png"])
        self.assertEqual(self.spread("gone.png", files.FILE), [])

    def test_sequence(self) -> None:
        self.make("v2_plate.0001.png", "v2_plate.0002.png", "v2_plate.10000.png", "v3_plate.0001.png", "v2_plate.png", "v2_plate.0001.exr", "v2_plate.000x.png")
        self.assertEqual(self.spread("v2_plate.0001.png", files.SEQUENCE), ["v2_plate.0001.png", "v2_plate.0002.png", "v2_plate.10000.png"])
        # The one that is named may be gone.
        self.assertEqual(len(self.spread("v2_plate.0099.png", files.SEQUENCE)), 3)

    def test_sequence_without_number(self) -> None:
        self.make("a.png", "b.png")
        self.assertEqual(self.spread("a.png", files.SEQUENCE), ["a.png"])

    def test_sequence_with_number_in_extension(self) -> None:
        self.make("take1.mp3", "take2.mp3", "take2.mp4")
        self.assertEqual(self.spread("take1.mp3", files.SEQUENCE), ["take1.mp3", "take2.mp3"])

    def test_pattern_characters_in_names(self) -> None:
        self.make("a[1]+(x).1001.png", "a1x.1001.png")
        self.assertEqual(self.spread("a[1]+(x).<UDIM>.png", files.TILES), ["a[1]+(x).1001.png"])

    def test_tiles(self) -> None:
        self.make("w.1001.png", "w.1012.png", "w.101.png", "w.10011.png", "w.u1_v1.png", "w.u2_v10.png")
        self.assertEqual(self.spread("w.<UDIM>.png", files.TILES), ["w.1001.png", "w.1012.png"])
        self.assertEqual(self.spread("w.<UVTILE>.png", files.TILES), ["w.u1_v1.png", "w.u2_v10.png"])
        self.assertEqual(self.spread("w.1001.png", files.TILES), ["w.1001.png", "w.1012.png"])

    def test_views(self) -> None:
        two = ("_L", "_R")
        self.assertEqual(files.view_paths("/t/eye_L.png", two), ["/t/eye_L.png", "/t/eye_R.png"])
        self.assertEqual(files.view_paths("/t/eye_R.0001.exr", (".0001",)), ["/t/eye_R.0001.exr"])
        self.assertEqual(files.view_paths("eye_L.png", ()), ["eye_L.png"])
        self.assertEqual(files.view_paths("eye.png", two), ["eye.png"], "Blender takes it for all views")
        self.assertEqual(files.view_paths("a.left.mov", (".left", ".right", "")), ["a.left.mov", "a.right.mov", "a.mov"])
        self.make("eye_01_L.png", "eye_02_L.png", "eye_01_R.png")
        self.assertEqual(self.spread("eye_01_L.png", files.SEQUENCE), ["eye_01_L.png", "eye_02_L.png"])

    def test_folder_with_links_in_circles(self) -> None:
        self.make("cache/data/1.vdb", "cache/config/1.uni", "elsewhere/2.vdb")
        try:
            os.symlink(self.top, os.path.join(self.top, "cache", "up"))
            os.symlink("../elsewhere", os.path.join(self.top, "cache", "more"))
        except OSError as err:
            self.skipTest(str(err))
        found = self.spread("cache", files.FOLDER)
        self.assertIn(os.path.join("cache", "more", "2.vdb"), found)
        self.assertIn(os.path.join("cache", "data", "1.vdb"), found)
        self.assertLess(len(found), 20)

    @unittest.skipIf(os.name == "nt" or os.geteuid() == 0, "nothing is closed to this user")
    def test_closed_folder(self) -> None:
        self.make("closed/1.vdb")
        os.chmod(os.path.join(self.top, "closed"), 0)
        self.addCleanup(os.chmod, os.path.join(self.top, "closed"), 0o700)
        with self.assertRaises(files.Unreadable):
            self.spread("closed", files.FOLDER)
        self.assertEqual(files.examine(os.path.join(self.top, "closed"), files.FOLDER), (True, False, 0))

    def test_examine(self) -> None:
        self.make("s.1.png", "s.2.png", content=b"four")
        os.mkdir(os.path.join(self.top, "empty"))
        self.assertEqual(files.examine(os.path.join(self.top, "s.1.png"), files.SEQUENCE), (True, True, 8))
        self.assertEqual(files.examine(os.path.join(self.top, "gone"), files.FILE), (False, True, 0))
        self.assertEqual(files.examine(os.path.join(self.top, "empty"), files.FOLDER), (True, True, 0))

    @unittest.skipIf(os.name == "nt", "the paths are those of other platforms")
    def test_resolve(self) -> None:
        for raw, want in {
            "//tex/a.png": "/p/shot/tex/a.png", "//../tex/a.png": "/p/tex/a.png", "//..\\tex\\a.png": "/p/tex/a.png", "\\\\tex\\a.png": "/p/shot/tex/a.png",
            "/abs//a.png": "/abs/a.png", "a.png": "/p/shot/a.png", "C:\\tex\\a.png": "C:/tex/a.png", "//../../../../a": "/a",
        }.items():
            self.assertEqual(files.resolve(raw, "/p/shot"), want, raw)

    def test_dots_after_links(self) -> None:
        self.make("real/deep/shot/x", "real/deep/tex/a.png", "tex/b.png")
        try:
            os.symlink("real/deep/shot", os.path.join(self.top, "shot"))
        except OSError as err:
            self.skipTest(str(err))
        shot = os.path.join(self.top, "shot")
        # The system goes up from where the link leads.
        self.assertEqual(files.resolve("//../tex/a.png", shot), os.path.join(self.top, "real", "deep", "tex", "a.png"))
        # What is nowhere stays where people look for it.
        self.assertEqual(files.resolve("//../tex/c.png", shot), os.path.join(self.top, "tex", "c.png"))

    def test_usd_text(self) -> None:
        self.make("a.usda", content=b'#usda 1.0\n( subLayers = [@./sub/b.usda@] )\nasset t = @tex/t.png@ @http://x/y@')
        self.make("sub/b.usda", content=b'#usda 1.0\nasset a = @@@../tex/u.png@@@ asset back = @../a.usda@')
        self.make("tex/t.png", "tex/u.png")
        found, blind = usd.scan(os.path.join(self.top, "a.usda"))
        self.assertEqual([os.path.relpath(f, self.top).replace(os.sep, "/") for f in found], ["sub/b.usda", "tex/t.png", "tex/u.png"])
        self.assertEqual(blind, "")
        self.make("c.usdc", content=b"PXR-USDC")
        self.assertIn("c.usdc", usd.scan(os.path.join(self.top, "c.usdc"))[1])


if __name__ == "__main__":
    unittest.main()

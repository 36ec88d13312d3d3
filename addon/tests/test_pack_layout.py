# SPDX-License-Identifier: GPL-3.0-or-later
"""Where files go in a pack."""

import itertools
import os
import unittest

from farm.pack import layout
from farm.pack.layout import Layout, fold, portable, portable_name


@unittest.skipIf(os.name == "nt", "the paths are those of other platforms")
class Places(unittest.TestCase):
    def test_inside_and_outside(self) -> None:
        places = Layout("/p")
        self.assertEqual(places.target("/p/tex/a.png"), "tex/a.png")
        self.assertEqual(places.target("/other/tex/a.png"), "_outside/other/tex/a.png")
        self.assertEqual(places.target("/pp/a.png"), "_outside/pp/a.png")
        self.assertEqual(places.target("/p"), "")

    def test_outside_keeps_relations(self) -> None:
        places = Layout("/p")
        lib, tex = places.target("/lib/char/bob.blend"), places.target("/lib/tex/bob.png")
        self.assertEqual(os.path.relpath(tex, os.path.dirname(lib)), "../tex/bob.png")

    def test_case_collision(self) -> None:
        places = Layout("/p")
        first = places.add("/p/t/Wood.png", ["/p/t/Wood.png"])
        second = places.add("/p/t/wood.png", ["/p/t/wood.png"])
        again = places.add("/p/t/wood.png", ["/p/t/wood.png"])
        self.assertEqual(first, "t/Wood.png")
        self.assertNotEqual(fold(first), fold(second))
        self.assertEqual(second, again)
        self.assertEqual(os.path.basename(second), "wood.png")
        self.assertEqual(len(places.files), 2)

    def test_unicode_forms_collide(self) -> None:
        places = Layout("/p")
        one, two = "/p/gr\u00fcn.png", "/p/gru\u0308n.png"
        self.assertNotEqual(fold(places.add(one, [one])), fold(places.add(two, [two])))

    def test_sequence_moves_together(self) -> None:
        places = Layout("/p")
        places.add("/p/S.0002.png", ["/p/S.0002.png"])
        frames = ["/p/s.%04d.png" % n for n in range(1, 4)]
        places.add(frames[0], frames)
        folders = {os.path.dirname(t) for t, s in places.files.items() if s in frames}
        self.assertEqual(len(folders), 1)
        self.assertNotEqual(folders, {""})

    def test_file_where_a_folder_is(self) -> None:
        for order in itertools.permutations(["/p/Cache/1.vdb", "/p/cache"]):
            places = Layout("/p")
            for path in order:
                places.add(path, [path])
            folded = sorted(map(fold, places.files))
            self.assertFalse(folded[1].startswith(folded[0] + "/"), folded)

    def test_folder(self) -> None:
        places = Layout("/p")
        target = places.add("/sim/fluid", ["/sim/fluid/data/a.vdb", "/sim/fluid/b?.uni"], folder=True)
        self.assertEqual(target, "_outside/sim/fluid")
        self.assertEqual(sorted(places.files), ["_outside/sim/fluid/b_~" + layout.digest("b?\0.uni")[:6] + ".uni", "_outside/sim/fluid/data/a.vdb"])

    def test_at(self) -> None:
        places = Layout("/p")
        self.assertEqual(places.add("/p/blendcache_x", ["/p/blendcache_x/1.bphys"], folder=True, at="shots/blendcache_x"), "shots/blendcache_x")
        self.assertEqual(list(places.files), ["shots/blendcache_x/1.bphys"])

    def test_deep_paths_are_shortened_together(self) -> None:
        places = Layout("/p")
        deep = "/other/" + "/".join(["folder"] * 40)
        a, b = places.target(deep + "/a.png"), places.target(deep + "/b.png")
        self.assertLess(len(a), 60)
        self.assertEqual(os.path.dirname(a), os.path.dirname(b))
        self.assertNotEqual(os.path.dirname(a), os.path.dirname(places.target(deep + "/more/a.png")))

    def test_same_pack_whatever_the_order(self) -> None:
        paths = ["/x/a.png", "/p/b.png", "/x/c/d.png"]
        packs = set()
        for order in itertools.permutations(paths):
            places = Layout("/p")
            for path in order:
                places.add(path, [path])
            packs.add(tuple(sorted(places.files.items())))
        self.assertEqual(len(packs), 1)


class Names(unittest.TestCase):
    def test_most_names_stay(self) -> None:
        for name in ("a.png", "grün 日本.png", "a.1001.png", ".hidden", "con_artist.png", "l" * 200, "#x%{y}.png"):
            self.assertEqual(portable(name), name)

    def test_names_some_platform_cannot_have(self) -> None:
        for name in ("a:b.png", "a?.png", 'q".png', "a\\b.png", "tab\t.png", "CON", "nul.txt", "COM1.png", "dot.", "blank ", "ü" * 150 + ".png", "a." + "e" * 300):
            changed = portable(name)
            self.assertNotEqual(changed, name)
            self.assertEqual(portable(changed), changed)
            self.assertLessEqual(len(changed.encode()), layout.MAX_NAME)
            self.assertFalse(layout.FORBIDDEN.search(changed), changed)

    def test_different_names_stay_different(self) -> None:
        self.assertNotEqual(portable("a:b.png"), portable("a?b.png"))
        self.assertNotEqual(portable("x" * 250 + "a.png"), portable("x" * 250 + "b.png"))

    def test_sequences_stay_sequences(self) -> None:
        names = [portable("a:b.%04d.png" % n) for n in (1, 2, 10000)]
        self.assertEqual([n.replace("0001.", "#.").replace("0002.", "#.").replace("10000.", "#.") for n in names], [names[0].replace("0001.", "#.")] * 3)
        tiles = portable_name("a:b.<UDIM>.png")
        self.assertEqual(tiles.replace("<UDIM>", "1002"), portable("a:b.1002.png"))
        self.assertEqual(portable_name("wall.<UDIM>.png"), "wall.<UDIM>.png")

    def test_drives_and_shares(self) -> None:
        self.assertEqual(layout.mirrored("/a/../b"), "a/b")
        self.assertEqual(layout.cut("üü", 3), "ü")


if __name__ == "__main__":
    unittest.main()

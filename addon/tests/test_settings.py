# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of settings: what is shown, what expressions see, what is submitted."""

import pathlib
import unittest
from typing import Any

from farm.core import settings
from farm.core.errors import FarmError
from farm.core.settings import View, Values
from farm.core.wire import EvalInfo, JobType, Setting


class Kept:
    """A store of values without Blender: two dictionaries, as is the one in a file."""

    def __init__(self, **values: Any) -> None:
        self.values = values
        self.links: dict[str, bool] = {}

    def get(self, s: Setting) -> Any:
        return self.values.get(s.key, settings.default(s))

    def set(self, s: Setting, value: Any) -> None:
        self.values[s.key] = value

    def linked(self, s: Setting) -> bool:
        return self.links.get(s.key, True)

    def link(self, s: Setting, on: bool) -> None:
        self.links[s.key] = on


RENDER = JobType("render", "Render", [
    Setting("frames", "string", eval="f'{first}-{last}'", eval_info=EvalInfo(True, "Scene frame range"), required=True),
    Setting("chunk_size", "int32", default=1, propargs={"min": 1}),
    Setting("root", "string", subtype="dir_path", required=True, visible="submission"),
    Setting("parts", "int32", default=0),
    Setting("output", "string", eval="str(Path(settings.root, last_n_dir_parts(settings.parts), jobname, '######'))", editable=False),
    Setting("blendfile", "string", required=True, visible="web"),
    Setting("fps", "float", eval="25 / 1", visible="hidden"),
    Setting("format", "string", choices=["PNG", "JPEG"], eval="'JPEG'", visible="web"),
    Setting("flag", "bool", default=True, visible="hidden"),
    Setting("silent", "string", visible="hidden"),
    Setting("note", "string", eval="jobname.upper()"),
], "etag")

NAMES = {"first": 1, "last": 10, "jobname": "shot", "Path": pathlib.PurePosixPath, "last_n_dir_parts": settings.last_n_dir_parts(pathlib.PurePosixPath("/p/film/seq/shot.blend"))}


def values(**kept: Any) -> tuple[Values, Kept]:
    store = Kept(**kept)
    return Values(RENDER, store, NAMES), store


class Submitting(unittest.TestCase):
    def test_rules(self) -> None:
        v, _ = values(root="/out", parts=2)
        v.fill()
        self.assertEqual(v.submitted(), {
            "frames": "1-10", "chunk_size": 1, "root": "/out", "parts": 2, "output": "/out/film/seq/shot/######", "fps": 25.0,
            "format": "JPEG", "flag": True, "note": "SHOT",
        })

    def test_required(self) -> None:
        v, _ = values()
        with self.assertRaisesRegex(FarmError, "needs a value for Root; fill it in"):
            v.submitted()

    def test_link(self) -> None:
        v, store = values(root="/out")
        View(v).frames = "5"
        self.assertEqual((View(v).frames, v.submitted()["frames"], store.links), ("5", "5", {"frames": False}))
        store.link(RENDER.settings[0], True)
        self.assertEqual(v.submitted()["frames"], "1-10")

    def test_fill_keeps_what_is_there(self) -> None:
        v, store = values(note="mine")
        v.fill()
        self.assertEqual(store.values["note"], "mine")

    def test_blendfile(self) -> None:
        self.assertEqual(settings.with_blendfile(RENDER, {"a": 1}, "{jobs}/x.blend"), {"a": 1, "blendfile": "{jobs}/x.blend"})
        self.assertEqual(settings.with_blendfile(JobType("echo", "Echo", [], ""), {"a": 1}, "x"), {"a": 1})


class Surprises(unittest.TestCase):
    def test_expressions(self) -> None:
        for code, says in (("1/0", "ZeroDivisionError"), ("nobody", "NameError"), ("settings.x", "needs its own value"), ("settings.y", "no setting 'y'"), ("(", "SyntaxError")):
            job_type = JobType("t", "T", [Setting("x", "string", eval=code, editable=False)], "")
            with self.subTest(code), self.assertRaisesRegex(FarmError, says):
                Values(job_type, Kept(), {}).submitted()

    def test_methods_are_no_settings(self) -> None:
        """A setting may be called as a method of ours is."""
        job_type = JobType("t", "T", [Setting("value", "string", default="v"), Setting("submitted", "string", eval="settings.value + '!'", editable=False)], "")
        v = Values(job_type, Kept(), {})
        self.assertEqual(v.submitted(), {"value": "v", "submitted": "v!"})
        self.assertEqual((View(v).submitted, View(v)["value"], sorted(View(v))), ("v!", "v", ["submitted", "value"]))

    def test_conversion(self) -> None:
        number, text, flag = Setting("n", "int32"), Setting("s", "string"), Setting("b", "bool")
        self.assertEqual([settings.convert(number, x) for x in (2.0, "3", None, True)], [2, 3, 0, 1])
        self.assertEqual([settings.convert(text, x) for x in (1, None, pathlib.PurePosixPath("/a"))], ["1", "", "/a"])
        self.assertEqual([settings.convert(flag, x) for x in (0, 1, None)], [False, True, False])
        for bad in ("x", 2**31, float("inf"), [1]):
            with self.subTest(bad), self.assertRaises(FarmError):
                settings.convert(number, bad)

    def test_set(self) -> None:
        job_type = JobType("t", "T", [Setting("c", "string", choices=["a", "b"]), Setting("h", "string", visible="hidden")], "")
        view = View(Values(job_type, Kept(), {}))
        self.assertEqual(view.c, "a")
        for key, says in (("c", "its choices are a, b"), ("h", "its job type decides")):
            with self.subTest(key), self.assertRaisesRegex(FarmError, says):
                view[key] = "z"
        with self.assertRaises(AttributeError):
            view.zzz = 1

    def test_names(self) -> None:
        self.assertEqual(settings.property_name("frames"), "frames")
        odd = ["my-key", "class", "name", "_x", "ü", "", "x" * 60, "autoeval_frames", "bl_rna"]
        made = [settings.property_name(key) for key in odd]
        self.assertEqual(len(set(made)), len(odd))
        for name in made:
            self.assertRegex(name, "^setting_[0-9a-f]{12}$")

    def test_limits(self) -> None:
        self.assertEqual(settings.limits(Setting("n", "int32", propargs={"min": 0, "max": 32, "subtype": "X", "step": 0})), {"min": 0, "max": 32})
        self.assertEqual(settings.limits(Setting("f", "float", propargs={"min": "a", "max": 1e300, "soft_max": 2, "precision": 99})), {"soft_max": 2.0})
        self.assertEqual(settings.limits(Setting("s", "string", propargs={"min": 0})), {})

    def test_defaults(self) -> None:
        self.assertEqual(settings.default(Setting("n", "int32", default="many")), 0)
        self.assertEqual(settings.default(Setting("c", "string", choices=["a"], default="z")), "a")
        self.assertFalse(settings.is_choice(Setting("c", "string", choices=["a", ""])))

    def test_problems(self) -> None:
        for odd, says in (([Setting("x", "date")], "is a 'date'"), ([Setting("x", "bool"), Setting("x", "bool")], "two settings")):
            with self.subTest(says):
                self.assertIn(says, settings.problem(JobType("t", "T", odd, "")))
        self.assertEqual(settings.problem(RENDER), "")


class Folders(unittest.TestCase):
    def test_last_n_dir_parts(self) -> None:
        f = settings.last_n_dir_parts(pathlib.PurePosixPath("/p/film/seq/shot.blend"))
        self.assertEqual([str(f(n)) for n in (0, 1, 2, 9, -1)], [".", "seq", "film/seq", "p/film/seq", "."])
        self.assertEqual(str(f(1, "/a/b/c.blend")), "b")
        windows = settings.last_n_dir_parts(pathlib.PureWindowsPath(r"F:\p\film\shot.blend"))
        self.assertEqual(str(windows(9)), r"p\film")

    def test_renders(self) -> None:
        self.assertEqual(settings.renders_folder("/mnt/farm/jobs"), "/mnt/farm/jobs/renders")
        self.assertEqual(settings.renders_folder(r"F:\farm"), r"F:\farm\renders")


class Labels(unittest.TestCase):
    def test_label(self) -> None:
        self.assertEqual(settings.label(Setting("chunk_size", "int32")), "Chunk Size")
        self.assertEqual(settings.label(Setting("chunk_size", "int32", label="Frames")), "Frames")

    def test_shown(self) -> None:
        shown = [settings.is_shown(Setting("x", "bool", visible=v)) for v in ("visible", "submission", "web", "hidden", "never heard of")]
        self.assertEqual(shown, [True, True, False, False, False])


if __name__ == "__main__":
    unittest.main()

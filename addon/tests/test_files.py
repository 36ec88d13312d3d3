# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on their way to the farm: hashing, uploading, copying, and what the packer says."""

import hashlib
import json
import os
import pathlib
import stat
import sys
import tempfile
import threading
import unittest
from typing import Any

from farm.core import copying, packing, project, shaman
from farm.core.client import Client
from farm.core.errors import Canceled, FarmError
from farm.core.hashing import Hashes
from farm.core.packing import File, Plan
from farm.core.work import Work

from .manager import Manager, after, answer, break_off, hang_up


class WithFolder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, target: str, content: bytes) -> File:
        """Makes a file to send, that is old enough to be remembered."""
        path = self.folder / "files" / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1e9, 1e9))
        return File(str(path), target, len(content))

    def hashes(self) -> Hashes:
        return Hashes(self.folder / "hashes.json")


class Uploads(WithFolder):
    def setUp(self) -> None:
        super().setUp()
        self.manager = Manager(shaman=True)
        self.addCleanup(self.manager.close)
        self.files = [self.file("shot.blend", b"BLENDER" * 1000), self.file("tex/ü.png", b"PNG"), self.file("tex/same.png", b"PNG"), self.file("empty", b"")]
        pause = shaman.PAUSE
        shaman.PAUSE = 0.001
        self.addCleanup(setattr, shaman, "PAUSE", pause)

    def send(self, name: str = "shot", work: "Work | None" = None) -> shaman.Transfer:
        client = Client(self.manager.url, work, patience=(0.01,) * 3)
        self.addCleanup(client.close)
        return shaman.send(client, self.files, self.hashes(), name, work or Work())

    def test_all_then_only_what_changed(self) -> None:
        done = self.send()
        self.assertEqual((done.checkout, done.files, done.sent_files, done.sent_bytes), ("shot", 4, 3, 7003))
        self.assertEqual(sorted(f["path"] for f in self.manager.checkouts["shot"]), ["empty", "shot.blend", "tex/same.png", "tex/ü.png"])
        self.assertEqual(self.manager.stored[hashlib.sha256(b"PNG").hexdigest(), 3], b"PNG")

        self.files[0] = self.file("shot.blend", b"BLENDER" * 1001)
        again = self.send()
        self.assertEqual((again.checkout, again.sent_files, again.sent_bytes), ("shot-x7k2", 1, 7007))
        self.assertEqual(self.manager.received, 7003 + 7007)

    def test_interruptions(self) -> None:
        """An upload that breaks off, is deferred, or is stored by somebody else meanwhile, is no failure."""
        call = "POST /api/v3/shaman/files"
        self.manager.fault(call, hang_up, answer(425), after(hang_up), hang_up)
        done = self.send()
        self.assertEqual(len(self.manager.checkouts[done.checkout]), 4)
        self.assertEqual(len(self.manager.stored), 3)

    def test_continued(self) -> None:
        """Of an upload that broke off only the rest is sent, if the manager knows how."""
        content = os.urandom(1 << 20) * 20
        for resumes, total in ((True, len(content)), (False, len(content) + (5 << 20))):
            self.manager.resumes, self.manager.received = resumes, 0
            self.manager.stored.clear()
            self.files = [self.file("large", content)]
            self.manager.fault("POST /api/v3/shaman/files", break_off(5 << 20))
            with self.subTest(resumes=resumes):
                done = self.send()
                self.assertEqual((self.manager.received, list(self.manager.stored.values()) == [content]), (total, True))
                self.assertEqual(done.sent_bytes, len(content) - (5 << 20) * resumes)

    def test_lost_after_it_was_stored(self) -> None:
        """A manager that is killed forgets what was not on the disk yet; it is sent again."""
        def forget(h: Any) -> None:
            h.manager.stored.pop((hashlib.sha256(b"PNG").hexdigest(), 3))
            h.serve()

        self.manager.fault("POST /api/v3/shaman/checkout/create", forget)
        done = self.send()
        self.assertEqual((len(self.manager.checkouts["shot"]), done.sent_files), (4, 4))
        self.manager.fault("POST /api/v3/shaman/checkout/create", *[answer(424, "files are missing")] * shaman.CHECKOUTS)
        with self.assertRaisesRegex(FarmError, "files are missing"):
            self.send()

    def test_early_answer(self) -> None:
        """The manager may answer before it has read a large file."""
        self.files = [self.file("large", os.urandom(1 << 20) * 24)]
        self.manager.fault("POST /api/v3/shaman/files", answer(507, "the disk has 3 GB left, and needs 24 MB more"))
        with self.assertRaisesRegex(FarmError, "3 GB left|connection broke"):
            self.send()
        self.assertEqual(self.manager.checkouts, {})

    def test_refusals(self) -> None:
        for status, says in ((417, "was changed while it was uploaded"), (507, "the disk is full"), (503, "shaman server not active")):
            self.manager.fault("POST /api/v3/shaman/files", *[answer(status, says)] * 3)
            with self.subTest(status), self.assertRaisesRegex(FarmError, says):
                self.send()
            self.manager.faults.clear()
        self.assertEqual(self.manager.checkouts, {})

    def test_unasked_for(self) -> None:
        def other(h: Any) -> None:
            h.body()
            h.answer(200, {"files": [{"sha": "0" * 64, "size": 1, "path": "/etc/passwd", "status": "unknown"}]})

        self.manager.fault("POST /api/v3/shaman/checkout/requirements", other)
        with self.assertRaisesRegex(FarmError, "was not offered"):
            self.send()

    def test_missing_source(self) -> None:
        os.unlink(self.files[1].source)
        with self.assertRaisesRegex(FarmError, "ü.png cannot be read"):
            self.send()

    def test_cancel(self) -> None:
        work = Work()

        def cancel(h: Any) -> None:
            work.cancel()
            h.close_connection = True

        self.manager.fault("POST /api/v3/shaman/files", *[cancel] * 4)
        with self.assertRaises(Canceled):
            self.send(work=work)
        self.assertEqual(self.manager.checkouts, {})

    def test_progress(self) -> None:
        work = Work()
        seen: list[tuple[int, int]] = []
        add = work.add

        def counting(files: int = 0, size: int = 0) -> None:
            add(files, size)
            seen.append((work.look().bytes, work.look().bytes_total))

        work.add = counting  # type: ignore[method-assign]
        self.send(work=work)
        self.assertEqual(max(seen), (7006 + 7003, 7006 + 7003), "each byte is hashed once and sent once")


class Sums(WithFolder):
    def sha(self, hashes: Hashes, f: File) -> "tuple[str, int]":
        return hashes.sha256(f.source, lambda _: None)

    def test_remembered(self) -> None:
        f = self.file("a", b"one")
        hashes = self.hashes()
        want = (hashlib.sha256(b"one").hexdigest(), 3)
        self.assertEqual(self.sha(hashes, f), want)
        hashes.save()
        # Other content under the same size and time proves that the file is not read again.
        self.file("a", b"two")
        self.assertEqual(self.sha(self.hashes(), f), want)
        self.file("a", b"four")
        self.assertEqual(self.sha(self.hashes(), f), (hashlib.sha256(b"four").hexdigest(), 4))

    def test_fresh_files_are_not_remembered(self) -> None:
        f = self.file("a", b"one")
        hashes = Hashes(self.folder / "h", clock=lambda: 1e9 + 1)
        self.sha(hashes, f)
        self.file("a", b"two")
        self.assertEqual(self.sha(hashes, f), (hashlib.sha256(b"two").hexdigest(), 3))

    def test_forgotten(self) -> None:
        f = self.file("a", b"one")
        now = [1e9 + 100]
        hashes = Hashes(self.folder / "h", clock=lambda: now[0])
        self.sha(hashes, f)
        now[0] += 61 * 24 * 3600
        hashes.save()
        self.assertEqual(json.loads((self.folder / "h").read_text()), {})

    def test_damaged_memory(self) -> None:
        for text in ("", "[]", "{", '{"a": 1}', "[" * 100000):
            (self.folder / "hashes.json").write_text(text)
            self.assertEqual(self.sha(self.hashes(), self.file("a", b"one"))[1], 3)


class Copies(WithFolder):
    def test_copy(self) -> None:
        storage = self.folder / "storage"
        storage.mkdir()
        files = [self.file("a/shot.blend", b"x" * 3000000), self.file("b.png", b"y")]
        to = copying.copy(files, str(storage), "my: shot", Work())
        self.assertEqual((to.parent, to.name[:8]), (storage / "submitted", "my_ shot"))
        self.assertEqual(((to / "a/shot.blend").stat().st_size, (to / "b.png").read_bytes()), (3000000, b"y"))
        again = copying.copy(files, str(storage), "my: shot", Work())
        self.assertNotEqual(again, to)

    def test_nothing_is_left(self) -> None:
        storage = self.folder / "storage"
        storage.mkdir()
        with self.assertRaisesRegex(FarmError, "cannot be copied into the shared storage: No such file"):
            copying.copy([self.file("a", b"x"), File(str(self.folder / "none"), "b", 1)], str(storage), "shot", Work())
        work = Work()
        work.add = lambda **_: work.cancel() or work.check()  # type: ignore[method-assign]
        with self.assertRaises(Canceled):
            copying.copy([self.file("a", b"x")], str(storage), "shot", work)
        self.assertEqual(list(storage.iterdir()), [])

    def test_whole_or_not(self) -> None:
        """While it is filled the folder has a name that says so; nothing of that is left."""
        storage = self.folder / "storage"
        storage.mkdir()
        seen = set()
        work = Work()
        add = work.add

        def adding(files: int = 0, size: int = 0) -> None:
            add(files, size)
            seen.update(p.name for p in (storage / "submitted").iterdir())

        work.add = adding  # type: ignore[method-assign]
        to = copying.copy([self.file("a", b"x"), self.file("b", b"y")], str(storage), "shot", work)
        self.assertEqual(seen, {f"{to.name}.farm-part-{os.getpid()}-0"})
        self.assertEqual(list((storage / "submitted").iterdir()), [to])

    def test_tidy(self) -> None:
        """What a killed program left long ago goes with the next copy, and nothing else."""
        submitted = self.folder / "submitted"
        kept = ["shot-1", "shot-1.farm-part-7-1", "farm-part-7-0", "x.farm-part-7-0.blend"]
        for name in (*kept, "shot-1.farm-part-7-0"):
            (submitted / name / "tex").mkdir(parents=True)
            (submitted / name / "tex" / "a.png").touch()
            if name != "shot-1.farm-part-7-1":
                os.utime(submitted / name, (1e9, 1e9))
        to = copying.copy([self.file("a", b"x")], str(self.folder), "shot", Work())
        self.assertEqual(sorted(p.name for p in submitted.iterdir()), sorted([*kept, to.name]))

    def test_out_of_reach(self) -> None:
        with self.assertRaisesRegex(FarmError, "this computer cannot reach it. Mount it there"):
            copying.copy([], str(self.folder / "nowhere"), "shot", Work())
        locked = self.folder / "locked"
        locked.mkdir()
        (locked / "submitted").write_text("a file where the folder belongs")
        with self.assertRaisesRegex(FarmError, "Nothing can be written"):
            copying.copy([], str(locked), "shot", Work())

    def test_inside(self) -> None:
        real, link = self.folder / "real", self.folder / "link"
        real.mkdir()
        (real / "a.blend").touch()
        link.symlink_to(real)
        self.assertEqual(copying.inside(str(link), real / "a.blend"), link / "a.blend")
        self.assertEqual(copying.inside(str(real), link / "a.blend"), real / "a.blend")
        self.assertIsNone(copying.inside(str(real), self.folder / "b.blend"))
        self.assertIsNone(copying.inside(r"F:\farm", real / "a.blend"))


class Packing(WithFolder):
    """The packer is any program with its command line; the real one is tested where there is a Blender."""

    def packer(self, script: str) -> packing.Packer:
        program = self.folder / "packer"
        program.write_text(f"#!{sys.executable} -IS\nimport json, sys, time\nargs = sys.argv\nplan = args[args.index('--plan') + 1]\n{script}")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return packing.Packer(str(program), pathlib.Path("/project"), ("*.abc", "x"))

    def run_packer(self, script: str, work: "Work | None" = None) -> Plan:
        scratch = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        return self.packer(script).run(pathlib.Path("/project/a.blend"), scratch, work or Work())

    def test_plan(self) -> None:
        plan = self.run_packer("""
print('farm-pack: {"phase": "open", "file": "/x/a.blend"}')
value = lambda name: args[args.index(name) + 1]
json.dump({"blend": "a.blend", "root": value("--project"), "files": [{"source": value("--blend"), "target": "a.blend", "size": 7, "rewritten": True}],
    "missing": [{"path": "/y", "owner": ["IMAGE", "y"], "library": "", "kind": "image"}], "warnings": [args[args.index("--exclude") + 1]]}, open(plan, "w"))
""")
        self.assertEqual(plan.files, [File("/project/a.blend", "a.blend", 7, True)])
        self.assertEqual((plan.root, plan.missing[0].path, plan.warnings, plan.size), ("/project", "/y", ["*.abc"], 7))

    def test_scripts_of_the_file_are_not_run(self) -> None:
        with self.assertRaisesRegex(FarmError, "^yes$"):
            self.run_packer("json.dump({'error': 'yes' if '--disable-autoexec' in args[:args.index('--python')] else 'no'}, open(plan, 'w'))")

    def test_its_own_error(self) -> None:
        with self.assertRaisesRegex(FarmError, "^saved by a newer Blender$"):
            self.run_packer("json.dump({'error': 'saved by a newer Blender'}, open(plan, 'w'))")

    def test_failures(self) -> None:
        for script, says in (
            ("print('Segmentation fault'); sys.exit(9)", r"ended with status 9. It said:\nSegmentation fault"),
            ("print('done')", r"could not be collected .*Blender said:\ndone"), ("open(plan, 'w').write('{')", "could not be collected"),
            ("json.dump({'blend': 7}, open(plan, 'w'))", "plan.blend is 7"),
        ):
            with self.subTest(says), self.assertRaisesRegex(FarmError, says):
                self.run_packer(script)
        with self.assertRaisesRegex(FarmError, "could not be started"):
            packing.Packer("/nowhere/blender", pathlib.Path("/")).run(pathlib.Path("/a.blend"), self.folder, Work())

    def test_cancel(self) -> None:
        work = Work()
        seen = threading.Event()
        work.detail = lambda _: seen.set()  # type: ignore[method-assign]
        threading.Thread(target=lambda: (seen.wait(), work.cancel()), daemon=True).start()
        with self.assertRaises(Canceled):
            self.run_packer("print('farm-pack: {\"file\": \"x\"}', flush=True); time.sleep(600)", work)

    def test_confined(self) -> None:
        for target in ("../x", "/x", "a//b", "", "a\\b", "C:/x", "a/.", "x\0"):
            with self.subTest(target), self.assertRaisesRegex(FarmError, "not below the pack"):
                packing.confined(Plan(target, "/", [File("/s", target, 1)]))
        for plan, says in ((Plan("a", "/", [File("/1", "a", 1), File("/2", "a", 1)]), "two files"), (Plan("b", "/", [File("/1", "a", 1)]), "did not put")):
            with self.assertRaisesRegex(FarmError, says):
                packing.confined(plan)

    def test_renamed(self) -> None:
        plan = Plan("d/a.tmp.blend", "/", [File("/1", "d/a.tmp.blend", 1), File("/2", "d/b.blend", 1)])
        self.assertEqual(packing.renamed(plan, "a.blend").files[0].target, "d/a.blend")
        self.assertEqual(packing.renamed(plan, "a.blend").blend, "d/a.blend")
        self.assertEqual(packing.renamed(plan, "b.blend"), plan, "the name is taken")


class Projects(WithFolder):
    def test_markers(self) -> None:
        blend = self.folder / "film" / "seq" / "shot.blend"
        blend.parent.mkdir(parents=True)
        (self.folder / "film" / ".git").mkdir()
        (self.folder / ".blender_project").mkdir()
        for finder, want in (("GIT", self.folder / "film"), ("BLENDER", self.folder), ("SUBVERSION", blend.parent), ("FILE", blend.parent)):
            self.assertEqual(project.find_project(blend, finder), want)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole submission, without Blender: every way in, every way out, and nothing left behind."""

import http.client
import pathlib
import stat
import sys
import tempfile
import unittest
from typing import Any

from farm.core import cache, flow, packing
from farm.core.client import Client
from farm.core.errors import Canceled, FarmError
from farm.core.work import Work

from .manager import Manager, after, answer, hang_up

# Packs the file and what lies beside it, as the real packer would for a file that needs that.
PACKER = """
import json, os, sys
value = lambda name: sys.argv[sys.argv.index(name) + 1]
blend = value("--blend")
rewritten = os.path.join(value("--work"), "copy.blend")
open(rewritten, "wb").write(open(blend, "rb").read() + b" rewritten")
files = [{"source": rewritten, "target": os.path.basename(blend), "size": os.path.getsize(rewritten), "rewritten": True},
    {"source": os.path.join(os.path.dirname(blend), "wood.png"), "target": "tex/wood.png", "size": 4, "rewritten": False}]
json.dump({"blend": os.path.basename(blend), "root": "/", "files": files,
    "missing": [{"path": "/gone.png", "owner": ["IMAGE", "gone"], "library": "", "kind": "image"}], "warnings": ["a warning"]}, open(value("--plan"), "w"))
"""


class Scene:
    """A flow.Host: a folder with a file that has unsaved changes."""

    platform = "linux"

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.hashes_file = folder / "hashes.json"
        self.own = folder / "project" / "shot.blend"
        self.own.parent.mkdir()
        self.own.write_bytes(b"saved")
        (self.own.parent / "wood.png").write_bytes(b"wood")
        self.program = folder / "packer"
        self.program.write_text(f"#!{sys.executable} -IS\n{PACKER}")
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)
        self.wanted = flow.Request("shot 1", "render", 60, "gpu", True, " chat, me@studio.example ")
        self.adopted: "cache.ManagerInfo | None" = None
        self.copies = 0

    def adopt(self, info: cache.ManagerInfo) -> None:
        self.adopted = info

    def request(self) -> flow.Request:
        return self.wanted

    def settings(self, job_type: Any) -> dict[str, Any]:
        return {"frames": "1-3"}

    def blend(self) -> flow.Blend:
        self.copies += 1
        path = self.own.with_name("shot.123.flamenco.blend")
        path.write_bytes(b"unsaved")
        return flow.Blend(path, self.own, temporary=True)

    def beyond(self, storage: str) -> list[str]:
        return ["/elsewhere/wood.png"]

    def packer(self, own: pathlib.Path) -> packing.Packer:
        return packing.Packer(str(self.program), own.parent)


class Submitting(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.scratch = self.folder / "scratch"
        self.scratch.mkdir()
        self.addCleanup(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = str(self.scratch)
        self.storage = self.folder / "storage"
        self.storage.mkdir()
        self.host = Scene(self.folder)
        self.manager = Manager(str(self.storage))
        self.addCleanup(self.manager.close)
        self.work = Work()
        self.addCleanup(setattr, flow, "LOOKS", flow.LOOKS)
        flow.LOOKS = (0.001,) * 4

    def submit(self) -> flow.Outcome:
        client = Client(self.manager.url, self.work, patience=(0.01,) * 3)
        self.addCleanup(client.close)
        return flow.run(flow.submission(self.host, client, self.work))

    def fails(self, says: str) -> None:
        """Submits in vain, and looks that nothing is left of it anywhere."""
        with self.assertRaisesRegex(FarmError, says):
            self.submit()
        self.nothing_left()

    def nothing_left(self) -> None:
        self.assertEqual(self.manager.jobs, [])
        self.assertEqual(list(self.storage.rglob("*")), [])
        self.no_temporary_files()

    def no_temporary_files(self) -> None:
        self.assertEqual(list(self.scratch.iterdir()), [])
        self.assertEqual(sorted(p.name for p in self.host.own.parent.iterdir()), ["shot.blend", "wood.png"])
        self.assertEqual(self.host.own.read_bytes(), b"saved")

    def test_copied(self) -> None:
        outcome = self.submit()
        job = self.manager.jobs[0]
        blend = pathlib.Path(job["settings"]["blendfile"])
        self.assertEqual((blend.name, blend.read_bytes(), blend.parent.parent), ("shot.blend", b"unsaved rewritten", self.storage / "submitted"))
        self.assertEqual(job["metadata"]["submitted-folder"], blend.parent.name)
        self.assertEqual(job["metadata"]["farm.notify"], "chat, me@studio.example")
        self.assertEqual((blend.parent / "tex/wood.png").read_bytes(), b"wood")
        self.assertEqual({k: job[k] for k in ("name", "type", "type_etag", "priority", "submitter_platform", "worker_tag", "initial_status")}, {
            "name": "shot 1", "type": "render", "type_etag": "e1", "priority": 60, "submitter_platform": "linux", "worker_tag": "t1", "initial_status": "paused"})
        self.assertEqual((outcome.how, outcome.warnings, [m.path for m in outcome.missing]), ("copied", ["a warning"], ["/gone.png"]))
        self.no_temporary_files()

    def test_uploaded(self) -> None:
        self.manager.shaman, self.manager.storage = True, "/out/of/reach/jobs"
        outcome = self.submit()
        job = self.manager.jobs[0]
        self.assertEqual((outcome.how, job["settings"]["blendfile"], job["storage"]), ("uploaded", "{jobs}/shot 1/shot.blend", {"shaman_checkout_id": "shot 1"}))
        self.assertEqual(sorted(f["path"] for f in self.manager.checkouts["shot 1"]), ["shot.blend", "tex/wood.png"])
        self.no_temporary_files()

    def test_in_place(self) -> None:
        """A file in the storage is not sent; its copy with the changes stays, as the job needs it."""
        self.manager.storage, self.manager.shaman = str(self.folder / "jobs"), True
        outcome = self.submit()
        self.assertEqual((outcome.how, self.manager.jobs[0]["settings"]["blendfile"]), ("in place", str(self.host.own.with_name("shot.123.flamenco.blend"))))
        self.assertEqual(outcome.warnings, ["Outside of the farm's storage, where workers may not see them: /elsewhere/wood.png"])
        self.assertEqual(self.host.own.with_name("shot.123.flamenco.blend").read_bytes(), b"unsaved")

    def test_order(self) -> None:
        """Wrong settings are found before the file is saved and sent, with a name for the file that is none."""
        self.manager.fault("POST /api/v3/jobs/check", answer(400, "no frames"))
        self.fails("^no frames$")
        self.assertEqual((self.host.copies, self.manager.count("POST")), (0, 1))

    def test_refused(self) -> None:
        for storage in (self.storage, self.folder):
            for status in (400, 412, 500):
                self.manager.storage = str(storage)
                self.manager.fault("POST /api/v3/jobs", answer(204), answer(status, "refused"))
                with self.subTest(storage=storage.name, status=status):
                    self.fails("^refused$")

    def test_unknown_choices(self) -> None:
        for wanted, says in ((flow.Request("n", "film"), "no job type “film” .* it has render"), (flow.Request("n", ""), "Choose a job type; the manager has render"), (flow.Request("n", "render", tag="cpu"), "no tag “cpu”")):
            self.host.wanted = wanted
            self.fails(says)

    def test_out_of_reach(self) -> None:
        self.manager.storage = "/out/of/reach"
        self.fails("this computer cannot reach it")

    def test_storage_is_looked_at_in_the_thread(self) -> None:
        """A share that is gone must not block the interface: only steps look at it."""
        inside, check, asked = flow.copying.inside, flow.copying.check, []
        for name, do in (("inside", inside), ("check", check)):
            self.addCleanup(setattr, flow.copying, name, do)
            setattr(flow.copying, name, lambda *a, do=do: (asked.append(self.stepping), do(*a))[1])
        submission = flow.submission(self.host, Client(self.manager.url, self.work), self.work)
        self.stepping, result = False, None
        with self.assertRaises(StopIteration):
            while True:
                step = submission.send(result)
                self.stepping = True
                result = step()
                self.stepping = False
        self.assertEqual(set(asked), {True})

    def test_packer_fails(self) -> None:
        self.host.program.write_text("#!/bin/sh\necho nonsense; exit 1\n")
        self.fails("ended with status 1")

    def test_restart_just_then(self) -> None:
        """The job was made, and its answer lost: it is found, and not made again."""
        self.manager.fault("POST /api/v3/jobs", answer(204), after(hang_up))
        outcome = self.submit()
        self.assertEqual((len(self.manager.jobs), outcome.job.id), (1, "job-1"))
        self.assertTrue(pathlib.Path(self.manager.jobs[0]["settings"]["blendfile"]).exists())

    def test_away_for_a_moment(self) -> None:
        """A manager that is not there when the job is to be submitted is waited for: nothing was sent to it."""
        refusals = [ConnectionRefusedError()] * 2
        connect = http.client.HTTPConnection.connect

        def connecting(c: http.client.HTTPConnection) -> None:
            if self.manager.count("POST /api/v3/jobs/check") and refusals:
                raise refusals.pop()
            connect(c)

        self.addCleanup(setattr, http.client.HTTPConnection, "connect", connect)
        http.client.HTTPConnection.connect = connecting  # type: ignore[method-assign]
        self.submit()
        self.assertEqual((len(self.manager.jobs), refusals), (1, []))

    def test_restart_while_checking_out(self) -> None:
        self.manager.shaman = True
        self.manager.fault("POST /api/v3/shaman/checkout/create", after(hang_up))
        self.submit()
        self.assertEqual(self.manager.jobs[0]["storage"], {"shaman_checkout_id": "shot 1-x7k2"})

    def test_no_answer_that_makes_sense(self) -> None:
        def page(h: Any) -> None:
            h.quiet = True
            h.serve()
            h.quiet = False
            h.answer(200, b"<html>", "text/html")

        self.manager.fault("POST /api/v3/jobs", answer(204), page)
        self.assertEqual(self.submit().job.id, "job-1")

    def test_never_arrived(self) -> None:
        self.manager.fault("POST /api/v3/jobs", answer(204), hang_up)
        self.fails("was not submitted; submit again")

    def test_stored_late(self) -> None:
        """The manager still stores the job when the first looks find none: its files stay."""
        def late(h: Any) -> None:
            h.quiet = True
            h.serve()
            job = self.manager.jobs.pop()
            self.manager.fault("GET /api/v3/jobs", looked, looked, lambda h: (self.manager.jobs.append(job), h.serve()))
            hang_up(h)

        def looked(h: Any) -> None:
            self.assertTrue(list(self.storage.rglob("shot.blend")))
            h.serve()

        self.manager.fault("POST /api/v3/jobs", answer(204), late)
        self.assertEqual((self.submit().job.id, self.manager.count("POST /api/v3/jobs")), ("job-1", 2))
        self.assertTrue(pathlib.Path(self.manager.jobs[0]["settings"]["blendfile"]).exists())

    def test_unsure(self) -> None:
        """Nobody can say whether there is a job: its files stay."""
        gone = [after(hang_up)] + [hang_up] * 20

        def end(h: Any) -> None:
            self.manager.fault("GET /api/v3/jobs", *[hang_up] * 20)
            gone[0](h)

        self.manager.fault("POST /api/v3/jobs", answer(204), end)
        with self.assertRaisesRegex(FarmError, "is not known, .* stays. Look at its list of jobs, http"):
            self.submit()
        self.assertTrue(pathlib.Path(self.manager.jobs[0]["settings"]["blendfile"]).exists())
        self.no_temporary_files()

    def test_canceled(self) -> None:
        """Cancelling at each step of the work leaves nothing."""
        for storage, shaman in ((self.storage, False), (self.folder, False), (self.storage, True)):
            for steps in range(1, 20):
                self.manager.storage, self.manager.shaman = str(storage), shaman
                self.manager.jobs.clear()
                if self.canceled_after(steps):
                    self.nothing_left()
                else:
                    break
            self.assertGreaterEqual(steps, 3)
            for job in self.manager.jobs:
                blend = pathlib.Path(job["settings"]["blendfile"])
                if blend.exists() and blend.parent != self.host.own.parent:
                    for part in sorted((self.storage / "submitted").rglob("*"), reverse=True):
                        part.unlink() if part.is_file() else part.rmdir()
                    (self.storage / "submitted").rmdir()
                blend.unlink(missing_ok=True)

    def canceled_after(self, steps: int) -> bool:
        """Submits, and cancels when so many steps were done; reports whether that was in time."""
        work = Work()
        client = Client(self.manager.url, work, patience=(0.01,) * 3)
        self.addCleanup(client.close)
        submission = flow.submission(self.host, client, work)
        step = next(submission)
        try:
            for _ in range(steps):
                step = submission.send(step())
        except StopIteration:
            return False
        work.cancel()
        try:
            try:
                result = step()
            except Canceled as e:
                submission.throw(e)
            else:
                submission.send(result)
        except Canceled:
            return True
        raise AssertionError("cancelling did not end the submission")

    def test_canceled_while_submitting(self) -> None:
        """Too late to hold the job back, so it is canceled on the farm."""
        def late(h: Any) -> None:
            # cancel would wake the thread as well, and the answer might get lost.
            self.work._canceled.set()
            h.serve()

        self.manager.fault("POST /api/v3/jobs", answer(204), late)
        with self.assertRaises(Canceled):
            self.submit()
        self.assertEqual([j["status"] for j in self.manager.jobs], ["cancel-requested"])

    def test_cannot_be_canceled(self) -> None:
        """The farm has the job, and goes on with it: its files stay."""
        def late(h: Any) -> None:
            self.work._canceled.set()
            h.serve()

        self.manager.fault("POST /api/v3/jobs", answer(204), late)
        self.manager.fault("POST /api/v3/jobs/job-1/setstatus", answer(500, "the disk is full."))
        with self.assertRaisesRegex(FarmError, "submitted just before you canceled, .* the disk is full. Cancel it at http"):
            self.submit()
        self.assertTrue(pathlib.Path(self.manager.jobs[0]["settings"]["blendfile"]).exists())

    def test_closed(self) -> None:
        """Blender may quit in the middle."""
        work = Work()
        submission = flow.submission(self.host, Client(self.manager.url, work), work)
        step = next(submission)
        while self.host.copies == 0:
            step = submission.send(step())
        submission.close()
        self.nothing_left()

    def test_warnings_of_the_manager(self) -> None:
        def warn(h: Any) -> None:
            h.quiet = True
            h.serve()
            h.quiet = False
            h.answer(200, {**self.manager.jobs[-1], "activity": "Warning: no worker knows the command"})

        self.manager.fault("POST /api/v3/jobs", answer(204), warn)
        self.assertEqual(self.submit().warnings, ["a warning", "Warning: no worker knows the command"])


class Kept(unittest.TestCase):
    """What the manager said is there without it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "deep" / "manager.json"
        self.manager = Manager("/mnt/farm")
        self.addCleanup(self.manager.close)
        self.info = cache.fetch(Client(self.manager.url), "linux")

    def test_again(self) -> None:
        cache.save(self.file, self.info)
        self.assertEqual(cache.load(self.file, self.manager.url), self.info)
        self.assertEqual(cache.load(self.file, "http://another"), cache.ManagerInfo("http://another"))

    def test_damaged(self) -> None:
        cache.save(self.file, self.info)
        text = self.file.read_text()
        for damage in ("", text[:-20], text.replace('"string"', '"date"'), text.replace("job_types", "x", 1).replace('"render"', "7"), "[" * 100000):
            self.file.write_text(damage)
            info = cache.load(self.file, self.manager.url)
            self.assertEqual((info.url, info.job_type("render")), (self.manager.url, None))

    def test_whole_or_not(self) -> None:
        with self.assertRaises(TypeError):
            cache.write_json(self.file, {"x": object()})
        self.assertEqual(list(self.file.parent.iterdir()), [])


if __name__ == "__main__":
    unittest.main()

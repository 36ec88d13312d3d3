# SPDX-License-Identifier: GPL-3.0-or-later
"""After the submission: progress, following the job, finding its frames."""

import pathlib
import tempfile
import threading
import unittest
from typing import Any

from farm.core import follow, frames
from farm.core.errors import Canceled, FarmError
from farm.core.follow import Follower, View, ending, frame_count
from farm.core.remembered import MOST, Remembered
from farm.core.wire import Job, Variable
from farm.core.work import Progress, Work, duration, size

from .manager import Manager, golden, hang_up


def job(**more: Any) -> Job:
    values = {"name": "shot", "type": "render", "priority": 50, "id": "job-1", "created": "", "updated": "", "status": "active", "activity": "",
              "steps_completed": 0, "steps_total": 11, "settings": {"frames": "1-10"}}
    return Job(**{**values, **more})


class Numbers(unittest.TestCase):
    def test_sizes(self) -> None:
        self.assertEqual([size(n) for n in (0, 999, 1000, 1234567, 99e9, 5e13)], ["0 B", "999 B", "1.0 kB", "1.2 MB", "99.0 GB", "50.0 TB"])

    def test_durations(self) -> None:
        self.assertEqual([duration(n) for n in (0, 59, 61, 599, 3599, 3700, 90000)], ["1 s", "59 s", "1 min 01 s", "9 min 59 s", "60 min", "1 h 01 min", "25 h 00 min"])

    def test_frame_count(self) -> None:
        for text, count in (("1-10", 10), ("1,3,5..7", 5), ("-5--1", 5), ("-2", 1), ("1 - 3", 3), ("x", 0), ("", 0), ("5-1", 0), ("1-10x3", 4), ("1-100x2,7", 0), ("1-5x2,7..7x9", 4), ("1-3x0", 0), ("1-3x", 0)):
            self.assertEqual(frame_count(job(settings={"frames": text})), count, text)
        self.assertEqual(frame_count(job(steps_total=2)), 0, "more frames than steps")
        self.assertEqual(frame_count(job(settings={})), 0)


class Working(unittest.TestCase):
    def test_progress(self) -> None:
        now = [0.0]
        work = Work(clock=lambda: now[0])
        self.assertIsNone(work.look().fraction)
        work.phase("Uploading", files=2, size=4000)
        now[0] = 10
        work.add(files=1, size=1000)
        at = work.look()
        self.assertEqual((at.fraction, at.left), (0.25, 30.0))
        self.assertEqual(str(at), "Uploading, 1/2 files, 1.0 kB of 4.0 kB, 30 s left")
        work.grow(size=4000)
        self.assertEqual(work.look().fraction, 0.125)

    def test_speed_is_of_late(self) -> None:
        now = [0.0]
        work = Work(clock=lambda: now[0])
        work.phase("Copying", size=10000)
        for _ in range(100):  # slow at first
            now[0] += 1
            work.add(size=1)
        for _ in range(20):
            now[0] += 1
            work.add(size=100)
        self.assertAlmostEqual(work.look().left or 0, (10000 - 2100) / 100, delta=10)

    def test_cancel(self) -> None:
        work = Work()
        called: list[int] = []
        work.when_canceled(lambda: called.append(1))
        work.check()
        work.cancel()
        for raises in (work.check, lambda: work.wait(1000), lambda: work.add(size=1), lambda: work.phase("x"), lambda: work.detail("x")):
            with self.assertRaises(Canceled):
                raises()
        self.assertEqual((called, work.canceled, work.look()), ([1], True, Progress()))


class Views(unittest.TestCase):
    def test_text(self) -> None:
        self.assertEqual(View(job(steps_completed=3), left=90).text, "active, 3 of 10 frames, 1 min 30 s left")
        self.assertEqual(View(job(steps_completed=11, status="completed"), left=1).text, "completed, 10 of 10 frames")
        self.assertEqual(View(job(settings={}, steps_completed=3)).text, "active, 3 of 11 steps")
        self.assertEqual(View(job(settings={}, steps_total=0, status="queued")).text, "queued")

    def test_ending(self) -> None:
        active, failed = View(job()), View(job(status="failed", activity="3 of 10 tasks failed"))
        self.assertEqual(ending(active, failed), "“shot” is failed. 3 of 10 tasks failed")
        self.assertEqual(ending(active, View(job(status="completed", activity="x"))), "“shot” is completed")
        for before, now in ((None, failed), (failed, failed), (active, active), (View(job(id="job-2")), failed)):
            self.assertEqual(ending(before, now), "")


class Following(unittest.TestCase):
    def setUp(self) -> None:
        self.addCleanup(setattr, follow, "SOON", follow.SOON)
        follow.SOON = 0.001
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.manager = Manager()
        self.addCleanup(self.manager.close)
        self.manager.jobs.append({**golden("Job.min"), "id": "job-1", "settings": {"frames": "1-10"}, "steps_total": 11, "status": "active"})
        self.views: list[View] = []
        self.changed = threading.Condition()
        self.now = 0.0

    def follow(self) -> Follower:
        f = Follower(self.manager.url, job(), self.folder / "images", self.saw, clock=lambda: self.now)
        self.addCleanup(f.stop)
        self.follower = f
        f.start()
        return f

    def saw(self) -> None:
        with self.changed:
            self.views.append(self.follower.look())
            self.changed.notify_all()

    def until(self, true: Any) -> View:
        with self.changed:
            self.assertTrue(self.changed.wait_for(lambda: self.views and true(self.views[-1]), 30))
            return self.views[-1]

    def step(self, **changes: Any) -> None:
        with self.manager.lock:
            self.manager.jobs[0].update(changes)

    def test_to_the_end(self) -> None:
        f = self.follow()
        self.assertIsNone(self.until(lambda v: True).left)
        self.now = 10
        with self.manager.lock:
            self.manager.images["/job-files/job-1/last-rendered-small.jpg"] = b"first"
        self.step(steps_completed=2)
        view = self.until(lambda v: v.job.steps_completed == 2)
        self.assertEqual((view.left, view.image and view.image.read_bytes()), (45.0, b"first"))
        first = view.image
        with self.manager.lock:
            self.manager.images["/job-files/job-1/last-rendered-small.jpg"] = b"second"
        self.step(steps_completed=11, status="completed")
        view = self.until(lambda v: v.job.over)
        self.assertNotEqual(view.image, first)
        self.assertEqual(view.image and view.image.read_bytes(), b"second")
        f._thread.join(30)
        self.assertFalse(f.running)

    def test_restart_of_the_manager(self) -> None:
        self.follow()
        self.until(lambda v: True)
        self.manager.fault("GET", *[hang_up] * 3)
        self.assertIn("cannot be reached", self.until(lambda v: v.trouble).trouble)
        self.until(lambda v: not v.trouble)

    def test_why_it_waits(self) -> None:
        self.manager.why["job-1"] = {"running": False, "reason": "no worker is awake", "next": "…", "details": [], "advice": "start one",
                                      "actions": [{"verb": "wake-worker", "target": {}, "label": "Wake render07", "command": "farm workers wake render07"}]}
        self.step(status="queued")
        self.follow()
        self.assertEqual(self.until(lambda v: v.why).why, "no worker is awake; start one. On the farm's page: “Wake render07”")
        self.step(status="active")
        self.until(lambda v: v.job.status == "active" and not v.why)

    def test_why_of_another_manager(self) -> None:
        self.step(status="queued")
        self.follow()
        self.assertEqual(self.until(lambda v: v.job.status == "queued").why, "")

    def test_deleted(self) -> None:
        f = self.follow()
        self.until(lambda v: True)
        with self.manager.lock:
            self.manager.jobs.clear()
        self.assertEqual(self.until(lambda v: v.trouble).trouble, "no such job")
        f._thread.join(30)
        self.assertFalse(f.running)


class LastJobs(unittest.TestCase):
    def test_remembered(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "new", "jobs.json")
            Remembered(file).put("/shots/a.blend", "http://farm", "job-1")
            Remembered(file).put("", "http://farm", "job-2")
            again = Remembered(file)
            entry = again.get("/shots/a.blend", "http://farm")
            self.assertEqual(entry and entry.job, "job-1")
            self.assertIsNone(again.get("/shots/a.blend", "http://other"))
            self.assertIsNone(again.get("", "http://farm"))
            for n in range(MOST + 1):
                again.put(f"/{n}.blend", "http://farm", str(n))
            self.assertIsNone(Remembered(file).get("/shots/a.blend", "http://farm"))
            file.write_text("[1]")
            self.assertIsNone(Remembered(file).get("/1.blend", "http://farm"))


class Frames(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def job(self, output: Any, **more: Any) -> Job:
        return job(settings={"render_output_path": output, "image_file_extension": ".png"}, **more)

    def touch(self, *names: str) -> None:
        for name in names:
            (self.folder / name).touch()

    def test_runs(self) -> None:
        self.touch("000001.png", "000002.png", "000010.png", "000003.jpg", "x000004.png", "shot-1-3.mp4", "1000000.png")
        found = frames.find(self.job("{out}/######"), {"out": Variable(str(self.folder))})
        self.assertEqual([(r.first, r.names) for r in found.runs], [(1, ["000001.png", "000002.png"]), (10, ["000010.png"]), (1000000, ["1000000.png"])])
        self.assertEqual((found.count, found.folder), (4, self.folder))

    def test_names(self) -> None:
        runs = frames.runs_of(["a_0001_b.exr", "a_-001_b.exr", "a_0002.exr"], "a_####_b", "")
        self.assertEqual([r.first for r in runs], [1], "a sign takes the place of a digit, and four digits are asked for")
        self.assertEqual(frames.runs_of(["shot0007.PNG"], "shot", ".png")[0].first, 7)
        self.assertEqual(frames.runs_of(["a+1.png"], "a+#", ".png")[0].first, 1)

    def test_troubles(self) -> None:
        for settings, more, says in (
            (None, {}, "do not say where"), (7, {}, "do not say where"), ("/out/of/reach/####", {"steps_completed": 1}, "this computer cannot see"),
            ("/out/of/reach/####", {}, "no frames yet; wait"), (f"{self.folder}/####", {}, "no frames in .* yet"),
        ):
            with self.subTest(says), self.assertRaisesRegex(FarmError, says):
                frames.find(self.job(settings, **more), {})


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a manager that answers, restarts, lies, or is not there."""

import socket
import threading
import unittest
from typing import Any

from farm.core import cache, wire
from farm.core.client import Client, parse_url
from farm.core.errors import Canceled, FarmError
from farm.core.work import Work

from .manager import Manager, after, answer, golden, hang_up

JOB = wire.SubmittedJob("n", "render", 50, "linux", metadata={"a": "b"})


class WithManager(unittest.TestCase):
    def setUp(self) -> None:
        self.manager = Manager()
        self.addCleanup(self.manager.close)
        self.client = self.to(self.manager.url, patience=(0.01,) * 3)

    def to(self, url: str, *args: Any, **more: Any) -> Client:
        client = Client(url, *args, **more)
        self.addCleanup(client.close)
        return client


class Calls(WithManager):
    def test_info(self) -> None:
        info = cache.fetch(self.client, "linux")
        self.assertEqual([t.name for t in info.job_types], ["render"])
        self.assertEqual(info.tag("gpu"), info.tag("t1"))
        self.assertEqual(self.manager.asked, [f"GET /api/v3/{p}" for p in (
            "version", "configuration/shared-storage/users/linux", "jobs/types", "worker-mgt/tags")])

    def test_submit(self) -> None:
        self.client.check_job(JOB)
        job = self.client.submit_job(JOB)
        self.assertEqual((job.id, job.metadata, self.client.jobs()), ("job-1", {"a": "b"}, [job]))
        self.client.set_job_status(job.id, "cancel-requested", "why")
        self.assertEqual(self.client.job(job.id).status, "cancel-requested")

    def test_last_rendered(self) -> None:
        self.client.submit_job(JOB)
        self.assertIsNone(self.client.last_rendered("job-1"))
        self.manager.images["/job-files/job-1/last-rendered-small.jpg"] = b"JPEG"
        last = self.client.last_rendered("job-1")
        self.assertEqual(self.client.image(f"{last.base}/{last.suffixes[1]}"), b"JPEG")
        for bad in ("/etc/passwd", "/job-files/../x", "http://elsewhere/x"):
            with self.subTest(bad), self.assertRaisesRegex(FarmError, "where none can be"):
                self.client.image(bad)

    def test_odd_types_are_left_out(self) -> None:
        self.manager.types += [{"name": "odd"}, {"name": "odder", "label": "Odder", "etag": "", "settings": [{"key": "x", "type": "date"}]}, 7]
        info = cache.fetch(self.client, "linux")
        self.assertEqual([t.name for t in info.job_types], ["render"])
        self.assertEqual(len(info.warnings), 3)
        self.assertIn("'odd' is left out: it.label is missing", info.warnings[0])

    def test_versions(self) -> None:
        self.assertEqual(cache.fetch(self.client, "linux").warnings, [])
        self.manager.version = {**golden("Version"), "shortversion": "4.0"}
        self.assertIn("version 4.0", cache.fetch(self.client, "linux").warnings[0])


class Trouble(WithManager):
    def test_refusals(self) -> None:
        for status, says in ((400, "no output path"), (412, "outdated"), (500, "the disk")):
            self.manager.fault("POST /api/v3/jobs/check", answer(status, says))
            with self.subTest(status), self.assertRaises(FarmError) as caught:
                self.client.check_job(JOB)
            self.assertEqual((str(caught.exception), caught.exception.status, caught.exception.sent), (says, status, False))

    def test_restart(self) -> None:
        """What changes nothing is asked again."""
        self.client.version()
        self.manager.fault("GET /api/v3/version", hang_up, answer(503), hang_up)
        self.assertEqual(self.client.version().name, golden("Version")["name"])

    def test_stays_away(self) -> None:
        self.manager.fault("GET", *[hang_up] * 20)
        with self.assertRaisesRegex(FarmError, "cannot be reached: the connection broke") as caught:
            self.client.version()
        self.assertTrue(caught.exception.away)

    def test_submission_is_not_repeated(self) -> None:
        self.client.version()  # there is a connection that could be stale
        self.manager.fault("POST /api/v3/jobs", after(hang_up))
        with self.assertRaises(FarmError) as caught:
            self.client.submit_job(JOB)
        self.assertTrue(caught.exception.sent)
        self.assertEqual((len(self.manager.jobs), self.manager.count("POST /api/v3/jobs")), (1, 1))

    def test_answers_that_are_none(self) -> None:
        def page(h: Any) -> None:
            h.answer(200, b"<html>", "text/html")

        def array(h: Any) -> None:
            h.answer(200, [])

        self.manager.fault("GET /api/v3/version", page)
        with self.assertRaisesRegex(FarmError, "is not a manager: /api/v3/version is not JSON"):
            self.client.version()
        self.manager.fault("GET /api/v3/jobs/types", array)
        with self.assertRaisesRegex(FarmError, "has no 'job_types'"):
            self.client.job_types()
        self.manager.fault("POST /api/v3/jobs", array)
        with self.assertRaises(FarmError) as caught:
            self.client.submit_job(JOB)
        self.assertTrue(caught.exception.sent, "somebody has to look whether there is a job")

    def test_nobody_there(self) -> None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            with self.assertRaisesRegex(FarmError, "nothing answers there; is the manager running") as caught:
                Client(f"http://127.0.0.1:{s.getsockname()[1]}", patience=()).submit_job(JOB)
        self.assertFalse(caught.exception.sent)

    def test_cancel_wakes(self) -> None:
        """A thread that waits for the manager is woken by cancelling."""
        asked = threading.Event()

        def never(h: Any) -> None:
            asked.set()
            h.rfile.read(1)  # until the client goes away
            h.close_connection = True

        self.manager.fault("GET", never)
        work = Work()
        client = self.to(self.manager.url, work)
        threading.Thread(target=lambda: (asked.wait(), work.cancel()), daemon=True).start()
        with self.assertRaises(Canceled):
            client.version()

    def test_only_local(self) -> None:
        self.to(self.manager.url, only_local=True).version()
        with self.assertRaisesRegex(FarmError, "not allowed to go online"):
            Client("http://192.88.99.1:8080", only_local=True, patience=()).version()


class Addresses(WithManager):
    def test_good(self) -> None:
        for text, url in (("farm.local:8080/", "http://farm.local:8080"), (" http://h/farm/ ", "http://h/farm"), ("https://[::1]:1", "https://[::1]:1")):
            self.assertEqual(parse_url(text).geturl(), url)

    def test_bad(self) -> None:
        for text in ("", "ftp://h", "http://", "http://h:99999", "http://h/?x", "http://[::1", "http://h:x"):
            with self.subTest(text), self.assertRaisesRegex(FarmError, "is not the address"):
                parse_url(text)

    def test_prefix(self) -> None:
        """A manager may be behind a path of another server."""
        with self.assertRaises(FarmError):
            self.to(self.manager.url + "/farm").version()
        self.assertEqual(self.manager.asked, ["GET /farm/api/v3/version"])


if __name__ == "__main__":
    unittest.main()

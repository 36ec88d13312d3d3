# SPDX-License-Identifier: GPL-3.0-or-later
"""The client's shapes against the protocol's golden files, which the manager's tests write."""

import json
import pathlib
import unittest
from typing import Any

from farm.core import wire
from farm.core.errors import FarmError

GOLDEN = pathlib.Path(__file__).parents[2] / "testdata" / "wire"

# Shape, golden file; what the manager sends.
ANSWERS = {
    "Version": wire.Version, "SharedStorageLocation": wire.SharedStorage, "AvailableJobType": wire.JobType,
    "AvailableJobSetting": wire.Setting, "WorkerTag": wire.Tag, "Job": wire.Job, "ManagerVariable": wire.Variable,
    "JobLastRenderedImageInfo": wire.LastRendered, "Why": wire.Why,
}
LISTS = {
    "AvailableJobTypes": ("job_types", wire.JobType), "WorkerTagList": ("tags", wire.Tag), "JobsQueryResult": ("jobs", wire.Job),
    "ShamanRequirementsResponse": ("files", wire.WantedFile),
}
REQUESTS = {"SubmittedJob": wire.SubmittedJob, "ShamanFileSpec": wire.FileSpec, "JobStorageInfo": wire.JobStorage}


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


class Golden(unittest.TestCase):
    def test_answers(self) -> None:
        for name, shape in ANSWERS.items():
            for form in ("", ".min"):
                with self.subTest(name + form):
                    value = golden(name + form)
                    got = wire.decode(shape, value)
                    # Everything that the shape knows came through.
                    for key, item in wire.encode(got).items():
                        if isinstance(item, (str, int, float, bool)):
                            self.assertEqual(item, value.get(key, item), key)

    def test_lists(self) -> None:
        for name, (field, shape) in LISTS.items():
            for form in ("", ".min"):
                with self.subTest(name + form):
                    wire.decode(list[shape], golden(name + form)[field])

    def test_requests(self) -> None:
        for name, shape in REQUESTS.items():
            for form in ("", ".min"):
                with self.subTest(name + form):
                    value = golden(name + form)
                    got = wire.encode(wire.decode(shape, value))
                    self.assertEqual({k: v for k, v in got.items() if v != {}}, {k: v for k, v in value.items() if v != {}})

    def test_details(self) -> None:
        setting = wire.decode(wire.JobType, golden("AvailableJobType")).settings[0]
        self.assertEqual(setting.choices, ["PNG", "JPEG"])
        self.assertTrue(setting.eval_info.link_button)
        self.assertEqual(setting.eval_info.description, "As in the scene")
        self.assertTrue(wire.decode(wire.SharedStorage, golden("SharedStorageLocation")).shaman_enabled)


class Misfits(unittest.TestCase):
    def test_refused(self) -> None:
        good = golden("Job")
        for change, says in (
            ({"id": 7}, "Job.id is 7"), ({"steps_total": True}, "Job.steps_total is True"), ({"steps_total": "1"}, "steps_total"),
            ({"settings": []}, "Job.settings"), ({"metadata": {"a": 1}}, "Job.metadata.a"), ({"status": None}, "status"),
        ):
            with self.subTest(says), self.assertRaisesRegex(FarmError, says):
                wire.decode(wire.Job, {**good, **change})
        with self.assertRaisesRegex(FarmError, "Job.id is missing"):
            wire.decode(wire.Job, {k: v for k, v in good.items() if k != "id"})
        with self.assertRaises(FarmError):
            wire.decode(wire.Job, ["no object"])

    def test_unknown_keys_and_nulls(self) -> None:
        tag = wire.decode(wire.Tag, {"name": "gpu", "id": None, "colour": {"r": 1}})
        self.assertEqual(tag, wire.Tag("gpu"))


if __name__ == "__main__":
    unittest.main()

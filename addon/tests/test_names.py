# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of folders, by the cases that the command line and the job types are held to as well."""

import json
import pathlib
import unittest

from farm.core.names import LONGEST, folder_name


class FolderNames(unittest.TestCase):
    def test_shared_cases(self) -> None:
        cases = json.loads((pathlib.Path(__file__).parents[2] / "testdata" / "names.json").read_text("utf-8"))
        self.assertGreater(len(cases), 20)
        for case in cases:
            self.assertEqual(folder_name(case["name"]), case["folder"], case["name"])

    def test_holds(self) -> None:
        for name in (chr(n) * length for n in (*range(0x250), 0x202E, 0xD800, 0xDCFF, 0xFFFD, 0x1F3AC) for length in (1, 40, 101)):
            folder = folder_name(name)
            self.assertEqual(folder_name(folder), folder, repr(name))
            self.assertTrue(0 < len(folder.encode()) <= LONGEST and folder.strip(" .") == folder, repr(name))

# SPDX-License-Identifier: GPL-3.0-or-later
"""The farm key, and a server with a certificate of its own, which python_test.go starts."""

import os
import unittest

from farm.core.client import Client
from farm.core.errors import FarmError
from farm.core.proof import Proof

from .manager import Manager

URL, FINGERPRINT = os.environ.get("PROOF_URL", ""), os.environ.get("PROOF_FINGERPRINT", "")


class Keys(unittest.TestCase):
    def test_sent(self) -> None:
        manager = Manager()
        self.addCleanup(manager.close)
        for key in ("", " of-the-farm-123456 "):
            client = Client(manager.url, patience=(), proof=Proof(key))
            self.addCleanup(client.close)
            client.version()
            self.assertEqual(manager.headers.get("Farm-Key"), key.strip() or None)
        with self.assertRaisesRegex(FarmError, "copy it again"):
            Client(manager.url, patience=(), proof=Proof("ö" * 20)).version()

    def test_not_without_encryption(self) -> None:
        manager = Manager()
        self.addCleanup(manager.close)
        with self.assertRaisesRegex(FarmError, "not one of https"):
            Client(manager.url, patience=(), proof=Proof(fingerprint="00" * 32)).version()
        self.assertEqual(manager.asked, [])


@unittest.skipUnless(URL, "needs a manager with a certificate")
class Certificates(unittest.TestCase):
    def ask(self, fingerprint: str) -> None:
        client = Client(URL, patience=(), proof=Proof("k" * 20, fingerprint))
        self.addCleanup(client.close)
        client.version()

    def test_pinned(self) -> None:
        self.ask(FINGERPRINT)
        self.ask("SHA256:" + FINGERPRINT.upper())

    def test_others(self) -> None:
        with self.assertRaisesRegex(FarmError, f"fingerprint {FINGERPRINT}"):
            self.ask("00" * 32)
        with self.assertRaisesRegex(FarmError, "not accepted"):
            self.ask("")

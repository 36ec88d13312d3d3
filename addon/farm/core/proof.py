# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist's computer and the manager prove to each other."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
from typing import NamedTuple

from .errors import FarmError


class Proof(NamedTuple):
    """The farm's key, and the SHA-256 of the manager's certificate. Without a fingerprint that has to be one which the system trusts."""

    key: str = ""
    fingerprint: str = ""

    def headers(self) -> dict[str, str]:
        key = self.key.strip()
        if not key:
            return {}
        if not key.isascii() or not key.isprintable():
            raise FarmError("The farm key in the add-on's preferences has characters that no key has; copy it again")
        return {"Farm-Key": key}

    def connection(self, host: str, port: "int | None", timeout: float, blocksize: int) -> http.client.HTTPSConnection:
        context = ssl.create_default_context()
        if self.fingerprint:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # check says more
        return http.client.HTTPSConnection(host, port, timeout=timeout, blocksize=blocksize, context=context)

    def check(self, connection: http.client.HTTPConnection) -> None:
        """Refuses a manager with another certificate. Nothing may be sent before."""
        if not self.fingerprint:
            return
        if not isinstance(connection.sock, ssl.SSLSocket):
            raise FarmError("The add-on's preferences have the fingerprint of a certificate, and the manager's address is not one of https; write it with https://, or remove the fingerprint")
        wanted = self.fingerprint.lower().replace(":", "").replace(" ", "").removeprefix("sha256")
        found = hashlib.sha256(connection.sock.getpeercert(binary_form=True) or b"").hexdigest()
        if not hmac.compare_digest(found.encode(), wanted.encode()):
            raise FarmError(f"The manager's certificate has the fingerprint {found}, and not the one in the add-on's preferences. If the manager has a new one, “farm key show” there prints it; else somebody is in between")

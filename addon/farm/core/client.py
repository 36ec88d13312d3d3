# SPDX-License-Identifier: GPL-3.0-or-later
"""The manager, over HTTP: one method for each call of the v3 protocol that submitting needs.

Standard library only. Connections are kept per thread. Calls that change nothing are repeated while
the manager is away for a moment, as when it restarts; what may have been done is never repeated
by itself.
"""

from __future__ import annotations

import base64
import contextlib
import getpass
import http.client
import ipaddress
import json
import socket
import ssl
import threading
import urllib.parse
from typing import Any, BinaryIO, Iterator, NamedTuple

from . import wire
from .errors import Canceled, FarmError
from .proof import Proof
from .work import Work

TIMEOUT = 15.0  # seconds without a sign of the manager
PATIENCE = (0.5, 1, 2, 4, 8, 8, 8, 8, 8, 8)  # seconds between the attempts while it is away: about a minute
SLOWER = 20  # times TIMEOUT, for what changes something
MAX_ANSWER = 32 << 20  # bytes of JSON
MAX_IMAGE = 25 << 20
PIECE = 1 << 20  # bytes that are sent at a time
OFFSET = "Upload-Offset"
USER_AGENT = "Farm add-on"


def parse_url(text: str) -> urllib.parse.SplitResult:
    """Returns the manager's address without a trailing slash; a missing scheme is http."""
    text = text.strip()
    if "://" not in text:
        text = "http://" + text
    try:
        url = urllib.parse.urlsplit(text)
        url = url._replace(path=url.path.rstrip("/"))
        port_ok = url.port is None or 0 < url.port < 65536
    except ValueError:
        url, port_ok = urllib.parse.urlsplit(""), False
    if url.scheme not in ("http", "https") or not url.hostname or not port_ok or url.query or url.fragment:
        raise FarmError(f"“{text}” is not the address of a manager; it looks like http://farm.local:8080")
    return url


class Client:
    """Talks to one manager. May be used by several threads.

    With only_local the manager must be in a private network: the artist does not want Blender to
    go to the internet.
    """

    def __init__(self, url: str, work: Work | None = None, timeout: float = TIMEOUT, patience: tuple[float, ...] = PATIENCE, only_local: bool = False, proof: Proof = Proof()) -> None:
        self._url = parse_url(url)
        self._work = work or Work()
        self._timeout = timeout
        self._patience = patience
        self._only_local = only_local
        self.proof = proof
        self._user = _user_name().encode()
        self._kept = threading.local()
        self._lock = threading.Lock()  # guards _open
        self._open: set[http.client.HTTPConnection] = set()  # of all threads
        self._work.when_canceled(self._break_off)

    @property
    def url(self) -> str:
        return self._url.geturl()

    # What the manager is and has.

    def version(self) -> wire.Version:
        return wire.decode(wire.Version, self._get("/api/v3/version"))

    def shared_storage(self, platform: str) -> wire.SharedStorage:
        return wire.decode(wire.SharedStorage, self._get(f"/api/v3/configuration/shared-storage/users/{platform}"))

    def variables(self, platform: str) -> dict[str, wire.Variable]:
        return wire.decode(dict[str, wire.Variable], self._get(f"/api/v3/configuration/variables/users/{platform}"), "variables")

    def job_types(self) -> tuple[list[wire.JobType], list[str]]:
        """Returns the job types, and a sentence for each that cannot be understood."""
        answer = self._get("/api/v3/jobs/types")
        good, bad = [], []
        for item in wire.decode(list[Any], _field(answer, "job_types"), "job_types"):
            try:
                good.append(wire.decode(wire.JobType, item, "it"))
            except FarmError as e:
                name = item.get("name") if isinstance(item, dict) else None
                bad.append(f"Job type {name!r} is left out: {e}")
        return good, bad

    def tags(self) -> list[wire.Tag]:
        return wire.decode(list[wire.Tag], _field(self._get("/api/v3/worker-mgt/tags"), "tags"), "tags")

    # Jobs.

    def check_job(self, job: wire.SubmittedJob) -> None:
        """Has the manager compile the job without keeping it."""
        self._ask("POST", "/api/v3/jobs/check", wire.encode(job), again=True)

    def submit_job(self, job: wire.SubmittedJob) -> wire.Job:
        """Submits the job. An error with sent leaves open whether there is a job now."""
        self._drop()  # a kept connection that breaks would leave it open too
        try:
            answer = self._ask("POST", "/api/v3/jobs", wire.encode(job))
        except FarmError as e:
            raise FarmError(str(e), e.status, e.sent or 0 < e.status < 300) from e  # what is no JSON says nothing either
        try:
            return wire.decode(wire.Job, answer)
        except FarmError as e:
            raise FarmError(str(e), sent=True) from e

    def job(self, job_id: str) -> wire.Job:
        return wire.decode(wire.Job, self._get(f"/api/v3/jobs/{job_id}"))

    def why(self, job_id: str) -> "wire.Why | None":
        """Says why a job waits. None: the manager cannot tell, as this is an addition of Farm's."""
        try:
            return wire.decode(wire.Why, self._get(f"/api/farm/jobs/{job_id}/why"))
        except FarmError as e:
            if e.status in (404, 405):
                return None
            raise

    def jobs(self) -> list[wire.Job]:
        return wire.decode(list[wire.Job], _field(self._get("/api/v3/jobs"), "jobs"), "jobs")

    def set_job_status(self, job_id: str, status: str, reason: str) -> None:
        self._ask("POST", f"/api/v3/jobs/{job_id}/setstatus", {"status": status, "reason": reason}, again=True)

    def last_rendered(self, job_id: str) -> wire.LastRendered | None:
        answer = self._get(f"/api/v3/jobs/{job_id}/last-rendered")
        return None if answer is None else wire.decode(wire.LastRendered, answer)

    def image(self, path: str) -> bytes:
        """Returns a file below /job-files/."""
        if not path.startswith("/job-files/") or ".." in path:
            raise FarmError(f"the manager says that its image is at {path!r}, where none can be")
        answer = self._repeat("GET", urllib.parse.quote(path), None, {}, MAX_IMAGE)
        if answer.status != 200:
            raise _refusal(answer)
        return answer.text

    # Shaman, the store of files by content.

    def shaman_wanted(self, files: list[wire.FileSpec]) -> list[wire.WantedFile]:
        """Returns those of the files that the manager does not have yet. Others may be uploading some of them."""
        answer = self._ask("POST", "/api/v3/shaman/checkout/requirements", {"files": wire.encode(files)}, again=True)
        return wire.decode(list[wire.WantedFile], _field(answer, "files"), "files")

    def shaman_have(self, file: wire.FileSpec) -> "int | None":
        """Returns how many bytes of a file are at the manager: all, or those of an upload that broke off.

        None: it is not there, and the manager cannot continue uploads, which is an addition of Farm's.
        """
        answer = self._repeat("GET", f"/api/v3/shaman/files/{file.sha}/{file.size}", None, {}, MAX_ANSWER)
        if wire.decode(str, _field(self._value(answer, "the file's status"), "status")) == "stored":
            return file.size
        try:
            return max(0, min(file.size, int(answer.headers[OFFSET])))
        except (TypeError, ValueError):
            return None

    def shaman_upload(self, file: wire.FileSpec, name: str, body: Iterator[bytes], defer: bool, offset: "int | None" = None) -> int:
        """Sends a file's content, and returns the status: 200 and 204 stored, 208 was there, 425 is being
        uploaded by somebody else, 408 and 409 begin again where shaman_have says.

        With an offset the body is the rest from there on. The manager answers 425 only if defer.
        """
        path = f"/api/v3/shaman/files/{file.sha}/{file.size}"
        headers = {
            "Content-Type": "application/octet-stream", "Content-Length": str(file.size - (offset or 0)),
            "X-Shaman-Can-Defer-Upload": "true" if defer else "false",
            "X-Shaman-Original-Filename": _encoded_word(name),
        }
        if offset is not None:
            headers[OFFSET] = str(offset)
        answer = self._request("POST", path, body, headers, MAX_ANSWER)
        if answer.status not in (200, 204, 208, 408, 409, 425):
            raise _refusal(answer)
        return answer.status

    def shaman_checkout(self, files: list[wire.FileSpec], path: str) -> str:
        """Puts the files together in a new folder, and returns its path below the jobs' folder.

        If the manager restarts just then there may be another such folder, which it removes as it has no job.
        """
        answer = self._ask("POST", "/api/v3/shaman/checkout/create", {"files": wire.encode(files), "checkoutPath": path}, again=True)
        return wire.decode(str, _field(answer, "checkoutPath"), "checkoutPath")

    # Requests.

    def _get(self, path: str) -> Any:
        return self._ask("GET", path, None, again=True)

    def _ask(self, method: str, path: str, body: Any, again: bool = False) -> Any:
        """Returns the answer's JSON, None if there is none. With again it may be done twice, else only if it was not sent."""
        data = None if body is None else json.dumps(body).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        return self._value(self._repeat(method, path, data, headers, MAX_ANSWER, again), path)

    def _value(self, answer: _Answer, what: str) -> Any:
        """Returns the JSON of an answer, None if it has none; FarmError if it is a refusal."""
        if answer.status >= 300:
            raise _refusal(answer)
        if not answer.text:
            return None
        try:
            return json.loads(answer.text)
        except ValueError:
            raise FarmError(f"What answers at {self.url} is not a manager: {what} is not JSON. Look at the address in the add-on's preferences", answer.status) from None

    def _repeat(self, method: str, path: str, body: bytes | None, headers: dict[str, str], most: int, again: bool = True) -> _Answer:
        """Asks until the manager is there, for as long as the client is patient."""
        for pause in self._patience:
            try:
                answer = self._request(method, path, body, headers, most)
                if answer.status != 503 or not again:
                    return answer
            except FarmError as e:
                if not e.away or e.sent and not again:
                    raise
            self._work.wait(pause)
        return self._request(method, path, body, headers, most)

    def _request(self, method: str, path: str, body: Any, headers: dict[str, str], most: int) -> _Answer:
        """Asks once."""
        self._work.check()
        try:
            return self._exchange(method, path, body, headers, most)
        except _Stale:
            # The manager has closed the kept connection meanwhile, and has not seen the request.
            return self._exchange(method, path, body, headers, most)

    def _exchange(self, method: str, path: str, body: Any, headers: dict[str, str], most: int) -> _Answer:
        c = self._connection()
        kept, sent, whole = c.sock is not None, False, False
        stream = not (body is None or isinstance(body, bytes))
        try:
            if not kept:
                if self._only_local:
                    _check_local(self._url.hostname or "")
                c.connect()
                self.proof.check(c)
                c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # What changes something may take the manager a while.
            c.sock.settimeout(self._timeout if method == "GET" else self._timeout * SLOWER)
            sent = True
            try:
                c.request(method, self._url.path + path, body, {"User-Agent": USER_AGENT, "Farm-User": self._user, "Accept": "application/json", **self.proof.headers(), **headers})
            except (BrokenPipeError, ConnectionResetError):
                # The manager may answer before it has read all of a file: it has it, or does not want it.
                if not stream:
                    raise
            answer = c.getresponse()
            text = answer.read(most + 1)
            if len(text) > most:
                raise FarmError(f"The manager's answer to {path} is larger than {most >> 20} MB, which cannot be right", answer.status)
            whole = not stream or answer.status < 300
            return _Answer(answer.status, text, answer.headers)
        except (OSError, http.client.HTTPException) as e:
            if self._work.canceled:
                raise Canceled from e
            if kept and not stream and isinstance(e, (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected)):
                raise _Stale from e
            raise FarmError(_why(self.url, e), sent=sent) from e
        finally:
            if not whole:
                self._drop()

    def _connection(self) -> http.client.HTTPConnection:
        """Returns this thread's connection, which may have to be opened."""
        if not hasattr(self._kept, "connection"):
            make = self.proof.connection if self._url.scheme == "https" else http.client.HTTPConnection
            self._kept.connection = make(self._url.hostname or "", self._url.port, timeout=self._timeout, blocksize=PIECE)
            with self._lock:
                self._open.add(self._kept.connection)
        return self._kept.connection

    def _drop(self) -> None:
        if hasattr(self._kept, "connection"):
            with self._lock:
                self._open.discard(self._kept.connection)
            self._kept.connection.close()
            del self._kept.connection

    def close(self) -> None:
        """Closes the connections. The next call opens another."""
        with self._lock:
            for c in self._open:
                c.close()

    def _break_off(self) -> None:
        """Wakes the threads that wait for the manager."""
        with self._lock:
            for c in self._open:
                with contextlib.suppress(OSError, AttributeError):  # it may not be connected, or be closed just now
                    c.sock.shutdown(socket.SHUT_RDWR)


class _Answer(NamedTuple):
    status: int
    text: bytes
    headers: Any  # by name, in any case


class _Stale(Exception):
    """A kept connection was closed by the other side before it was used again."""


def pieces(f: BinaryIO) -> Iterator[bytes]:
    """Yields a file's content from where it is."""
    while piece := f.read(PIECE):
        yield piece


def _user_name() -> str:
    """Returns who this is, for the manager to tell others who changed what; "" if nobody knows."""
    try:
        return getpass.getuser().replace("\n", " ").replace("\r", " ")
    except (OSError, KeyError, ImportError):
        return ""


def _check_local(host: str) -> None:
    for *_, address in socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP):
        if not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_private:
            raise FarmError(f"{host} is not in a private network, and Blender is not allowed to go online; allow it in Blender's preferences, System, Network")


def _field(answer: Any, name: str) -> Any:
    if not isinstance(answer, dict) or name not in answer:
        raise FarmError(f"the manager's answer has no {name!r}; look at the address in the add-on's preferences")
    return answer[name]


def _refusal(answer: _Answer) -> FarmError:
    """Returns the error that the manager answered with."""
    message = ""
    with contextlib.suppress(ValueError):
        value = json.loads(answer.text)
        message = value.get("message", "") if isinstance(value, dict) else ""
    reason = http.client.responses.get(answer.status, "no known status")
    return FarmError(str(message) or f"The manager answered {answer.status} ({reason})", answer.status)


def _why(url: str, e: Exception) -> str:
    """Says in words why there was no answer."""
    match e:
        case ConnectionRefusedError():
            why = "nothing answers there; is the manager running"
        case socket.gaierror():
            why = "there is no computer of this name; is the address right"
        case TimeoutError():
            why = "there was no answer in time; is the address right, and the network there"
        case ssl.SSLError():
            why = f"its certificate is not accepted ({e.reason or e}); is it to be http instead of https"
        case http.client.BadStatusLine() | http.client.RemoteDisconnected() | ConnectionError():
            why = "the connection broke; has the manager stopped"
        case _:
            why = f"{e}; is the address right"
    return f"The manager at {url} cannot be reached: {why}?"


def _encoded_word(name: str) -> str:
    """Returns a file's name as a header may have it (RFC 2047)."""
    if name.isascii() and name.isprintable():
        return name
    return "=?utf-8?b?" + base64.b64encode(name.encode("utf-8", "replace")).decode() + "?="

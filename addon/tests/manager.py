# SPDX-License-Identifier: GPL-3.0-or-later
"""A manager for tests: real HTTP routes over dictionaries, with faults on demand."""

from __future__ import annotations

import hashlib
import json
import pathlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

GOLDEN = pathlib.Path(__file__).parents[2] / "testdata" / "wire"


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


class Manager:
    """Answers the calls of a submission. faults maps "METHOD path" to what is done instead of the answer, the next time."""

    def __init__(self, storage: str = "/nowhere", shaman: bool = False) -> None:
        self.version = golden("Version")
        self.storage, self.shaman = storage, shaman
        self.types: list[Any] = [{"name": "render", "label": "Render", "etag": "e1", "settings": [
            {"key": "frames", "type": "string", "default": "1-3"}, {"key": "blendfile", "type": "string", "visible": "web"}]}]
        self.tags: list[Any] = [{"id": "t1", "name": "gpu"}]
        self.variables: dict[str, Any] = {"jobs": {"value": "/farm/jobs", "is_twoway": False}}
        self.jobs: list[Any] = []
        self.images: dict[str, bytes] = {}
        self.why: dict[str, Any] = {}  # by job; a manager that is not Farm knows none
        self.stored: dict[tuple[str, int], bytes] = {}
        self.resumes = True  # whether it knows Upload-Offset, as Flamenco does not
        self.parts: dict[str, bytes] = {}  # of uploads that broke off, by checksum
        self.checkouts: dict[str, list[Any]] = {}
        self.headers: Any = {}  # of the last request
        self.asked: list[str] = []  # "METHOD path", in order
        self.received = 0  # bytes of uploads
        self.faults: dict[str, list[Callable[[Handler], None]]] = {}
        self.lock = threading.Lock()  # guards all of these
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.manager = self  # type: ignore[attr-defined]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def fault(self, call: str, *what: Callable[["Handler"], None]) -> None:
        self.faults.setdefault(call, []).extend(what)

    def count(self, call: str) -> int:
        return sum(1 for c in self.asked if c.startswith(call))


def hang_up(h: "Handler") -> None:
    """Breaks the connection off without an answer, as a manager that is killed."""
    h.close_connection = True
    h.connection.close()


def answer(status: int, message: str = "") -> Callable[["Handler"], None]:
    """Answers so instead, without reading the body; the connection ends."""

    def do(h: "Handler") -> None:
        h.close_connection = True
        h.answer(status, {"code": status, "message": message})

    return do


def break_off(at: int) -> Callable[["Handler"], None]:
    """Keeps the beginning of an upload, and breaks the connection off."""

    def do(h: "Handler") -> None:
        h.manager.parts[h.path.split("/")[5]] = h.rfile.read(at)
        h.manager.received += at
        hang_up(h)

    return do


def after(part: Callable[["Handler"], None]) -> Callable[["Handler"], None]:
    """Does the work, and then the fault instead of the answer."""

    def do(h: "Handler") -> None:
        h.quiet = True
        h.serve()
        part(h)

    return do


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body together, or the second waits for the first to be acknowledged
    quiet = False

    def log_message(self, *_: Any) -> None:
        pass

    @property
    def manager(self) -> Manager:
        return self.server.manager  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        call = f"{self.command} {self.path}"
        self.quiet = False
        with self.manager.lock:
            self.manager.asked.append(call)
            self.manager.headers = self.headers
            fault = next((faults.pop(0) for prefix, faults in self.manager.faults.items() if call.startswith(prefix) and faults), None)
        if fault:
            fault(self)
        else:
            self.serve()

    do_POST = do_GET

    def answer(self, status: int, body: Any = None, kind: str = "application/json", offset: "int | None" = None) -> None:
        if self.quiet:
            return
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if offset is not None:
            self.send_header("Upload-Offset", str(offset))
        self.end_headers()
        self.wfile.write(data)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def serve(self) -> None:
        m, path = self.manager, self.path
        body = self.body()
        if path.startswith("/api/farm/"):
            job_id = path.split("/")[4]
            self.answer(200, m.why[job_id]) if job_id in m.why else self.answer(404, {"message": "Not Found"})
            return
        with m.lock:
            match self.command, path.removeprefix("/api/v3").strip("/").split("/"):
                case "GET", ["version"]:
                    self.answer(200, m.version)
                case "GET", ["configuration", "shared-storage", "users", platform]:
                    self.answer(200, {"location": m.storage, "audience": "users", "platform": platform, "shamanEnabled": m.shaman})
                case "GET", ["configuration", "variables", "users", _]:
                    self.answer(200, m.variables)
                case "GET", ["jobs", "types"]:
                    self.answer(200, {"job_types": m.types})
                case "GET", ["worker-mgt", "tags"]:
                    self.answer(200, {"tags": m.tags})
                case "POST", ["jobs", "check"]:
                    self.answer(204)
                case "POST", ["jobs"]:
                    job = {**golden("Job.min"), **json.loads(body), "id": f"job-{len(m.jobs) + 1}"}
                    m.jobs.append(job)
                    self.answer(200, job)
                case "GET", ["jobs"]:
                    self.answer(200, {"jobs": m.jobs})
                case "GET", ["jobs", job_id]:
                    job = next((j for j in m.jobs if j["id"] == job_id), None)
                    self.answer(200 if job else 404, job or {"code": 404, "message": "no such job"})
                case "GET", ["jobs", job_id, "last-rendered"]:
                    found = any(name.startswith(f"/job-files/{job_id}/") for name in m.images)
                    self.answer(200, {"base": f"/job-files/{job_id}", "suffixes": ["last-rendered.jpg", "last-rendered-small.jpg"]}) if found else self.answer(204)
                case "POST", ["jobs", job_id, "setstatus"]:
                    next(j for j in m.jobs if j["id"] == job_id).update(status=json.loads(body)["status"])
                    self.answer(204)
                case "GET", ["job-files", *_]:
                    self.answer(200, m.images[path], "image/jpeg") if path in m.images else self.answer(404, {"code": 404, "message": "no such file"})
                case "POST", ["shaman", "checkout", "requirements"]:
                    wanted = {(f["sha"], f["size"]): {**f, "status": "unknown"} for f in json.loads(body)["files"] if (f["sha"], f["size"]) not in m.stored}
                    self.answer(200, {"files": list(wanted.values())})
                case "POST", ["shaman", "checkout", "create"]:
                    self.checkout(json.loads(body))
                case "GET", ["shaman", "files", sha, size]:
                    status = "stored" if (sha, int(size)) in m.stored else "unknown"
                    self.answer(200, {"status": status}, offset=len(m.parts.get(sha, b"")) if m.resumes and status == "unknown" else None)
                case "POST", ["shaman", "files", sha, size]:
                    m.received += len(body)
                    offset = int(self.headers.get("Upload-Offset") or 0)
                    body = m.parts.pop(sha, b"")[:offset] + body
                    if (sha, int(size)) in m.stored:
                        self.answer(208)
                    elif hashlib.sha256(body).hexdigest() != sha or len(body) != int(size):
                        self.answer(417, {"code": 417, "message": "the checksum is another"})
                    else:
                        m.stored[sha, int(size)] = body
                        self.answer(204)
                case _:
                    self.answer(404, {"message": "Not Found"})

    def checkout(self, body: Any) -> None:
        m = self.manager
        if any((f["sha"], f["size"]) not in m.stored for f in body["files"]):
            self.answer(424, {"code": 424, "message": "files are missing"})
            return
        name = body["checkoutPath"] + ("-x7k2" if body["checkoutPath"] in m.checkouts else "")
        m.checkouts[name] = body["files"]
        self.answer(200, {"checkoutPath": name})

# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends files to a manager with Shaman: what it has already is not sent again.

Files are hashed in the background while others are sent; each batch of hashed files is compared with
what the manager has. In the end the manager puts all of them together in a folder, the checkout.
"""

from __future__ import annotations

import concurrent.futures as futures
import os
import queue
import threading
from dataclasses import dataclass, field
from typing import Iterator

from .client import PIECE, Client
from .errors import Canceled, FarmError
from .hashing import Hashes
from .names import folder_name
from .packing import File
from .wire import FileSpec, WantedFile
from .work import Work

BATCH_FILES = 200
BATCH_BYTES = 256 << 20
HASHERS = 2
SENDERS = 4
ROUNDS = 12  # attempts at a file whose upload breaks off, or that somebody else is uploading
CHECKOUTS = 5  # attempts at putting the files together
PAUSE = 2.0  # seconds between those
LARGE = 8 << 20  # bytes from which it is worth asking whether part of a file is there from an upload that broke off


Hashed = tuple[FileSpec, str]  # what a file is, and where


@dataclass
class Transfer:
    """What a submission sent: for the report, and for tests of what is not sent twice."""

    checkout: str = ""
    files: int = 0
    sent_files: int = 0
    sent_bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)  # guards the numbers above

    def count(self, size: int) -> None:
        with self._lock:
            self.sent_files += 1
            self.sent_bytes += size


def send(client: Client, files: list[File], hashes: Hashes, name: str, work: Work) -> Transfer:
    """Sends what the manager does not have, and returns where the files are together then."""
    done = Transfer(files=len(files))
    work.phase("Hashing", files=len(files), size=sum(f.size for f in files))
    with futures.ThreadPoolExecutor(SENDERS, "farm-send") as threads:
        try:
            sender = _Sender(client, work, done, threads)
            known: list[Hashed] = []
            for batch in _batches(files, hashes, work):
                known += batch
                if sender.begin(batch):
                    work.rename("Hashing and uploading")
            work.rename("Uploading")
            sender.finish()
            hashes.save()
            done.checkout = _checkout(sender, known, folder_name(name), work)
        except BaseException:
            work.cancel()  # the other uploads end at their next piece
            raise
    return done


def _checkout(sender: _Sender, known: list[Hashed], path: str, work: Work) -> str:
    """Has the files put together, and returns where."""
    for _ in range(CHECKOUTS):
        work.phase("Putting the files together")
        try:
            return sender.client.shaman_checkout([spec for spec, _ in known], path)
        except FarmError as e:
            if e.status != 424:
                raise
            trouble = e
        # A manager that was killed may have lost the last files that it was given.
        work.phase("Uploading again what got lost")
        for start in range(0, len(known), BATCH_FILES):
            sender.begin(known[start:start + BATCH_FILES])
        sender.finish()
    raise trouble


class _Sender:
    """Uploads files in several threads, while others are hashed."""

    def __init__(self, client: Client, work: Work, done: Transfer, threads: futures.ThreadPoolExecutor) -> None:
        self.client, self._work, self._done, self._threads = client, work, done, threads
        self._pending: set[futures.Future] = set()

    def begin(self, batch: list[Hashed]) -> bool:
        """Begins to send those of the files that the manager does not have, and reports whether there are any; waits when there are many."""
        sources = {(spec.sha, spec.size): source for spec, source in batch}
        wanted = self.client.shaman_wanted([spec for spec, _ in batch])
        for want in wanted:
            source = sources.get((want.sha, want.size))
            if source is None:
                raise FarmError(f"The manager asks for a file that was not offered ({want.path!r}); it may be of a version that this add-on does not know")
            self._work.grow(size=want.size)
            self._pending.add(self._threads.submit(_upload, self.client, want, source, self._work, self._done))
            if len(self._pending) >= 4 * SENDERS:
                self._pending = _settle(self._pending, futures.FIRST_COMPLETED)
        return bool(wanted)

    def finish(self) -> None:
        """Waits until everything is sent."""
        self._pending = _settle(self._pending, futures.ALL_COMPLETED)


def _settle(pending: set[futures.Future], when: str) -> set[futures.Future]:
    """Waits for uploads, and raises the error of one that failed."""
    finished, rest = futures.wait(pending, return_when=when)
    errors = [e for f in finished if (e := f.exception()) is not None]
    if errors:
        # That others were cancelled is a consequence.
        raise next((e for e in errors if not isinstance(e, Canceled)), errors[0])
    return set(rest)


def _batches(files: list[File], hashes: Hashes, work: Work) -> Iterator[list[Hashed]]:
    """Yields the files with their sums, as they become known."""
    ready: queue.SimpleQueue = queue.SimpleQueue()
    todo = iter(files)
    taking = threading.Lock()  # guards todo
    stop = threading.Event()

    def hasher() -> None:
        try:
            while not stop.is_set():
                with taking:
                    f = next(todo, None)
                if f is None:
                    break
                sha, size = hashes.sha256(f.source, lambda n: work.add(size=n))
                work.add(files=1)
                ready.put((FileSpec(sha, size, f.target), f.source))
        except BaseException as e:
            ready.put(e)
        ready.put(None)

    threads = [threading.Thread(target=hasher, name="farm-hash", daemon=True) for _ in range(HASHERS)]
    for t in threads:
        t.start()
    try:
        batch: list[Hashed] = []
        running = len(threads)
        while running:
            item = ready.get()
            if item is None:
                running -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                batch.append(item)
            if batch and (not running or len(batch) >= BATCH_FILES or sum(s.size for s, _ in batch) >= BATCH_BYTES):
                yield batch
                batch = []
    finally:
        stop.set()


def _upload(client: Client, want: WantedFile, source: str, work: Work, done: Transfer) -> None:
    """Sends one file; again, or the rest of it, if the connection breaks or somebody else's upload of it comes to nothing."""
    for attempt in range(ROUNDS):
        sent = [0]
        try:
            # A small file is sent as quickly as asked about.
            offset = client.shaman_have(want) if attempt or want.size >= LARGE else None
            if offset == want.size > 0:
                status = 208
            else:
                body = _content(source, offset or 0, want.size, work, sent)
                status = client.shaman_upload(want, os.path.basename(want.path), body, attempt < ROUNDS // 2, offset)
            if status in (200, 204, 208):
                work.add(size=want.size - sent[0])
                done.count(sent[0])
                return
            trouble = FarmError(f"The upload of {want.path} does not finish, perhaps because somebody else is uploading the same file; submit again")
        except FarmError as e:
            if e.status == 417:
                e = FarmError(f"{source} was changed while it was uploaded; submit again when it is complete ({e})", 417)
            if not e.away:
                raise e
            trouble = e
        work.add(size=-sent[0])
        if attempt + 1 < ROUNDS:
            work.wait(PAUSE)
    raise trouble


def _content(source: str, offset: int, size: int, work: Work, sent: list[int]) -> Iterator[bytes]:
    """Yields the file from offset to exactly size bytes, and counts in sent what was yielded."""
    try:
        with open(source, "rb", buffering=0) as f:
            f.seek(offset)
            while offset + sent[0] < size:
                piece = f.read(min(PIECE, size - offset - sent[0]))
                if not piece:
                    raise FarmError(f"{source} became shorter while it was uploaded; submit again when it is complete", 417)
                yield piece
                sent[0] += len(piece)
                work.add(size=len(piece))
    except OSError as e:
        raise FarmError(f"{source} cannot be read: {e.strerror or e}", 417) from e

# SPDX-License-Identifier: GPL-3.0-or-later
"""A submission, from the button to the job.

submission is a generator: what it yields is work for a thread, and what it does between is for the
main thread, where Blender may be asked. Who drives it decides what waits: the interface looks at the
thread from a timer (runner.py), a script waits (run). Closing it, or an error in it, takes away what
was made and is not used by a job.
"""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import tempfile
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable, Generator, Protocol, TypeVar

from . import cache, copying, packing, settings, shaman
from .cache import ManagerInfo
from .client import Client
from .errors import Canceled, FarmError
from .hashing import Hashes
from .wire import Job, JobStorage, JobType, SubmittedJob
from .work import Work

TOKEN = "farm-submission"  # metadata that says which submission a job came of
NOTIFY = "farm.notify"  # metadata that names whom the manager tells of the job
COPIES = "submitted-folder"  # metadata that names the folder with the job's files, which the manager removes with the job
LOOKS = (1, 2, 4, 8)  # seconds between the looks for a job whose answer got lost: the manager may still be storing it


@dataclass(frozen=True)
class Request:
    """What the artist wants, without the settings of the job type. Empty texts stand for the default."""

    name: str
    job_type: str
    priority: int = 50
    tag: str = ""  # name or id
    paused: bool = False
    notify: str = ""  # whom the manager tells of the job, with commas between them


@dataclass(frozen=True)
class Blend:
    """A .blend file on the disk that is as the artist sees it. own is the artist's file, which gives the name.

    temporary says that it was made for this submission.
    """

    path: pathlib.Path
    own: pathlib.Path
    temporary: bool = False


class Host(Protocol):
    """Who has the file: Blender, with the artist before it. Called in the main thread only."""

    platform: str
    hashes_file: pathlib.Path

    def adopt(self, info: ManagerInfo) -> None:
        """Takes in what the manager has."""

    def request(self) -> Request:
        """Returns what is to be submitted."""

    def settings(self, job_type: JobType) -> dict[str, Any]:
        """Returns the values of the job type's settings."""

    def blend(self) -> Blend:
        """Returns the file, saved."""

    def beyond(self, storage: str) -> list[str]:
        """Returns the files that are needed and are not below the storage."""

    def packer(self, own: pathlib.Path) -> packing.Packer:
        """Returns how to collect what the file needs."""


@dataclass
class Outcome:
    """What became of a submission: a job, and what the artist should know of it."""

    job: Job
    how: str = ""  # in place, uploaded, copied
    warnings: list[str] = field(default_factory=list)
    missing: list[packing.Missing] = field(default_factory=list)
    transfer: shaman.Transfer | None = None


@dataclass
class Delivered:
    """Where the file is for the farm. undo takes away what was made for it."""

    blendfile: str
    how: str
    warnings: list[str] = field(default_factory=list)
    missing: list[packing.Missing] = field(default_factory=list)
    transfer: shaman.Transfer | None = None
    copies: str = ""  # name of the folder that was made for the job's files
    undo: Callable[[], None] = lambda: None


Step = Callable[[], Any]  # work for a thread; its result goes back into the generator
Submission = Generator[Step, Any, Outcome]
T = TypeVar("T")


def run(submission: Generator[Step, Any, T]) -> T:
    """Does it all at once, in this thread."""
    result: Any = None
    failed: BaseException | None = None
    while True:
        try:
            step = submission.throw(failed) if failed else submission.send(result)
        except StopIteration as end:
            return end.value
        result, failed = None, None
        try:
            result = step()
        except BaseException as e:
            failed = e


def refreshing(host: Host, client: Client, work: Work) -> Generator[Step, Any, ManagerInfo]:
    """Asks the manager what it has, and nothing more."""
    work.phase("Asking the manager")
    info = yield lambda: cache.fetch(client, host.platform)
    host.adopt(info)
    return info


def submission(host: Host, client: Client, work: Work) -> Submission:
    """Submits what the host has. See the top of this file."""
    info = yield from refreshing(host, client, work)
    wanted, job = _job(host, info)

    work.phase("Checking the job")
    job_type = info.job_type(wanted.job_type)
    assert job_type is not None
    yield lambda: client.check_job(job)

    work.phase("Saving")
    with contextlib.ExitStack() as later:
        blend = host.blend()
        delivered = yield from _deliver(host, client, work, info, blend, job.name, later)
        job.settings = settings.with_blendfile(job_type, job.settings, delivered.blendfile)
        if delivered.missing and job_type.setting("allow_missing"):
            job.settings["allow_missing"] = True  # the artist was told, and goes on
        if delivered.transfer:
            job.storage = JobStorage(delivered.transfer.checkout)
        if delivered.copies:
            job.metadata[COPIES] = delivered.copies
        try:
            work.phase("Submitting")
            created = yield lambda: _submit(client, job, work)
        except (Unsure, GeneratorExit):
            raise  # there may be a job that needs the files
        except BaseException:
            delivered.undo()
            raise
    warnings = [*info.warnings, *delivered.warnings]
    if created.activity.startswith("Warning:"):
        warnings.append(created.activity)
    return Outcome(created, delivered.how, warnings, delivered.missing, delivered.transfer)


def _job(host: Host, info: ManagerInfo) -> tuple[Request, SubmittedJob]:
    """Returns the job as it will be submitted, but for the file's place."""
    wanted = host.request()
    job_type = info.job_type(wanted.job_type)
    if job_type is None:
        names = ", ".join(t.name for t in info.job_types) or "none"
        if not wanted.job_type:
            raise FarmError(f"Choose a job type; the manager has {names}")
        raise FarmError(f"The manager has no job type “{wanted.job_type}” (any more); it has {names}")
    tag_id = ""
    if wanted.tag:
        tag = info.tag(wanted.tag)
        if tag is None:
            raise FarmError(f"The manager has no tag “{wanted.tag}” (any more); choose another one, or none")
        tag_id = tag.id
    values = settings.with_blendfile(job_type, host.settings(job_type), settings.DUMMY)
    metadata = {TOKEN: str(uuid.uuid4())}
    if wanted.notify.strip():
        metadata[NOTIFY] = wanted.notify.strip()
    return wanted, SubmittedJob(
        name=wanted.name, type=job_type.name, type_etag=job_type.etag, priority=wanted.priority, submitter_platform=host.platform,
        settings=values, metadata=metadata, worker_tag=tag_id, initial_status="paused" if wanted.paused else "queued")


def _deliver(host: Host, client: Client, work: Work, info: ManagerInfo, blend: Blend, name: str, later: contextlib.ExitStack) -> Generator[Step, Any, Delivered]:
    """Brings the file and what it needs to where the farm finds it."""
    assert info.storage is not None
    location = info.storage.root
    if blend.temporary:
        later.callback(blend.path.unlink, missing_ok=True)
    place = yield lambda: copying.inside(location, blend.path)  # a share that is gone lets everybody wait who looks
    work.check()
    if place is not None:
        # The farm reads the file itself: a temporary copy stays, as the job needs it, unless there will be no job.
        undo = (lambda: blend.path.unlink(missing_ok=True)) if blend.temporary else (lambda: None)
        warnings = _warn_of(host.beyond(location))
        later.pop_all()
        return Delivered(str(place), "in place", warnings, undo=undo)
    if not info.shaman:
        yield lambda: copying.check(location)  # before the work of collecting
        work.check()
    packer = host.packer(blend.own)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="farm-"))
    later.callback(shutil.rmtree, scratch, ignore_errors=True)

    plan = yield lambda: packer.run(blend.path, scratch, work)
    plan = packing.renamed(plan, blend.own.name)
    if info.shaman:
        hashes = Hashes(host.hashes_file)
        sent = yield lambda: shaman.send(client, plan.files, hashes, name, work)
        return Delivered(f"{{jobs}}/{sent.checkout}/{plan.blend}", "uploaded", plan.warnings, plan.missing, sent)
    folder = yield lambda: copying.copy(plan.files, location, name, work)
    return Delivered(str(folder.joinpath(*plan.blend.split("/"))), "copied", plan.warnings, plan.missing, copies=folder.name, undo=lambda: copying.remove(folder))


def _warn_of(beyond: list[str]) -> list[str]:
    """Says what workers may not see of a file that is used where it is."""
    if not beyond:
        return []
    more = f" and {len(beyond) - 5} more" if len(beyond) > 5 else ""
    return [f"Outside of the farm's storage, where workers may not see them: {', '.join(beyond[:5])}{more}"]


class Unsure(FarmError):
    """Nobody knows whether there is a job now, so nothing is taken away."""


def _submit(client: Client, job: SubmittedJob, work: Work) -> Job:
    """Submits the job. But for Unsure, an error means that there is none.

    An answer may get lost, as when the manager restarts just then; whether there is a job is asked afterwards.
    """
    work.check()
    try:
        created = client.submit_job(job)
    except Canceled as e:
        raise _unsure(client) from e
    except FarmError as e:
        if not e.sent:
            raise
        created = _find(client, job, work, e)
    if work.canceled:  # too late to stop it here, so it is stopped there
        try:
            Client(client.url, proof=client.proof).set_job_status(created.id, "cancel-requested", "canceled while it was submitted")
        except FarmError as e:
            raise Unsure(f"The job “{created.name}” was submitted just before you canceled, and could not be canceled on the farm: {e} Cancel it at {client.url}/app/") from e
        raise Canceled
    return created


def _find(client: Client, job: SubmittedJob, work: Work, lost: FarmError) -> Job:
    """Returns the job that was submitted, if there is one.

    It may come a while after the connection broke. Only a manager that answers, and has no job after
    all the looks, proves that there is none.
    """
    try:
        work.detail("the answer got lost; looking whether there is a job")
        for pause in (0, *LOOKS):
            work.wait(pause)
            found = next((j for j in client.jobs() if j.metadata.get(TOKEN) == job.metadata[TOKEN]), None)
            if found is not None:
                return found
    except (Canceled, FarmError) as e:
        raise _unsure(client) from e
    raise FarmError(f"The job was not submitted; submit again. {lost}")


def _unsure(client: Client) -> Unsure:
    return Unsure(f"Whether the job was submitted is not known, as the manager did not answer, so what was made for it stays. Look at its list of jobs, {client.url}/app/, before you submit again")

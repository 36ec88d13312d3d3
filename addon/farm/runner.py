# SPDX-License-Identifier: GPL-3.0-or-later
"""Does long work without blocking the interface.

One thing is done at a time: a generator as in core/flow.py. What it yields runs in a thread; a timer
looks whether that is done, and goes on with the generator in the main thread. Where there is no
interface to block, as for a script, run does it all at once.

Idle -> busy when start is called; busy -> idle when the generator ends, which cancel makes it do soon.
A crash of Blender leaves nothing but files in the temporary folder.
"""

from __future__ import annotations

import contextlib
import threading
import traceback
from typing import Any, Callable, Generator

import bpy

from .core import flow
from .core.errors import Canceled, FarmError
from .core.work import Progress, Work

TICK = 0.1  # seconds

error = ""  # the sentence with which the last work failed
message = ""  # or what it came to

_now: "_Running | None" = None


class _Running:
    """The work that is being done."""

    def __init__(self, what: Generator, work: Work, done: Callable[[Any], str], of_file: bool) -> None:
        self.what, self.work, self.done, self.of_file = what, work, done, of_file
        self.thread: threading.Thread | None = None
        self.result: Any = None
        self.failed: BaseException | None = None
        self.shown = Progress()

    def step(self) -> None:
        """Goes on with the generator up to its next piece of work for a thread; StopIteration at its end."""
        failed, self.failed = self.failed, None
        result, self.result = self.result, None
        piece = self.what.throw(failed) if failed else self.what.send(result)
        self.thread = threading.Thread(target=self._do, args=(piece,), name="farm", daemon=True)
        self.thread.start()

    def _do(self, piece: Callable[[], Any]) -> None:
        try:
            self.result = piece()
        except BaseException as e:
            self.failed = e


def busy() -> bool:
    return _now is not None


def canceling() -> bool:
    return _now is not None and _now.work.canceled


def progress() -> Progress:
    return _now.work.look() if _now else Progress()


Done = Callable[[Any], str]  # gets the result of the work in the main thread, and returns what to tell of it


Make = Callable[[Work], Generator]  # makes the generator; may fail as it does


def start(operator, make: Make, done: Done, of_file: bool = False) -> set[str]:
    """Begins with an operator's work, and returns what the operator is to return.

    of_file says that the work belongs to the open file, and has no meaning without it.
    """
    global _now
    try:
        _begin()
        work = Work()
        _now = _Running(make(work), work, done, of_file)
    except FarmError as e:
        return failed(operator, e)
    bpy.app.timers.register(_tick, first_interval=0.0, persistent=True)
    return {"FINISHED"}


def run(operator, make: Make, done: Done, tell: bool = False) -> set[str]:
    """Does an operator's work at once, and returns what the operator is to return.

    With tell it says on standard output what it is doing, for the logs of programs that run Blender.
    """
    global message
    try:
        _begin()
        work = Work()
        what = make(work)
        with _told(work) if tell else contextlib.nullcontext():
            result = flow.run(what)
        message = done(result)
    except Exception as e:
        _fail(e)
        return failed(operator, e)
    return {"FINISHED"}


@contextlib.contextmanager
def _told(work: Work):
    ended = threading.Event()

    def tell() -> None:
        said = ""
        while not ended.wait(0.2):
            phase = work.look().phase
            if phase != said:
                said = phase
                print(f"Farm: {phase}", flush=True)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def failed(operator, e: Exception) -> set[str]:
    """Ends an operator. To a script, an error that is reported is an exception."""
    operator.report({"ERROR"}, "Canceled" if isinstance(e, Canceled) else str(e) or repr(e))
    return {"CANCELLED"}


def _begin() -> None:
    global error, message
    if _now is not None:
        raise FarmError("Something is being done already; wait for it, or cancel it")
    error = message = ""


def cancel() -> None:
    if _now is not None:
        _now.work.cancel()


def leave_file() -> None:
    """Ends what belongs to a file that is about to be closed, and what was told of it."""
    global error, message
    error = message = ""
    if _now is not None and _now.of_file:
        cancel()


def stop() -> None:
    """Ends everything, as the add-on is switched off."""
    global _now
    if _now is not None:
        cancel()
        if _now.thread:
            _now.thread.join(5)
        _now.what.close()
        _now = None
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


def _tick() -> "float | None":
    """Looks after the work, and returns when to look again."""
    global _now, message
    if _now is None:
        return None
    if _now.thread is not None and _now.thread.is_alive():
        at = _now.work.look()
        if at != _now.shown:
            _now.shown = at
            redraw()
        return TICK
    running = _now
    try:
        running.step()
        return TICK / 4
    except StopIteration as end:
        _now = None
        try:
            message = running.done(end.value)
        except Exception as e:
            _fail(e)
    except Exception as e:
        _now = None
        _fail(e)
    redraw()
    return None


def _fail(e: Exception) -> None:
    """Keeps the sentence that says what failed. What nobody expected is in the console too."""
    global error, message
    message = ""
    match e:
        case Canceled():
            error, message = "", "Canceled. Nothing was submitted"
        case FarmError():
            error = str(e)
        case _:
            traceback.print_exception(e)
            error = f"This should not happen: {type(e).__name__}: {e}. The system console has the details; please report them"


def redraw() -> None:
    """Has Blender draw the panels again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in ("PROPERTIES", "PREFERENCES"):
                area.tag_redraw()

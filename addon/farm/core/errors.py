# SPDX-License-Identifier: GPL-3.0-or-later
"""The two ways in which work ends early."""

from __future__ import annotations


class FarmError(Exception):
    """A failure that the artist can act on; its text says what, why, and the next step.

    status is the manager's HTTP status, 0 if it did not answer with one. sent says that a request
    may have reached the manager although no answer came back.
    """

    def __init__(self, message: str, status: int = 0, sent: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.sent = sent

    @property
    def away(self) -> bool:
        """Whether the manager gave no answer at all, as while it restarts."""
        return self.status == 0


class Canceled(Exception):
    """The artist does not want the work any more."""

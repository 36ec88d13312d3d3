# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule for the names of folders, shared with the command line and the job types of the farm."""

from __future__ import annotations

import re

LONGEST = 100  # bytes; file systems allow 255, and what uses a name adds times, numbers, frames and endings

# What separates folders, begins a frame number (#), a variable ({}) or a pattern ([]*?%), and what cannot be seen.
_UNFIT = re.compile(r'[/\\<>:"|?*#{}\[\]%\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd\ud800-\udfff]')
# What Windows keeps for devices, with any ending.
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[1-9¹²³]) *(\..*)?", re.DOTALL)


def folder_name(name: str) -> str:
    """Makes a name fit for one folder or file on every platform. It leaves its own results as they are.

    FolderName in farm/foldername.go is the same rule; both are held to testdata/names.json.
    """
    name = _cut(_UNFIT.sub("_", name).strip(" ."))
    if not name:
        return "job"
    if _DEVICE.fullmatch(name.upper()):
        return _cut("_" + name)
    return name


def _cut(name: str) -> str:
    """Cuts a name to the most bytes that it may have, between characters."""
    text = name.encode()
    if len(text) <= LONGEST:
        return name
    return text[:LONGEST].decode(errors="ignore").rstrip(" .")

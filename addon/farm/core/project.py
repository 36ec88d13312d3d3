# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a project begins: the folder that files are sent with their places in."""

from __future__ import annotations

import pathlib

MARKERS = {"BLENDER": ".blender_project", "GIT": ".git", "SUBVERSION": ".svn"}


def find_project(blend: pathlib.Path, finder: str) -> pathlib.Path:
    """Returns the nearest folder above the file that has the finder's marker, else the file's own."""
    marker = MARKERS.get(finder)
    if marker:
        for folder in blend.parents:
            if (folder / marker).exists():
                return folder
    return blend.parent

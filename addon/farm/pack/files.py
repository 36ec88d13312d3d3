# SPDX-License-Identifier: GPL-3.0-or-later
"""Names on the disk: what a path in a .blend stands for there. No bpy."""

import os
import re
from typing import Iterator, List, NamedTuple, Tuple

# The shapes of what a path stands for.
FILE = "file"  # one file
SEQUENCE = "sequence"  # all files whose names differ in the last number only
TILES = "tiles"  # UDIM tiles, one file each
FOLDER = "folder"  # everything in a folder

# The words that stand for the number of a tile (Blender manual, UDIMs), and
# what they match.
TOKENS = {"<UDIM>": r"\d{4}", "<UVTILE>": r"u\d+_v\d+"}

LAST_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$", re.DOTALL)


class Unreadable(Exception):
    """A folder that is there cannot be read."""


def split_number(name: str) -> Tuple[str, str, str]:
    """Splits a file's name around its last number: head, digits, tail.

    A number in the extension (.mp3) does not count, as for Blender; without a
    number the digits are empty.
    """
    stem, ext = os.path.splitext(name)
    match = LAST_NUMBER.match(stem)
    if not match:
        return stem, "", ext
    return match.group(1), match.group(2), match.group(3) + ext


def resolve(raw: str, base: str) -> str:
    """Returns the absolute path that a path in a .blend in the folder base means.

    "//" stands for base. What has a drive letter is nowhere on other platforms,
    and stays as it is.
    """
    path = raw
    if os.sep == "/":  # written by a Blender on Windows, perhaps
        path = path.replace("\\", "/")
    if path.startswith(("//", "\\\\")) and not is_share(raw):
        path = os.path.join(base, path[2:])
    elif not os.path.isabs(path):
        if re.match(r"^[A-Za-z]:", path):
            return path
        # Relative to wherever Blender was started: the file's folder is the
        # one place to look that everybody has.
        path = os.path.join(base, path)
    return settle(path)


def is_share(raw: str) -> bool:
    """Reports whether a path is that of a Windows share, which begins like a relative one."""
    return os.name == "nt" and raw.startswith("\\\\")


def settle(path: str) -> str:
    """Takes ".." out of a path, without leaving the file that the system would find.

    "link/.." is the parent of what the link points to, so leaving both out may
    lead to another file, or to none.
    """
    plain = os.path.normpath(path)
    if plain == path or not os.path.lexists(path):
        return plain
    try:
        if os.path.samefile(plain, path):
            return plain
    except OSError:
        pass
    return os.path.realpath(path)


def is_relative(raw: str) -> bool:
    """Reports whether a path in a .blend moves with the .blend."""
    return raw.startswith(("//", "\\\\")) and not is_share(raw)


def pattern(path: str, shape: str) -> Tuple[str, str, str]:
    """Returns head and tail of the names of the files, and a pattern for what is between."""
    name = os.path.basename(path)
    if shape == TILES:
        for token, digits in TOKENS.items():
            head, found, tail = name.partition(token)
            if found:
                return head, tail, digits
        # Until Blender 3.0 the name of the first tile stood for all.
        head, found, tail = name.rpartition("1001")
        if found:
            return head, tail, r"\d{4}"
    if shape == SEQUENCE:
        head, digits, tail = split_number(name)
        if digits:
            return head, tail, r"\d+"
    return name, "", ""


def view_paths(path: str, views: Tuple[str, ...]) -> List[str]:
    """Returns the path of each view of a file whose name ends like one of them, before its extension.

    Of any other path, and without views, just the path: that is how Blender finds them.
    """
    stem, ext = os.path.splitext(path)
    for view in views:
        if view and stem.endswith(view):
            return [stem[: -len(view)] + v + ext for v in views]
    return [path]


def spread(path: str, shape: str) -> List[str]:
    """Returns the files that a path stands for, sorted; none if they are missing.

    Raises Unreadable for a folder that may not be read.
    """
    if shape == FOLDER:
        return sorted(walk(path)) if os.path.isdir(path) else []
    head, tail, between = pattern(path, shape)
    if not between:
        return [path] if os.path.isfile(path) else []
    folder = os.path.dirname(path)
    match = re.compile(re.escape(head) + "(?:" + between + ")" + re.escape(tail)).fullmatch
    found = [os.path.join(folder, n) for n in listed(folder) if match(n)]
    return sorted(f for f in found if os.path.isfile(f))


def listed(folder: str) -> List[str]:
    """Lists a folder; none if it is missing."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as err:
        raise Unreadable("cannot read the folder %s: %s" % (folder, err.strerror)) from err


def walk(folder: str) -> Iterator[str]:
    """Yields all files below a folder, following links, but never in circles."""
    # A link to a folder that is on the way down would never end.
    open_folders = [(folder, frozenset())]
    while open_folders:
        path, above = open_folders.pop()
        real = os.path.realpath(path)
        if real in above:
            continue
        for name in listed(path):
            child = os.path.join(path, name)
            if os.path.isdir(child):
                open_folders.append((child, above | {real}))
            elif os.path.isfile(child):
                yield child


class State(NamedTuple):
    """What the disk says of a path."""

    there: bool
    readable: bool
    size: int  # of all files, in bytes


def examine(path: str, shape: str) -> State:
    """Looks whether what a path stands for is there and can be read; of several views see combined."""
    try:
        found = spread(path, shape)
    except Unreadable:
        return State(True, False, 0)
    size, readable = 0, True
    for file in found:
        try:
            size += os.stat(file).st_size
        except OSError:
            readable = False
    # Rights are asked of one file only: this is meant to be quick.
    if found and not os.access(found[0], os.R_OK):
        readable = False
    there = bool(found) or shape == FOLDER and os.path.isdir(path)
    return State(there, readable, size)


def combined(states: List[State]) -> State:
    """Returns the state of what is needed together: a missing part misses all."""
    return State(all(s.there for s in states), all(s.readable for s in states), sum(s.size for s in states))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides where each file goes in the pack. No bpy.

What is in the project keeps its place. What is outside keeps its whole path
under one folder, so that files that refer to each other by relative paths still
do, and need not be rewritten. The same files give the same pack, always, which
is what lets a store of contents upload only what changed.

A pack works on every platform: names that some system cannot have are changed,
and no two names differ by case or by Unicode form only.
"""

import hashlib
import os
import posixpath
import re
import unicodedata
from typing import Dict, List, Set, Tuple

from .files import TOKENS, split_number

# The folder for what is outside the project. A project that has one of this
# name keeps it: collisions are resolved file by file.
OUTSIDE = "_outside"

# Bytes of one name, with room for what others append (".part"), and of a whole
# target; Windows has 260 characters for the storage's path and ours together.
MAX_NAME = 200
MAX_TARGET = 180

FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')
DEVICE = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)


def digest(text: str) -> str:
    """Returns a short name for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def fold(target: str) -> str:
    """Returns what all names have in common that some file system takes for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", target).casefold())


def portable(name: str) -> str:
    """Returns a name that every platform can have: most often the same.

    Names that differ only in their last number change in the same way, so that
    a sequence stays one.
    """
    clean = FORBIDDEN.sub("_", name)
    if DEVICE.match(clean):
        clean = "_" + clean
    if clean.endswith((".", " ")):
        clean = clean.rstrip(". ") + "_"
    if clean == name and len(name.encode("utf-8", "surrogateescape")) <= MAX_NAME:
        return name
    head, digits, tail = split_number(clean)
    real_head, _, real_tail = split_number(name)
    mark = "~" + digest(real_head + "\0" + real_tail)[:6] + ("-" if digits else "")
    room = MAX_NAME - len((mark + digits + tail).encode("utf-8", "surrogateescape"))
    if room < 8:  # the ending is what is so long
        return cut(clean, MAX_NAME - 10) + "~" + digest(name)[:6]
    return cut(head, room) + mark + digits + tail


def cut(text: str, size: int) -> str:
    """Cuts a text to so many bytes, not in the middle of a character."""
    return text.encode("utf-8", "surrogateescape")[:size].decode("utf-8", "ignore")


def mirrored(path: str) -> str:
    """Returns an absolute path as a relative one, without drive or share."""
    drive, rest = os.path.splitdrive(path)
    parts = [p for p in re.split(r"[\\/:]+", drive) + re.split(r"[\\/]+", rest) if p not in ("", ".", "..")]
    return "/".join(parts)


def inside(path: str, folder: str) -> str:
    """Returns the path below the folder with forward slashes, or "" if it is not there."""
    try:
        rel = os.path.relpath(path, folder)
    except ValueError:  # another drive
        return ""
    if rel == os.curdir or rel == os.pardir or rel.startswith(os.pardir + os.sep):
        return ""
    return rel.replace(os.sep, "/")


class Layout:
    """The pack as it grows: which file is where.

    Files are added in groups that stay together: a sequence, the tiles of an
    image, a folder. The order of the groups decides who keeps a name, so callers
    sort them.
    """

    def __init__(self, root: str):
        self.root = root
        self.taken: Dict[str, str] = {}  # folded target -> source
        self.folders: Set[str] = set()  # folded
        self.files: Dict[str, str] = {}  # target -> source

    def target(self, path: str) -> str:
        """Returns the place that a path would have if it were alone."""
        if path == self.root:
            return ""
        rel = inside(path, self.root)
        if not rel:
            rel = OUTSIDE + "/" + mirrored(path)
        rel = "/".join(portable_name(part) for part in rel.split("/"))
        if len(rel.encode("utf-8", "surrogateescape")) > MAX_TARGET and rel.count("/") > 1:
            # The whole folder moves, so that what is in it stays together.
            folder, name = posixpath.split(rel)
            rel = OUTSIDE + "/" + digest(folder) + "/" + name
        return rel

    def add(self, path: str, files: List[str], folder: bool = False, at: str = "") -> str:
        """Adds the files that a path stands for, and returns the path's target.

        The path may be a name with a token for tiles, or a folder. at decides
        the place, if it is already known.
        """
        target = at or self.target(path)
        pairs = self.pairs(path, target, files, folder)
        if self.collides(pairs):
            stem, _, ending = split_number(os.path.basename(path))
            apart = digest(os.path.dirname(path) + "\0" + stem + "\0" + ending)
            target = posixpath.join(OUTSIDE, apart, posixpath.basename(target))
            pairs = self.pairs(path, target, files, folder)
        for source, place in pairs:
            self.files[place] = source
            self.taken.setdefault(fold(place), source)
            parent = posixpath.dirname(place)
            while parent and fold(parent) not in self.folders:
                self.folders.add(fold(parent))
                parent = posixpath.dirname(parent)
        return target

    def pairs(self, path: str, target: str, files: List[str], folder: bool) -> List[Tuple[str, str]]:
        """Returns source and target of each file, if path is at target."""
        if folder:
            below = [(f, inside(f, path)) for f in files]
            return [(f, posixpath.join(target, *(portable(p) for p in rel.split("/")))) for f, rel in below]
        parent = posixpath.dirname(target)
        return [(f, target if f == path else posixpath.join(parent, portable(os.path.basename(f)))) for f in files]

    def collides(self, pairs: List[Tuple[str, str]]) -> bool:
        """Reports whether a place belongs to another file already."""
        for source, place in pairs:
            folded = fold(place)
            if self.taken.get(folded, source) != source or folded in self.folders:
                return True
            if self.files.get(place, source) != source:
                return True
            # Same source, other spelling: two names of one file on a disk
            # that does not tell them apart.
            parent = posixpath.dirname(folded)
            while parent:
                if parent in self.taken:
                    return True
                parent = posixpath.dirname(parent)
        return False


def portable_name(name: str) -> str:
    """Is portable for names that may hold a token for the number of a tile."""
    for token in TOKENS:
        head, found, tail = name.rpartition(token)
        if found:
            changed = portable(head + "1001" + tail)
            if changed == head + "1001" + tail:
                return name
            first, _, last = changed.rpartition("1001")
            return first + token + last
    return portable(name)

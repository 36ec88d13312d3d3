# SPDX-License-Identifier: GPL-3.0-or-later
"""Says what the open .blend needs, without copying or opening anything.

Linked data is in it as far as Blender has loaded it, which is all that a render
uses. It looks at the disk once for each item: quick on a disk, and as slow as
the network on a share.
"""

import os
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import bpy

from . import files, refs
from .layout import inside
from .reference import Reference


@dataclass(frozen=True)
class Item:
    """One thing that the .blend needs, and how it is with it."""

    path: str  # absolute; of a sequence one of its files, of tiles with the token
    raw: str  # as stored in the .blend
    # image, sequence, udim, movie, sound, font, volume, cache, library, alembic,
    # usd, ies, osl, strip, simulation; text for scripts edited elsewhere.
    kind: str
    owner: Tuple[str, str]  # ID.id_type and name of the data-block, such as ("IMAGE", "wood.png")
    users: Tuple[str, ...]  # names of the objects that use it, sorted
    # The first that holds of: packed (in the .blend), missing, unreadable,
    # outside (of the project), absolute (moves with nothing), ok.
    state: str
    library: str  # path of the library that refers to it; "": this .blend
    size: Optional[int]  # bytes of all its files; None if it is not there or packed


def report(root: str = "") -> List[Item]:
    """Returns everything the open .blend needs, missing things first.

    root is the project's folder; "" stands for that of the .blend. The same
    thing named twice by one data-block is one item.
    """
    root = root or os.path.dirname(bpy.data.filepath)
    users = object_names()
    items = {}
    for ref in refs.references():
        if ref.put is None and not ref.raw or ref.kind == "archive":
            continue
        item = examined(ref, root, users.get(ref.id, ()))
        items.setdefault((item.path, item.owner, item.library), item)
    order = {"missing": 0, "unreadable": 1, "outside": 2, "absolute": 3, "ok": 4, "packed": 5}
    return sorted(items.values(), key=lambda i: (order[i.state], i.path, i.owner))


def examined(ref: Reference, root: str, users: Tuple[str, ...]) -> Item:
    """Looks at the disk for one reference."""
    path, size = ref.path, None
    if ref.packed:
        state = "packed"
    else:
        parts = [os.path.join(path, name) for name in set(ref.names)] or ref.paths()
        found = files.combined([files.examine(part, files.FILE if ref.names else ref.shape) for part in parts])
        if found.there and found.readable:
            size = found.size
        state = state_of(ref, path, root, found)
    return Item(path, ref.raw, ref.kind, ref.owner, users, state, ref.library, size)


def state_of(ref: Reference, path: str, root: str, found: files.State) -> str:
    """Returns the word for how it is with a reference; see Item.state."""
    if not found.there:
        return "ok" if ref.spare else "missing"
    if not found.readable:
        return "unreadable"
    if path != root and not inside(path, root):
        return "outside"
    return "ok" if files.is_relative(ref.raw) or ref.put is None else "absolute"


def object_names() -> Dict[object, Tuple[str, ...]]:
    """Returns the names of the objects that use each data-block, directly or not.

    Collections and scenes use objects, so the way up from a data-block ends at
    the first objects it meets.
    """
    up = bpy.data.user_map()
    found: Dict[object, Tuple[str, ...]] = {}
    for id in up:
        names, seen, left = set(), {id}, [id]
        while left:
            current = left.pop()
            if isinstance(current, bpy.types.Object):
                names.add(current.name)
                continue
            for user in up.get(current, ()):
                if user not in seen and not isinstance(user, (bpy.types.Scene, bpy.types.Collection)):
                    seen.add(user)
                    left.append(user)
        found[id] = tuple(sorted(names))
    for lib in bpy.data.libraries:  # used by whatever is in them
        found[lib] = tuple(sorted(o.name for o in bpy.data.objects if o.library == lib))
    return found

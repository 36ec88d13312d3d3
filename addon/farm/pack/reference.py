# SPDX-License-Identifier: GPL-3.0-or-later
"""A path in the open .blend: whose it is, what it means, and how to change it."""

import os
from typing import Callable, List, NamedTuple, Optional, Tuple

import bpy

from . import files


class Reference(NamedTuple):
    """One path in the open .blend, or in a library that it loaded."""

    id: object  # the bpy ID it is in
    raw: str  # as stored
    kind: str  # see report.Item
    shape: str  # see files
    put: Optional[Callable[[str], None]]  # stores another path; None: it follows from the name of the .blend
    names: Tuple[str, ...] = ()  # of the files in a folder; (): all of them
    views: Tuple[str, ...] = ()  # how the names of the files of several views end, before the extension; (): there is one
    packed: bool = False  # what it stands for is in the .blend
    spare: bool = False  # Blender renders without it just as well

    @property
    def library(self) -> str:
        """Path of the library that it is in; "" for the open file."""
        return holder(self.id)

    @property
    def path(self) -> str:
        """The absolute path that it means."""
        found = files.resolve(self.raw, base(self.id))
        # An override has the paths of what it overrides, relative to that one's file.
        original = getattr(getattr(self.id, "override_library", None), "reference", None)
        if original is not None and not os.path.lexists(found):
            other = files.resolve(self.raw, base(original))
            if os.path.lexists(other):
                return other
        return found

    def files(self) -> List[str]:
        """Returns the files that it stands for and that are there.

        Raises files.Unreadable.
        """
        if self.names:
            named = (os.path.join(self.path, name) for name in self.names)
            return sorted({f for f in named if os.path.isfile(f)})
        return sorted({f for path in self.paths() for f in files.spread(path, self.shape)})

    def paths(self) -> List[str]:
        """Returns the path of each view; without views, the path."""
        return files.view_paths(self.path, self.views)

    @property
    def key(self) -> Tuple[str, str, Tuple[str, ...]]:
        """What two references have in common that stand for the same files."""
        return (self.path, self.shape, self.views)

    def missing(self) -> List[str]:
        """Returns those of its files that Blender will look for and that are not there. Raises files.Unreadable."""
        if self.names:
            wanted = [os.path.join(self.path, name) for name in sorted(set(self.names))]
            return [f for f in wanted if not os.path.isfile(f)]
        return [path for path in self.paths() if not files.spread(path, self.shape)]

    @property
    def owner(self):
        """Type and name of its ID, such as ("IMAGE", "wood.png"); types as in ID.id_type."""
        return (id_type(self.id), self.id.name)


# What IDs that can hold paths call their type since Blender 4.4; before, they did not.
ID_TYPES = {
    "Image": "IMAGE", "Library": "LIBRARY", "MovieClip": "MOVIECLIP", "Sound": "SOUND", "VectorFont": "FONT",
    "Volume": "VOLUME", "CacheFile": "CACHEFILE", "Text": "TEXT", "Object": "OBJECT", "Scene": "SCENE",
    "Material": "MATERIAL", "Light": "LIGHT", "World": "WORLD", "NodeTree": "NODETREE", "Texture": "TEXTURE",
    "FreestyleLineStyle": "LINESTYLE",
}


def id_type(id) -> str:
    """Returns the type of an ID, by the name newer versions of Blender give it."""
    for name, type in ID_TYPES.items():
        if isinstance(id, getattr(bpy.types, name)):
            return type
    return getattr(id, "id_type", "ID")


def library_path(library) -> str:
    """Returns where a library's file is."""
    return files.resolve(library.filepath, os.path.dirname(bpy.data.filepath))


def is_archive(library) -> bool:
    """Reports whether linked data was packed into the file that links it (since Blender 5.0)."""
    return getattr(library, "is_archive", False)


def holder(id) -> str:
    """Returns the path of the library that an ID is stored in, "" for the open file."""
    library = id.parent if isinstance(id, bpy.types.Library) else id.library
    return "" if library is None or is_archive(library) else library_path(library)


def base(id) -> str:
    """Returns the folder that an ID's relative paths begin at."""
    # Blender keeps those of all libraries relative to the open file.
    if isinstance(id, bpy.types.Library) or id.library is None:
        return os.path.dirname(bpy.data.filepath)
    # Those of packed linked data still begin beside the library it came from.
    return os.path.dirname(library_path(id.library))


def setter(struct, name: str) -> Callable[[str], None]:
    """Returns a function that stores a path in a property."""
    return lambda value: setattr(struct, name, value)

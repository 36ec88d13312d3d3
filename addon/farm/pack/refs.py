# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists every reference to another file in the open .blend.

Blender has no such list that says what a path means: which files it stands
for, whose it is, and how to change it. Each kind of data is asked here in the
way its own documentation has it; what Blender itself knows of paths is compared
in plan.py, so that a kind that is new is noticed and not lost in silence.
"""

import os
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple

import bpy

from . import files
from .layout import portable


class Reference(NamedTuple):
    """One path in the open .blend, or in a library that it loaded."""

    id: object  # the bpy ID it is in
    raw: str  # as stored
    kind: str  # see report.Item
    shape: str  # see files
    put: Optional[Callable[[str], None]]  # stores another path; None: it follows from the name of the .blend
    names: Tuple[str, ...] = ()  # of the files in a folder; (): all of them
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
        return files.spread(self.path, self.shape)

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


def holder(id) -> str:
    """Returns the path of the library that an ID is stored in, "" for the open file."""
    if isinstance(id, bpy.types.Library):
        return library_path(id.parent) if id.parent else ""
    return library_path(id.library) if id.library else ""


def base(id) -> str:
    """Returns the folder that an ID's relative paths begin at."""
    # Blender keeps those of all libraries relative to the open file.
    if isinstance(id, bpy.types.Library):
        return os.path.dirname(bpy.data.filepath)
    return os.path.dirname(holder(id) or bpy.data.filepath)


def references() -> Iterator[Reference]:
    """Yields all references, those in linked data too."""
    for find in (libraries, images, clips, data_files, nodes, modifiers, point_caches, strips):
        for ref in find():
            if ref.raw or ref.put is None:
                yield ref


def setter(struct, name: str) -> Callable[[str], None]:
    """Returns a function that stores a path in a property."""
    return lambda value: setattr(struct, name, value)


def libraries() -> Iterator[Reference]:
    """Other .blend files that data is linked from, to any depth."""
    for lib in bpy.data.libraries:
        if getattr(lib, "is_archive", False):  # holds data that was packed into this file
            continue
        yield Reference(lib, lib.filepath, "library", files.FILE, setter(lib, "filepath"), packed=bool(lib.packed_file))


def is_used(id) -> bool:
    """Reports whether saving would keep the ID."""
    return id.users > 0


def images() -> Iterator[Reference]:
    """Images, image sequences, UDIM tiles, movies."""
    kinds = {"FILE": ("image", files.FILE), "SEQUENCE": ("sequence", files.SEQUENCE),
             "MOVIE": ("movie", files.FILE), "TILED": ("udim", files.TILES)}
    for image in bpy.data.images:
        if image.source not in kinds or not is_used(image):
            continue
        kind, shape = kinds[image.source]
        if shape == files.FILE and image.use_multiview and image.views_format == "INDIVIDUAL":
            shape = files.STEREO
        packed = bool(image.packed_file) or len(image.packed_files) > 0
        # filepath would load the image anew, filepath_raw does not.
        yield Reference(image, image.filepath_raw, kind, shape, setter(image, "filepath_raw"), packed=packed)


def clips() -> Iterator[Reference]:
    """Movie clips, of which a sequence of images is one."""
    for clip in bpy.data.movieclips:
        sequence = clip.source == "SEQUENCE"
        yield Reference(clip, clip.filepath, "sequence" if sequence else "movie",
                        files.SEQUENCE if sequence else files.FILE, setter(clip, "filepath"))


def data_files() -> Iterator[Reference]:
    """Data-blocks that are one file each, or a sequence of them."""
    for sound in bpy.data.sounds:
        yield Reference(sound, sound.filepath, "sound", files.FILE, setter(sound, "filepath"), packed=bool(sound.packed_file))
    for font in bpy.data.fonts:
        if font.filepath != "<builtin>":
            yield Reference(font, font.filepath, "font", files.FILE, setter(font, "filepath"), packed=bool(font.packed_file))
    for volume in bpy.data.volumes:
        shape = files.SEQUENCE if volume.is_sequence else files.FILE
        yield Reference(volume, volume.filepath, "volume", shape, setter(volume, "filepath"), packed=bool(volume.packed_file))
    for cache in bpy.data.cache_files:
        shape = files.SEQUENCE if cache.is_sequence else files.FILE
        yield Reference(cache, cache.filepath, cache_kind(cache.filepath), shape, setter(cache, "filepath"))
        for layer in getattr(cache, "layers", ()):
            yield Reference(cache, layer.filepath, cache_kind(layer.filepath), files.FILE, setter(layer, "filepath"))
    for text in bpy.data.texts:
        # Its lines are in the .blend; the file is for those who edit it.
        yield Reference(text, text.filepath, "text", files.FILE, setter(text, "filepath"), spare=True)


def cache_kind(path: str) -> str:
    """Tells the two formats of cache files apart."""
    return "usd" if path.lower().endswith((".usd", ".usda", ".usdc", ".usdz")) else "alembic"


def node_trees():
    """Yields each node tree with the ID it is stored in."""
    for tree in bpy.data.node_groups:
        yield tree, tree
    for kind in ("materials", "lights", "worlds", "scenes", "textures", "linestyles"):
        for id in getattr(bpy.data, kind):
            tree = getattr(id, "node_tree", None)
            # Since Blender 5.0 a scene's nodes may be a group, listed already.
            if tree is not None and getattr(tree, "is_embedded_data", True):
                yield id, tree


def nodes() -> Iterator[Reference]:
    """Nodes that read a file: IES lights, OSL scripts, imports."""
    for id, tree in node_trees():
        for node in tree.nodes:
            if node.bl_idname == "ShaderNodeTexIES" and node.mode == "EXTERNAL":
                yield Reference(id, node.filepath, "ies", files.FILE, setter(node, "filepath"))
            elif node.bl_idname == "ShaderNodeScript" and node.mode == "EXTERNAL":
                yield Reference(id, node.filepath, "osl", files.FILE, setter(node, "filepath"))
            elif node.bl_idname.startswith("GeometryNodeImport"):  # since Blender 4.5
                path = node.inputs.get("Path")
                if path is not None and not path.is_linked:
                    yield Reference(id, path.default_value, "cache", files.FILE, setter(path, "default_value"))


def modifiers() -> Iterator[Reference]:
    """Caches of modifiers, and bakes of geometry nodes."""
    for object in bpy.data.objects:
        for modifier in object.modifiers:
            if modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
                domain = modifier.domain_settings
                yield Reference(object, domain.cache_directory, "simulation", files.FOLDER, setter(domain, "cache_directory"))
            elif modifier.type == "MESH_CACHE":
                yield Reference(object, modifier.filepath, "cache", files.FILE, setter(modifier, "filepath"))
            elif modifier.type == "OCEAN" and modifier.is_cached:
                yield Reference(object, modifier.filepath, "cache", files.FOLDER, setter(modifier, "filepath"))
            elif modifier.type == "MULTIRES" and modifier.is_external:
                yield Reference(object, modifier.filepath, "cache", files.FILE, setter(modifier, "filepath"))
            elif modifier.type == "NODES":
                yield from bakes(object, modifier)


def bakes(object, modifier) -> Iterator[Reference]:
    """Bakes of geometry nodes: one folder (3.6 to 4.0), one and those of single nodes (since 4.1)."""
    for name in ("simulation_bake_directory", "bake_directory"):
        folder = getattr(modifier, name, "")
        if folder:
            yield Reference(object, folder, "simulation", files.FOLDER, setter(modifier, name))
    for bake in list(getattr(modifier, "bakes", ())) + list(getattr(modifier, "simulation_bakes", ())):
        if bake.use_custom_path and bake.directory:
            yield Reference(object, bake.directory, "simulation", files.FOLDER, setter(bake, "directory"))


def caches_of(object):
    """Yields the point caches of an object."""
    for modifier in object.modifiers:
        cache = getattr(modifier, "point_cache", None)  # cloth, soft body
        if cache is not None:
            yield cache
        canvas = getattr(modifier, "canvas_settings", None)  # dynamic paint
        if canvas is not None and hasattr(canvas, "canvas_surfaces"):
            yield from (surface.point_cache for surface in canvas.canvas_surfaces)
    for system in object.particle_systems:
        yield system.point_cache


def point_caches() -> Iterator[Reference]:
    """Physics that were baked to the disk.

    Those without a path of their own are all in one folder that is named after
    the .blend; see blendcache.
    """
    owners = [(o, c) for o in bpy.data.objects for c in caches_of(o)]
    owners += [(s, s.rigidbody_world.point_cache) for s in bpy.data.scenes if s.rigidbody_world]
    beside = {}
    for id, cache in owners:
        if cache is None:
            continue
        if cache.use_external and cache.filepath:
            yield Reference(id, cache.filepath, "simulation", files.FOLDER, setter(cache, "filepath"))
        elif cache.use_disk_cache:
            beside.setdefault(holder(id) if cache.use_library_path else "", id)
    # Bakes of geometry nodes without a folder of their own are there as well,
    # and so is what else Blender may keep by this name.
    for id in [o for o in bpy.data.objects if any(m.type == "NODES" for m in o.modifiers)]:
        beside.setdefault("", id)
    for blend, id in beside.items():
        folder = blendcache(blend or bpy.data.filepath)
        if os.path.isdir(folder):
            yield Reference(id, "//" + os.path.basename(folder), "simulation", files.FOLDER, None)


def blendcache(blend: str) -> str:
    """Returns the folder where Blender keeps the point caches of a .blend."""
    folder, name = os.path.split(blend)
    return os.path.join(folder, "blendcache_" + os.path.splitext(name)[0])


def all_strips(editor):
    """Returns the strips of a sequence editor, those in meta strips too."""
    # They were renamed in Blender 4.4.
    return getattr(editor, "strips_all", None) or getattr(editor, "sequences_all", None) or ()


def strips() -> Iterator[Reference]:
    """Strips of the video editor that are images or movies; sounds are data-blocks."""
    for scene in bpy.data.scenes:
        if scene.sequence_editor is None:
            continue
        for strip in all_strips(scene.sequence_editor):
            if strip.type == "IMAGE":
                names = tuple(element.filename for element in strip.elements)
                yield Reference(scene, strip.directory, "strip", files.FOLDER, folder_setter(strip), names)
            elif strip.type == "MOVIE":
                yield Reference(scene, strip.filepath, "strip", files.FILE, setter(strip, "filepath"))


def folder_setter(strip) -> Callable[[str], None]:
    """Returns a function that stores the folder of an image strip, whose files the pack may have renamed."""
    def put(value: str) -> None:
        strip.directory = value.rstrip("/") + "/"
        for element in strip.elements:
            element.filename = portable(element.filename)
    return put

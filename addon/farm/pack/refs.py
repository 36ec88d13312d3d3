# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists every reference to another file in the open .blend.

Blender has no such list that says what a path means: which files it stands
for, whose it is, and how to change it. Each kind of data is asked here in the
way its own documentation has it; what Blender itself knows of paths is compared
in plan.py, so that a kind that is new is noticed and not lost in silence.
"""

import os
from typing import Callable, Iterator, Set, Tuple

import bpy

from . import files
from .layout import portable
from .nodes import imports, nodes
from .reference import Reference, holder, is_archive, setter


def references() -> Iterator[Reference]:
    """Yields all references, those in linked data too."""
    not_rendered = tools()
    for find in (libraries, images, clips, data_files, nodes, imports, modifiers, point_caches, strips):
        for ref in find():
            if (ref.raw or ref.put is None) and ref.id not in not_rendered and ref.id.library not in not_rendered:
                yield ref


def libraries() -> Iterator[Reference]:
    """Other .blend files that data is linked from, to any depth.

    Those whose data was packed into this file are of the kind "archive": what is
    in them is not needed, but the paths of the data still begin there.
    """
    sources = {lib.archive_parent_library for lib in bpy.data.libraries if is_archive(lib)}
    for lib in bpy.data.libraries:
        kind = "archive" if is_archive(lib) or lib in sources and not lib.users_id else "library"
        yield Reference(lib, lib.filepath, kind, files.FILE, setter(lib, "filepath"), packed=bool(lib.packed_file), spare=kind == "archive")


def tools() -> Set[object]:
    """Returns the libraries of which nothing but brushes is used, which no render needs.

    Blender links those that it brings along itself, since 4.3.
    """
    kinds = (bpy.types.Brush, bpy.types.Texture, bpy.types.Image, bpy.types.Palette, bpy.types.PaintCurve)
    found = set()
    for lib in {brush.library for brush in bpy.data.brushes if brush.library is not None}:
        ids = set(lib.users_id)
        if ids and all(isinstance(id, kinds) for id in ids):
            users = bpy.data.user_map(subset=ids)
            # Scenes use a brush to paint with; what it looks like may be of use elsewhere.
            if all(user in ids for id in ids if not isinstance(id, bpy.types.Brush) for user in users[id]):
                found.add(lib)
    return found


def suffixes(scenes) -> Tuple[str, ...]:
    """Returns how the names of the files end that scenes with several views look for."""
    found = []
    for scene in scenes:
        render = scene.render
        if render.use_multiview:
            found += [v.file_suffix for v in render.views if v.use and (render.views_format == "MULTIVIEW" or v.name in ("left", "right"))]
    return tuple(dict.fromkeys(found))


def image_setter(image) -> Callable[[str], None]:
    """Returns a function that stores the path of an image.

    An image with several views has the path of each in the file as well. Blender
    makes those anew when the format is set, if the files are there.
    """
    def put(value: str) -> None:
        image.filepath_raw = value
        scene = next((s for s in bpy.data.scenes if s.render.use_multiview), None)
        if scene is not None:
            with bpy.context.temp_override(scene=scene):
                image.views_format = image.views_format
    # filepath would load the image anew, filepath_raw does not.
    return put if image.use_multiview else setter(image, "filepath_raw")


def is_used(id) -> bool:
    """Reports whether saving would keep the ID."""
    return id.users > 0


def is_only_shown(image) -> bool:
    """Reports whether an image is frames that the add-on loaded from the farm, and that nothing but editors has."""
    editors = (bpy.types.Screen, bpy.types.WindowManager, bpy.types.WorkSpace)
    return bool(image.get("farm_job")) and all(isinstance(user, editors) for user in bpy.data.user_map(subset={image})[image])


def images() -> Iterator[Reference]:
    """Images, image sequences, UDIM tiles, movies."""
    kinds = {"FILE": ("image", files.FILE), "SEQUENCE": ("sequence", files.SEQUENCE),
             "MOVIE": ("movie", files.FILE), "TILED": ("udim", files.TILES)}
    views = suffixes(bpy.data.scenes)
    for image in bpy.data.images:
        if image.source not in kinds or not is_used(image) or is_only_shown(image):
            continue
        kind, shape = kinds[image.source]
        packed = bool(image.packed_file) or len(image.packed_files) > 0
        own = views if image.use_multiview and image.views_format == "INDIVIDUAL" else ()
        yield Reference(image, image.filepath_raw, kind, shape, image_setter(image), packed=packed, views=own)


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
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all  # renamed in Blender 4.4


def strips() -> Iterator[Reference]:
    """Strips of the video editor that are images or movies; sounds are data-blocks."""
    for scene in bpy.data.scenes:
        # Frames that the add-on loaded from the farm are in a scene of their own.
        if scene.sequence_editor is None or scene.get("farm_frames") and scene != bpy.context.scene:
            continue
        views = suffixes([scene])
        for strip in all_strips(scene.sequence_editor):
            own = views if getattr(strip, "use_multiview", False) and strip.views_format == "INDIVIDUAL" else ()
            if strip.type == "IMAGE":
                names = tuple(name for element in strip.elements for name in files.view_paths(element.filename, own))
                yield Reference(scene, strip.directory, "strip", files.FOLDER, folder_setter(strip), names)
            elif strip.type == "MOVIE":
                yield Reference(scene, strip.filepath, "strip", files.FILE, setter(strip, "filepath"), views=own)


def folder_setter(strip) -> Callable[[str], None]:
    """Returns a function that stores the folder of an image strip, whose files the pack may have renamed."""
    def put(value: str) -> None:
        strip.directory = value.rstrip("/") + "/"
        for element in strip.elements:
            element.filename = portable(element.filename)
    return put

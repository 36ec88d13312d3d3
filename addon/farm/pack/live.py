# SPDX-License-Identifier: GPL-3.0-or-later
"""Says what of the open .blend takes part in rendering a scene.

A production file is full of what no frame shows: textures that were tried once,
hidden objects, other scenes. What is missing there is no reason to stop a job,
so everything is followed from the scene down: its visible objects, what these
use, and of nodes those that an output depends on.
"""

from typing import Dict, Iterator, List, Set

import bpy

from .refs import all_strips

# Nodes that a tree works for.
OUTPUTS = {"OUTPUT_MATERIAL", "OUTPUT_WORLD", "OUTPUT_LIGHT", "OUTPUT_AOV", "OUTPUT_LINESTYLE", "OUTPUT",
           "GROUP_OUTPUT", "COMPOSITE", "OUTPUT_FILE"}

_pointers: Dict[str, List[str]] = {}


def live(scene) -> Set[object]:
    """Returns the IDs that take part in rendering the scene."""
    down: Dict[object, List[object]] = {}
    for id, users in bpy.data.user_map().items():
        for user in users:
            down.setdefault(user, []).append(id)
    found: Set[object] = set()
    left = [scene]
    while left:
        id = left.pop()
        if id is not None and id not in found:
            found.add(id)
            left.extend(below(id, down))
    return found


def below(id, down) -> Iterator[object]:
    """Yields what an ID needs to be rendered."""
    if isinstance(id, bpy.types.Scene):
        yield from of_scene(id)
    elif isinstance(id, bpy.types.Collection):
        yield from (o for o in id.objects if not o.hide_render)
        yield from (c for c in id.children if not c.hide_render)
    elif isinstance(id, bpy.types.Object):
        # A hidden one is here because another looks at its shape or place.
        if not id.hide_render:
            flat = id.type == "EMPTY"  # its image is for the viewport
            yield from (i for i in down.get(id, ()) if not (flat and isinstance(i, bpy.types.Image)) and i != id.parent)
    elif isinstance(id, bpy.types.Camera):
        yield from (i for i in down.get(id, ()) if not isinstance(i, (bpy.types.Image, bpy.types.MovieClip)))
    elif isinstance(id, bpy.types.NodeTree):
        yield from of_tree(id)
    elif getattr(id, "node_tree", None) is not None and not getattr(id, "is_grease_pencil", False):
        if getattr(id, "use_nodes", True):
            yield from of_tree(id.node_tree)
    else:
        yield from down.get(id, ())


def of_scene(scene) -> Iterator[object]:
    """Yields what a scene renders: its strips, or else what its view layers and compositor have."""
    render = scene.render
    shown = [s for s in all_strips(scene.sequence_editor) if not s.mute and s.type != "SOUND"] if scene.sequence_editor and render.use_sequencer else []
    for strip in shown:
        yield from (getattr(strip, name, None) for name in ("scene", "clip", "mask", "font"))
    if shown:
        return
    yield scene.camera
    yield scene.world
    for layer in scene.view_layers:
        if not layer.use:
            continue
        yield from in_layer(layer.layer_collection)
        yield layer.material_override
        yield getattr(layer, "world_override", None)
        if render.use_freestyle:
            yield from (s.linestyle for s in layer.freestyle_settings.linesets if s.show_render)
    tree = compositor(scene)
    if tree is not None:
        yield from of_tree(tree)


def compositor(scene):
    """Returns the nodes that a scene's image goes through, None if it does not."""
    if not scene.render.use_compositing:
        return None
    if hasattr(scene, "compositing_node_group"):  # since Blender 5.0
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def in_layer(layer) -> Iterator[object]:
    """Yields the objects that are rendered of a collection in a view layer."""
    if layer.collection.hide_render:
        return
    if not layer.exclude:
        yield from (o for o in layer.collection.objects if not o.hide_render)
    for child in layer.children:
        yield from in_layer(child)


def of_tree(tree) -> Iterator[object]:
    """Yields the IDs that the nodes have which an output depends on."""
    for node in live_nodes(tree):
        for name in pointers(node):
            yield getattr(node, name, None)
        for socket in node.inputs:
            if not socket.is_linked and isinstance(getattr(socket, "default_value", None), bpy.types.ID):
                yield socket.default_value


def live_nodes(tree) -> List[object]:
    """Returns the nodes that an output depends on."""
    left = [n for n in tree.nodes if n.type in OUTPUTS]
    seen = set(left)
    found = []
    while left:
        node = left.pop()
        if not node.mute:
            found.append(node)
        for socket in node.inputs:
            for link in socket.links:
                if not link.is_muted and link.from_node not in seen:
                    seen.add(link.from_node)
                    left.append(link.from_node)
    return found


def pointers(node) -> List[str]:
    """Returns the names of a node's properties that are IDs."""
    if node.bl_idname not in _pointers:
        base = bpy.types.ID.bl_rna
        names = []
        for prop in node.bl_rna.properties:
            kind = prop.fixed_type if prop.type == "POINTER" else None
            while kind is not None and kind != base:
                kind = kind.base
            if kind is not None:
                names.append(prop.identifier)
        _pointers[node.bl_idname] = names
    return _pointers[node.bl_idname]

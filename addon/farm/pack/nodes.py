# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that read a file: IES lights, OSL scripts, and what geometry nodes import."""

from typing import Dict, Iterator, List, NamedTuple, Set, Tuple

import bpy

from . import files
from .reference import Reference, setter


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
    """IES lights and OSL scripts."""
    for id, tree in node_trees():
        for node in tree.nodes:
            if node.bl_idname == "ShaderNodeTexIES" and node.mode == "EXTERNAL":
                yield Reference(id, node.filepath, "ies", files.FILE, setter(node, "filepath"))
            elif node.bl_idname == "ShaderNodeScript" and node.mode == "EXTERNAL":
                yield Reference(id, node.filepath, "osl", files.FILE, setter(node, "filepath"))


class Source(NamedTuple):
    """Where a node gets a text from: a property, an input of its group, or, if both are missing, a calculation."""

    struct: object = None
    name: str = ""
    input: str = ""  # identifier


# Nodes that pass one of several texts on.
SWITCHES = {"GeometryNodeSwitch", "GeometryNodeIndexSwitch", "GeometryNodeMenuSwitch"}


def sources(socket, seen: Set[object]) -> Iterator[Source]:
    """Yields where an input gets its text from."""
    if not socket.is_linked:
        yield Source(socket, "default_value")
        return
    link = socket.links[0]
    node = link.from_node
    if node in seen:  # a circle, which Blender shows in red
        return
    below = seen | {node}
    if node.bl_idname == "NodeReroute":
        yield from sources(node.inputs[0], below)
    elif node.bl_idname == "NodeGroupInput":
        yield Source(input=link.from_socket.identifier)
    elif node.bl_idname == "FunctionNodeInputString":
        yield Source(node, "string")
    elif node.bl_idname in SWITCHES:
        for other in node.inputs:
            if other.type == "STRING" and other.enabled:
                yield from sources(other, below)
    else:
        yield Source()


class Imports:
    """The paths that nodes import from, wherever they are given: on a node, to a group, or to a modifier."""

    def __init__(self) -> None:
        self._inputs: Dict[object, Set[str]] = {}
        self.calculated: List[Tuple[str, str]] = []  # tree and node that make up a path as they run

    def inputs(self, tree) -> Set[str]:
        """Returns the identifiers of a group's inputs that are paths."""
        if tree not in self._inputs:
            self._inputs[tree] = set()
            self._inputs[tree] = {s.input for _, s in self.sources(tree) if s.input}
        return self._inputs[tree]

    def sources(self, tree) -> Iterator[Tuple[object, Source]]:
        """Yields the nodes of a tree that want a path, each with where it gets it from."""
        for node in tree.nodes:
            if node.mute:
                continue
            wanted = []
            if node.bl_idname.startswith("GeometryNodeImport"):
                wanted = [s for s in node.inputs if s.identifier == "Path"]
            elif getattr(node, "node_tree", None) is not None:
                paths = self.inputs(node.node_tree)
                wanted = [s for s in node.inputs if s.identifier in paths]
            for socket in wanted:
                for source in sources(socket, set()):
                    yield node, source

    def references(self) -> Iterator[Reference]:
        """Yields what is imported."""
        for tree in bpy.data.node_groups:
            for node, source in self.sources(tree) if tree.bl_idname == "GeometryNodeTree" else ():
                if source.struct is not None:
                    yield Reference(tree, getattr(source.struct, source.name), "cache", files.FILE, setter(source.struct, source.name))
                elif not source.input:
                    self.calculated.append((tree.name, node.label or node.name))
        for object in bpy.data.objects:
            for modifier in object.modifiers:
                if modifier.type == "NODES" and modifier.node_group is not None:
                    for identifier in sorted(self.inputs(modifier.node_group)):
                        yield from given(object, modifier, identifier)


def given(object, modifier, identifier: str) -> Iterator[Reference]:
    """Yields the path that is given to a modifier's input, if one is."""
    inputs = getattr(getattr(modifier, "properties", None), "inputs", None)
    if inputs is not None:  # since Blender 5.2
        value = getattr(inputs, identifier, None)
        if isinstance(getattr(value, "value", None), str):
            yield Reference(object, value.value, "cache", files.FILE, setter(value, "value"))
    elif isinstance(modifier.get(identifier), str):
        yield Reference(object, modifier[identifier], "cache", files.FILE, lambda path: modifier.__setitem__(identifier, path))


def imports() -> Iterator[Reference]:
    """What geometry nodes import, since Blender 4.2."""
    yield from Imports().references()


def calculated() -> List[Tuple[str, str]]:
    """Returns tree and node of each import whose path is made up as it runs."""
    found = Imports()
    list(found.references())
    return found.calculated

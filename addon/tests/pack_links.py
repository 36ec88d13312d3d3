# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pack finds of files that node trees import, and of libraries."""

import os
import shutil
import unittest

import bpy

from pack_case import InBlender
from pack import refs
from pack.reference import library_path
from pack.report import report


@unittest.skipUnless(hasattr(bpy.types, "GeometryNodeImportSTL"), "this Blender imports nothing in nodes")
class Imports(InBlender):
    """What geometry nodes import, wherever the path is given."""

    def tree(self, name: str, *inputs: str):
        tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
        tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
        for text in inputs:
            tree.interface.new_socket(text, in_out="INPUT", socket_type="NodeSocketString")
        return tree, tree.nodes.new("NodeGroupOutput")

    def importing(self, tree, out, node: str = "GeometryNodeImportSTL"):
        node = tree.nodes.new(node)
        tree.links.new(node.outputs[0], out.inputs[0])
        return node.inputs["Path"]

    def on_object(self, tree):
        modifier = self.object().modifiers.new("nodes", "NODES")
        modifier.node_group = tree
        return modifier

    def give(self, modifier, name: str, value: str) -> None:
        socket = next(s for s in modifier.node_group.interface.items_tree if s.name == name)
        if hasattr(modifier, "properties"):
            getattr(modifier.properties.inputs, socket.identifier).value = value
        else:
            modifier[socket.identifier] = value

    def found(self, *files: str) -> None:
        self.save()
        plan = self.plan()
        self.assertEqual((self.targets(plan), plan["missing"], plan["warnings"]), (["OUT/" + f for f in sorted(files)] + ["shot.blend"], [], []))
        out = self.opened(plan, "shot.blend")
        there = [r for r in refs.references() if r.kind == "cache"]
        self.assertEqual(len(there), len(files))
        for ref in there:
            self.assertTrue(ref.path.startswith(out), ref.path)
            self.assertTrue(ref.files())

    def test_on_the_node(self) -> None:
        tree, out = self.tree("t")
        self.importing(tree, out).default_value = self.make("a.stl")
        self.on_object(tree)
        self.found("a.stl")

    def test_on_the_modifier(self) -> None:
        tree, out = self.tree("t", "Name", "File")
        given = tree.nodes.new("NodeGroupInput").outputs["File"]
        reroute = tree.nodes.new("NodeReroute")
        tree.links.new(given, reroute.inputs[0])
        tree.links.new(reroute.outputs[0], self.importing(tree, out))
        for name in ("a.stl", "b.stl"):
            modifier = self.on_object(tree)
            self.give(modifier, "File", self.make(name))
            self.give(modifier, "Name", self.make("no file, but a name"))
        self.found("a.stl", "b.stl")

    def test_in_a_group(self) -> None:
        inner, out = self.tree("inner", "Path of it")
        inner.links.new(inner.nodes.new("NodeGroupInput").outputs[0], self.importing(inner, out))
        outer, out = self.tree("outer", "File")
        first, second = outer.nodes.new("GeometryNodeGroup"), outer.nodes.new("GeometryNodeGroup")
        first.node_tree = second.node_tree = inner
        outer.links.new(first.outputs[0], out.inputs[0])
        first.inputs[0].default_value = self.make("in group.stl")
        outer.links.new(outer.nodes.new("NodeGroupInput").outputs[0], second.inputs[0])
        self.give(self.on_object(outer), "File", self.make("of modifier.stl"))
        self.found("in group.stl", "of modifier.stl")

    def test_text_node_and_switch(self) -> None:
        tree, out = self.tree("t")
        switch, text = tree.nodes.new("GeometryNodeSwitch"), tree.nodes.new("FunctionNodeInputString")
        switch.input_type = "STRING"
        text.string = self.make("a.stl")
        false, true = (s for s in switch.inputs if s.type == "STRING" and s.enabled)
        tree.links.new(text.outputs[0], false)
        true.default_value = self.make("b.stl")
        tree.links.new(next(s for s in switch.outputs if s.enabled), self.importing(tree, out))
        self.on_object(tree)
        self.found("a.stl", "b.stl")

    def test_calculated(self) -> None:
        tree, out = self.tree("calculating")
        joined = tree.nodes.new("GeometryNodeStringJoin")
        tree.links.new(joined.outputs[0], self.importing(tree, out))
        self.on_object(tree)
        self.save()
        self.assertIn("calculating", self.plan()["warnings"][0])

    def test_other_kinds(self) -> None:
        names = [n for n in ("OBJ", "PLY", "CSV", "Text", "VDB") if hasattr(bpy.types, "GeometryNodeImport" + n)]
        for name in names:
            tree, out = self.tree(name)
            self.importing(tree, out, "GeometryNodeImport" + name).default_value = self.make("a." + name.lower())
            self.on_object(tree)
        self.found(*("a." + n.lower() for n in names))


class Libraries(InBlender):
    """Linked data, to any depth, and overrides of it."""

    def make_library(self, name: str, texture: str) -> str:
        """Saves a .blend with an object in a collection, and a texture beside it."""
        path = self.make(name)
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.wm.save_as_mainfile(filepath=path)
        thing = self.object("linked")
        material = bpy.data.materials.new("skin")
        node = self.nodes(material).nodes.new("ShaderNodeTexImage")
        node.image = self.image(texture, "skin.png")
        node.image.use_fake_user = False
        thing.data.materials.append(material)
        unused = self.image("/nowhere/unused.png", "unused")
        self.assertIsNotNone(unused)
        group = bpy.data.collections.new("group")
        group.objects.link(thing)
        group.use_fake_user = True
        bpy.ops.wm.save_as_mainfile(filepath=path, relative_remap=False)
        return path

    def link(self, path: str, override: bool = False, name: str = "group"):
        """Links a collection into a new shot."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.wm.save_as_mainfile(filepath=self.blend)
        with bpy.data.libraries.load(path, link=True) as (_, to):
            to.collections = [name]
        collection = to.collections[0]
        bpy.context.scene.collection.children.link(collection)
        if override:
            collection.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
            thing = next(o for o in bpy.data.objects if o.name == "linked" and o.override_library)
            thing.location.x = 3
        self.save()

    def test_override_survives(self) -> None:
        self.make("project/tex/skin.png")
        self.link(self.make_library("assets/char.blend", os.path.join(self.top, "project", "tex", "skin.png")), override=True)
        plan = self.plan()
        self.assertEqual(self.targets(plan), ["OUT/assets/char.blend", "shot.blend", "tex/skin.png"])
        self.assertEqual(sorted(f["rewritten"] for f in plan["files"]), [False, True, True])
        self.assertEqual(plan["missing"], [])
        shutil.rmtree(os.path.join(self.top, "assets"))
        out = self.opened(plan, "shot.blend")
        thing = next(o for o in bpy.data.objects if o.name == "linked" and o.override_library)
        self.assertEqual(thing.location.x, 3)
        self.assertTrue(library_path(thing.override_library.reference.library).startswith(out))
        image = bpy.data.images["skin.png"]
        self.assertTrue(os.path.isfile(bpy.path.abspath(image.filepath_raw, library=image.library)))

    def test_missing_library(self) -> None:
        path = self.make_library("assets/char.blend", "//skin.png")
        self.link(path)
        os.remove(path)
        plan = self.plan()
        self.assertEqual([(m["kind"], m["path"]) for m in plan["missing"] if m["kind"] == "library"], [("library", path)])
        items = {i.kind: i for i in report(os.path.join(self.top, "project"))}
        self.assertEqual(items["library"].state, "missing")

    def test_only_what_is_used(self) -> None:
        path = self.make_library("project/char.blend", "//skin.png")
        self.make("project/skin.png")
        self.link(path)
        plan = self.plan()
        self.assertEqual((self.targets(plan), plan["missing"]), (["char.blend", "shot.blend", "skin.png"], []))


    def pack_linked(self, path: str) -> None:
        """Links the collection into a new shot, and packs what was linked."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        bpy.ops.wm.save_as_mainfile(filepath=self.blend)
        with bpy.data.libraries.load(path, link=True, relative=True, pack=True) as (_, to):
            to.collections = ["group"]
        bpy.context.scene.collection.children.link(to.collections[0])
        self.save()

    @unittest.skipUnless(bpy.app.version >= (5, 0, 0), "linked data cannot be packed")
    def test_packed_linked_data(self) -> None:
        self.make("assets/tex/skin.png")
        self.make("elsewhere/skin.png")
        for number, raw in enumerate(("//tex/skin.png", os.path.join(self.top, "elsewhere", "skin.png"))):
            with self.subTest(raw):
                path = self.make_library("assets/char.blend", raw)
                self.pack_linked(path)
                os.remove(path)  # nobody needs it any more
                plan = self.plan()
                skin = "OUT/" + ("assets/tex/skin.png", "elsewhere/skin.png")[number]
                self.assertEqual((self.targets(plan), plan["missing"], plan["warnings"]), ([skin, "shot.blend"], [], []))
                out = self.opened(plan, "shot.blend")
                image = next(i for i in bpy.data.images if i.name == "skin.png")
                found = os.path.realpath(bpy.path.abspath(image.filepath_raw, library=image.library))
                self.assertTrue(found.startswith(out) and os.path.isfile(found), found)

    @unittest.skipUnless(bpy.app.version >= (5, 0, 0), "linked data cannot be packed")
    def test_packed_in_a_library(self) -> None:
        self.make("deep/tex/skin.png")
        deep = self.make_library("deep/char.blend", "//tex/skin.png")
        shot, self.blend = self.blend, self.make("assets/middle.blend")
        self.pack_linked(deep)
        inner = bpy.data.collections[0]
        middle = bpy.data.collections.new("outer")
        middle.children.link(inner)
        middle.use_fake_user = True
        self.save()
        self.blend = shot
        self.link(os.path.join(self.top, "assets", "middle.blend"), name="outer")
        os.remove(deep)
        plan = self.plan()
        self.assertEqual((self.targets(plan), plan["missing"], plan["warnings"]), (["OUT/assets/middle.blend", "OUT/deep/tex/skin.png", "shot.blend"], [], []))
        out = self.opened(plan, "shot.blend")
        image = next(i for i in bpy.data.images if i.name == "skin.png")
        found = os.path.realpath(bpy.path.abspath(image.filepath_raw, library=image.library))
        self.assertTrue(found.startswith(out) and os.path.isfile(found), found)

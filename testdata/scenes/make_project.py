"""Makes a folder with a scene that needs files of it, and with what it does not need.

    blender -b --factory-startup --python make_project.py -- FOLDER

    shots/shot 1.blend          shows a cube of its own, and one of the library
    shots/other.blend           is no part of it
    assets/tree.blend           the library
    assets/maps/leaf é.png      on the library's cube
    textures/wood grain.png     on the scene's cube
    renders/0001.png            nobody needs it
"""

import os
import sys

import bpy

TOP = os.path.abspath(sys.argv[-1])
LEAF, WOOD = os.path.join(TOP, "assets", "maps", "leaf é.png"), os.path.join(TOP, "textures", "wood grain.png")
LIBRARY, SHOT, OTHER = os.path.join(TOP, "assets", "tree.blend"), os.path.join(TOP, "shots", "shot 1.blend"), os.path.join(TOP, "shots", "other.blend")


def picture(path: str, kind: str) -> None:
    """Saves an image of 64 by 64 pixels."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    made = bpy.data.images.new(os.path.basename(path), 64, 64)
    made.generated_type = kind
    made.filepath_raw, made.file_format = path, "PNG"
    made.save()


def cube(name: str, image: str, x: float) -> None:
    """Adds a cube that glows with an image."""
    bpy.ops.mesh.primitive_cube_add(location=(x, 0, 0))
    bpy.context.object.name = name
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes = material.node_tree.nodes
    texture, glow = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeEmission")
    texture.image = bpy.data.images.load(image)
    texture.image.filepath = bpy.path.relpath(image)
    material.node_tree.links.new(texture.outputs["Color"], glow.inputs["Color"])
    material.node_tree.links.new(glow.outputs["Emission"], nodes["Material Output"].inputs["Surface"])
    bpy.context.object.data.materials.append(material)


def begin(path: str) -> None:
    """Begins a file without the cube that each has."""
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    bpy.ops.wm.save_as_mainfile(filepath=path)


bpy.context.preferences.filepaths.save_version = 0
picture(LEAF, "COLOR_GRID")
picture(WOOD, "UV_GRID")
picture(os.path.join(TOP, "renders", "0001.png"), "BLANK")
os.makedirs(os.path.dirname(SHOT))
begin(LIBRARY)
cube("tree", LEAF, 1.5)
bpy.ops.wm.save_as_mainfile(filepath=LIBRARY)
begin(OTHER)
begin(SHOT)
cube("table", WOOD, -1.5)
with bpy.data.libraries.load(LIBRARY, link=True, relative=True) as (_, wanted):
    wanted.objects = ["tree"]
scene = bpy.context.scene
scene.collection.objects.link(bpy.data.objects["tree"])
scene.frame_start, scene.frame_end = 1, 1
scene.render.engine = "CYCLES"
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 96, 54, 100
scene.render.image_settings.file_format = "PNG"
scene.cycles.device = "CPU"
scene.cycles.samples = 1
scene.cycles.use_denoising = False
scene.cycles.seed = 1
bpy.ops.wm.save_as_mainfile(filepath=SHOT)

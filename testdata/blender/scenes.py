"""Makes the scenes that record.sh renders.

    blender -b --factory-startup --python scenes.py -- DIR

All are the start-up scene, small and quick, with one thing that is different.
"""

import os
import re
import struct
import sys

import bpy

DIR = sys.argv[-1]


def begin():
    bpy.ops.wm.read_factory_settings()
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = 32, 18
    scene.render.image_settings.file_format = "PNG"
    scene.frame_start, scene.frame_end = 1, 3
    scene.cycles.samples, scene.cycles.max_bounces = 1, 0
    scene.cycles.use_denoising = False
    return scene


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(DIR, name + ".blend"), relative_remap=False, compress=False)


def two_eyes(scene):
    scene.render.use_multiview = True
    scene.render.views_format = "STEREO_3D"
    scene.render.image_settings.views_format = "INDIVIDUAL"


begin()
save("ok")

# The same file, as a Blender of 99 versions later would have saved it: the version is in
# the header. 3.4 looks only at the oldest that can read the file, in the block of the globals.
with open(os.path.join(DIR, "ok.blend"), "rb") as file:
    ok = bytearray(file.read())
header = re.match(rb"BLENDER(?:-v|17-01v0)(\d)", ok)
ok[header.end():header.end() + 2] = b"99"
if bpy.app.version < (4, 0):
    oldest = ok.index(b"GLOB") + 24 + 6
    ok[oldest:oldest + 2] = struct.pack("<h", 499)
with open(os.path.join(DIR, "newer.blend"), "wb") as file:
    file.write(ok)

begin().cycles.samples = 8
save("samples")

two_eyes(begin())
save("views")

begin().render.use_overwrite = False
save("skip")

scene = begin()
scene.render.use_overwrite = False
two_eyes(scene)
save("skip-views")

begin().camera = None
for o in [o for o in bpy.data.objects if o.type == "CAMERA"]:
    bpy.data.objects.remove(o)
save("no-camera")

# The library is there when it is linked, and gone when the file is opened.
library = os.path.join(DIR, "library.blend")
begin()
bpy.data.objects["Cube"].name = "prop"
bpy.data.libraries.write(library, {bpy.data.objects["prop"]})
scene = begin()
with bpy.data.libraries.load(library, link=True) as (_, to):
    to.objects = ["prop"]
scene.collection.objects.link(to.objects[0])
save("library-missing")
os.remove(library)

begin()
material = bpy.data.objects["Cube"].active_material
image = bpy.data.images.new("texture", 4, 4)
image.source, image.filepath = "FILE", "//textures/gone.png"
node = material.node_tree.nodes.new("ShaderNodeTexImage")
node.image = image
material.node_tree.links.new(node.outputs["Color"], material.node_tree.nodes["Principled BSDF"].inputs["Base Color"])
save("texture-missing")

"""Makes tiny.blend: the least that Blender can render, for tests and figures.

    blender -b --factory-startup --python make_tiny.py

Ten frames of 64 by 36 pixels: a cube that turns, one sample, no indirect light.
Nearly all the time goes into starting Blender.
"""

import math
import os
import shutil
import tempfile

import bpy

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tiny.blend")

bpy.ops.wm.read_factory_settings()
scene = bpy.context.scene
cube = bpy.data.objects["Cube"]
cube.keyframe_insert("rotation_euler", frame=1)
cube.rotation_euler.z = math.pi / 2
cube.keyframe_insert("rotation_euler", frame=11)

scene.name = "Tiny"
scene.frame_start, scene.frame_end = 1, 10
scene.render.fps = 10
scene.render.engine = "CYCLES"
scene.render.resolution_x, scene.render.resolution_y = 64, 36
scene.render.image_settings.file_format = "PNG"
scene.cycles.device = "CPU"
scene.cycles.samples = 1
scene.cycles.max_bounces = 0
scene.cycles.use_denoising = False
scene.cycles.seed = 1
scene.view_settings.view_transform = "Filmic"  # what was the default until 4.0

bpy.context.preferences.filepaths.save_version = 0
# What the factory's start-up file carries for the interface is not needed here.
for brush in list(bpy.data.brushes):
    bpy.data.brushes.remove(brush)
bpy.ops.outliner.orphans_purge(do_recursive=True)
# A .blend remembers where it was saved; nobody needs to know this folder.
with tempfile.TemporaryDirectory() as neutral:
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(neutral, "scene.blend"), compress=True)
    shutil.move(os.path.join(neutral, "scene.blend"), OUT)

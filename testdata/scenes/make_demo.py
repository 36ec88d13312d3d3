"""Makes demo.blend: a small armillary sphere turning around a warm core.

    blender -b --factory-startup --python make_demo.py

24 frames that loop without a seam, every one different. Cycles on the CPU with
few samples and a fixed seed, so that a frame takes a second or two on two
slow cores; no file but the .blend itself is needed.
"""

import math
import os
import shutil
import tempfile

import bpy
import mathutils

FRAMES = 24
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "demo.blend")

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene


def material(name, color, metallic=0.0, roughness=0.4, emission=0.0):
    """A plain surface; emission > 0 makes it glow in its colour."""
    m = bpy.data.materials.new(name)
    if not m.node_tree:  # always there since 5.0; use_nodes goes in 6.0
        m.use_nodes = True
    surface = m.node_tree.nodes["Principled BSDF"]
    surface.inputs["Base Color"].default_value = (*color, 1)
    surface.inputs["IOR"].default_value = 1.45
    surface.inputs["Metallic"].default_value = metallic
    surface.inputs["Roughness"].default_value = roughness
    if emission:
        surface.inputs["Emission Color" if "Emission Color" in surface.inputs else "Emission"].default_value = (*color, 1)
        surface.inputs["Emission Strength"].default_value = emission
    return m


def added(name, mat):
    """Names the object just added, gives it a material and a smooth surface."""
    o = bpy.context.active_object
    o.name = name
    o.data.materials.append(mat)
    for polygon in o.data.polygons:
        polygon.use_smooth = True
    return o


def curves_of(animation):
    """The curves of an object's animation: since Blender 4.4 in the slot of an action."""
    action = animation.action
    if hasattr(action, "fcurves"):
        return action.fcurves
    return [c for layer in action.layers for strip in layer.strips for bag in strip.channelbags for c in bag.fcurves]


def turning(o, start, turns):
    """Turns an object by whole turns over the loop, at an even speed."""
    o.rotation_euler = start
    o.keyframe_insert("rotation_euler", frame=1)
    o.rotation_euler = [a + n * math.tau for a, n in zip(start, turns)]
    o.keyframe_insert("rotation_euler", frame=FRAMES + 1)
    for curve in curves_of(o.animation_data):
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"


def ring(name, radius, width, mat, start, turns):
    """A flat band: a squashed torus, softly rounded at its edges."""
    bpy.ops.mesh.primitive_torus_add(
        major_radius=radius, minor_radius=0.062, major_segments=96, minor_segments=16)
    o = added(name, mat)
    o.scale.z = width
    turning(o, start, turns)
    return o


def area(name, location, size, energy, color, target=(0, 0, 1.5)):
    """A soft light that looks at the target."""
    if bpy.app.version >= (4, 3):  # which files of earlier versions get when they are opened
        energy *= math.pi / 4
    light = bpy.data.lights.new(name, "AREA")
    light.size, light.energy, light.color = size, energy, color
    o = bpy.data.objects.new(name, light)
    scene.collection.objects.link(o)
    o.location = location
    look_at(o, target)


def look_at(o, target):
    direction = [t - l for t, l in zip(target, o.location)]
    o.rotation_euler = mathutils.Vector(direction).to_track_quat("-Z", "Y").to_euler()


def backdrop(mat):
    """Floor and wall in one, joined by a wide curve, so that no horizon shows."""
    profile = [(-9.0, 0.0), (3.0, 0.0)]
    profile += [(3.0 + 3 * math.sin(a), 3 - 3 * math.cos(a)) for a in (math.pi / 2 * i / 16 for i in range(1, 17))]
    profile.append((6.0, 14.0))
    vertices = [(x, y, z) for y, z in profile for x in (-22, 22)]
    faces = [(2 * i, 2 * i + 1, 2 * i + 3, 2 * i + 2) for i in range(len(profile) - 1)]
    mesh = bpy.data.meshes.new("backdrop")
    mesh.from_pydata(vertices, [], faces)
    o = bpy.data.objects.new("backdrop", mesh)
    scene.collection.objects.link(o)
    bpy.context.view_layer.objects.active = o
    added("backdrop", mat)


backdrop(material("plaster", (0.055, 0.17, 0.20), roughness=0.75))

copper = material("copper", (0.95, 0.42, 0.24), metallic=1, roughness=0.22)
brass = material("brass", (0.98, 0.68, 0.28), metallic=1, roughness=0.18)
ivory = material("ivory", (0.86, 0.80, 0.70), roughness=0.35)
coral = material("coral", (0.90, 0.16, 0.11), roughness=0.3)
glow = material("glow", (1.0, 0.55, 0.22), emission=7)

bpy.ops.object.empty_add(location=(0, 0, 1.62))
center = bpy.context.active_object
center.name = "center"

rad = math.radians
parts = [
    ring("outer", 1.42, 2.6, ivory, (rad(72), rad(0), rad(20)), (0, 0, 1)),
    ring("middle", 1.16, 2.2, copper, (rad(38), rad(28), rad(-10)), (1, 0, 0)),
    ring("inner", 0.92, 1.9, brass, (rad(-35), rad(60), 0), (0, 1, 0)),
    ring("core ring", 0.70, 1.6, coral, (rad(15), rad(-40), rad(30)), (-1, 0, 0)),
]
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.34, segments=48, ring_count=24)
parts.append(added("core", glow))
for part in parts:
    part.parent = center

# A moon rides on the outer ring, and pearls lie on the floor.
bpy.ops.object.empty_add()
orbit = bpy.context.active_object
orbit.name = "orbit"
orbit.parent = center
turning(orbit, (rad(-18), rad(12), 0), (0, 0, -1))
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.13, segments=32, ring_count=16, location=(1.85, 0, 0))
added("moon", brass).parent = orbit

for i, (x, y, r, mat) in enumerate([
        (-2.35, -0.6, 0.30, ivory), (-1.85, -1.25, 0.15, coral), (2.05, -0.95, 0.22, copper),
        (2.75, 0.2, 0.42, ivory), (1.55, -1.55, 0.11, brass), (-3.1, 0.6, 0.20, brass)]):
    bpy.ops.mesh.primitive_uv_sphere_add(radius=r, segments=40, ring_count=20, location=(x, y, r))
    added(f"pearl {i + 1}", mat)

area("key", (-4.5, -4.0, 6.0), 3.0, 520, (1.0, 0.86, 0.70))
area("rim", (2.5, 3.6, 5.5), 2.0, 330, (1.0, 0.55, 0.42))

# What the core sheds comes from a lamp inside it: cheaper to sample than a mesh.
shine = bpy.data.lights.new("shine", "POINT")
shine.energy, shine.color, shine.shadow_soft_size = 60, (1.0, 0.6, 0.3), 0.3
lamp = bpy.data.objects.new("shine", shine)
lamp.location = center.location
scene.collection.objects.link(lamp)
if hasattr(glow.cycles, "sample_as_light"):
    glow.cycles.sample_as_light = False
else:  # since 3.5
    glow.cycles.emission_sampling = "NONE"
bpy.data.objects["core"].visible_shadow = False

world = bpy.data.worlds.new("dusk")
if not world.node_tree:
    world.use_nodes = True
world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.06, 0.12, 0.16, 1)
world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.6
scene.world = world

camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
camera.data.lens = 50
camera.location = (0.0, -8.9, 2.3)
scene.collection.objects.link(camera)
look_at(camera, (0, 0, 1.42))
scene.camera = camera

scene.name = "Armillary"
scene.frame_start, scene.frame_end = 1, FRAMES
scene.render.fps = 24
scene.render.engine = "CYCLES"
scene.render.resolution_x, scene.render.resolution_y = 480, 270
scene.render.image_settings.file_format = "PNG"
scene.render.use_persistent_data = False
scene.cycles.device = "CPU"
scene.cycles.samples = 5
scene.cycles.seed = 7
scene.cycles.use_adaptive_sampling = False
scene.cycles.max_bounces = 2
scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
scene.cycles.sample_clamp_indirect = 3
scene.cycles.use_fast_gi = True
if bpy.app.version >= (4, 0):  # sampled as it was before
    scene.cycles.use_light_tree = False
    scene.cycles.sampling_pattern = "TABULATED_SOBOL"
scene.cycles.ao_bounces = scene.cycles.ao_bounces_render = 1
world.light_settings.distance = 4

# Few samples are grainy, and not every distribution builds Blender with its
# denoiser. A blur that stops where the surface turns does as well here.
scene.cycles.use_denoising = False
scene.view_layers[0].use_pass_normal = True
if hasattr(scene, "compositing_node_group"):  # since 5.0
    tree = scene.compositing_node_group = bpy.data.node_groups.new("compositing", "CompositorNodeTree")
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    end = "NodeGroupOutput"
else:
    scene.use_nodes = True
    tree = scene.node_tree
    end = "CompositorNodeComposite"
nodes = tree.nodes
nodes.clear()
layers, smooth, composite = nodes.new("CompositorNodeRLayers"), nodes.new("CompositorNodeBilateralblur"), nodes.new(end)
if hasattr(smooth, "iterations"):
    smooth.iterations, smooth.sigma_color, smooth.sigma_space = 2, 0.25, 3
else:  # since 5.0, which makes these of the others
    smooth.inputs["Size"].default_value, smooth.inputs["Threshold"].default_value = 5, 0.25 / 3
tree.links.new(layers.outputs["Image"], smooth.inputs["Image"])
tree.links.new(layers.outputs["Normal"], smooth.inputs["Determinator"])
tree.links.new(smooth.outputs["Image"], composite.inputs["Image"])
scene.view_settings.view_transform = "Filmic"  # what was the default until 4.0
scene.view_settings.look = "Medium High Contrast"

bpy.context.preferences.filepaths.save_version = 0
# A .blend remembers where it was saved; nobody needs to know this folder.
with tempfile.TemporaryDirectory() as neutral:
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(neutral, "scene.blend"), compress=True)
    shutil.move(os.path.join(neutral, "scene.blend"), OUT)

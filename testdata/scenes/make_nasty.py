"""Makes a project with everything that goes wrong when files are sent to a farm.

    blender -b --factory-startup --python make_nasty.py -- DIR

In DIR it makes "project", with the scene to submit at shots/seq 010/shot ü.blend,
and beside it what the scene needs from outside. Each thing that may get lost is a
square in the picture that would turn pink, grey or empty. It takes a few seconds.
"""

import math
import os
import struct
import sys
import wave

import bpy

TOP = os.path.abspath(sys.argv[sys.argv.index("--") + 1])
PROJECT = os.path.join(TOP, "project")
SHOT = os.path.join(PROJECT, "shots", "seq 010", "shot ü.blend")
LONG = "long" + "g" * 192 + ".png"  # 200 characters
FRAMES = 4


def path(*parts):
    """Returns a path in TOP whose folder exists."""
    full = os.path.join(TOP, *parts)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    return full


def picture(file, red, green, blue):
    """Writes an image that is not one colour, so that a mirrored one would be seen."""
    image = bpy.data.images.new("scratch", 8, 8)
    pixels = []
    for y in range(8):
        for x in range(8):
            pixels += [red * (x + 1) / 8, green * (y + 1) / 8, blue, 1]
    image.pixels = pixels
    image.filepath_raw = file
    image.file_format = "PNG"
    image.save()
    bpy.data.images.remove(image)


def begin():
    """Empties Blender."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.filepaths.save_version = 0


def image(stored, file, source="FILE"):
    """Returns an image with the path as stored, loaded from the file."""
    loaded = bpy.data.images.load(file)
    loaded.source = source
    loaded.filepath_raw = stored
    return loaded


def shown(name, texture, at, sequence=False):
    """Makes a square that shows an image without any light."""
    material = bpy.data.materials.new(name)
    if not material.node_tree:  # always there since Blender 5.0
        material.use_nodes = True
    nodes = material.node_tree.nodes
    nodes.clear()
    tex = nodes.new("ShaderNodeTexImage")
    tex.image = texture
    tex.interpolation = "Closest"
    if sequence:
        tex.image_user.frame_duration = FRAMES
        tex.image_user.frame_start = 1
        tex.image_user.use_auto_refresh = True
    emit, out = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    material.node_tree.links.new(tex.outputs["Color"], emit.inputs["Color"])
    material.node_tree.links.new(emit.outputs["Emission"], out.inputs["Surface"])
    bpy.ops.mesh.primitive_plane_add(size=0.9, location=at)
    square = bpy.context.object
    square.name = name
    square.data.materials.append(material)
    return square


def save(file, compress=False):
    """Saves the .blend as it is, with paths as they were stored."""
    bpy.ops.wm.save_as_mainfile(filepath=file, relative_remap=False, compress=compress)


def link(stored, file, collection, at):
    """Links a collection from a library and shows it."""
    with bpy.data.libraries.load(file, link=True) as (_, to):
        to.collections = [collection]
    linked = bpy.data.collections[collection]
    linked.library.filepath = stored
    instance = bpy.data.objects.new("instance " + collection, None)
    instance.instance_type, instance.instance_collection = "COLLECTION", linked
    instance.location = at
    return instance


def into_collection(name, objects):
    """Puts objects into a collection of their own."""
    collection = bpy.data.collections.new(name)
    bpy.context.scene.collection.children.link(collection)
    for thing in objects:
        for other in thing.users_collection:
            other.objects.unlink(thing)
        collection.objects.link(thing)


def make_library():
    """The second level: outside the project, with a texture beside it."""
    begin()
    picture(path("library", "textures", "prop.png"), 1, 1, 0)
    save(path("library", "props.blend"))
    prop = shown("prop", image("//textures/prop.png", path("library", "textures", "prop.png")), (0, 0, 0))
    into_collection("props", [prop])
    save(path("library", "props.blend"), compress=True)


def make_character():
    """The first level: in the project, links from outside with an absolute path."""
    begin()
    picture(path("project", "assets", "maps", "skin.png"), 0, 1, 1)
    save(path("project", "assets", "char", "character.blend"))
    skin = shown("skin", image("//../maps/skin.png", path("project", "assets", "maps", "skin.png")), (0, 0, 0))
    props = link(path("library", "props.blend"), path("library", "props.blend"), "props", (1, 0, 0))
    into_collection("character", [skin])
    bpy.data.collections["character"].objects.link(props)
    save(path("project", "assets", "char", "character.blend"))


def make_caches():
    """An animated mesh in two formats: Alembic, which not every Blender can read, and MDD."""
    begin()
    bpy.ops.mesh.primitive_plane_add(size=0.9)
    plane = bpy.context.object
    plane.name = "waves"
    corners = [v.co.copy() for v in plane.data.vertices]
    with open(path("project", "cache", "squeeze.mdd"), "wb") as file:
        file.write(struct.pack(">ii%df" % FRAMES, FRAMES, len(corners), *range(FRAMES)))
        for frame in range(1, FRAMES + 1):
            for co in corners:
                file.write(struct.pack(">fff", co.x * frame / FRAMES, co.y, co.z))
    alembic = path("project", "cache", "waves.abc")
    if bpy.app.build_options.alembic:
        bpy.ops.wm.alembic_export(filepath=alembic, start=1, end=FRAMES, as_background_job=False)
    else:  # the path is there to be packed, even if nothing is read from it
        with open(alembic, "wb") as file:
            file.write(b"Ogawa" + bytes(11))


def use_caches(material):
    """Two squares whose shape comes from a file."""
    alembic = path("project", "cache", "waves.abc")
    bpy.ops.mesh.primitive_plane_add(size=0.9, location=(0.9, -1, 0))
    waves = bpy.context.object
    waves.data.materials.append(material)
    bpy.ops.cachefile.open(filepath=alembic)
    waves.modifiers.new("waves", "MESH_SEQUENCE_CACHE").cache_file = bpy.data.cache_files[0]
    waves.modifiers["waves"].object_path = "/waves/waves"
    bpy.data.cache_files[0].filepath = "//../../cache/waves.abc"
    bpy.ops.mesh.primitive_plane_add(size=0.9, location=(1.9, 1, 0))
    squeezed = bpy.context.object
    squeezed.data.materials.append(material)
    cache = squeezed.modifiers.new("squeeze", "MESH_CACHE")
    cache.cache_format, cache.filepath = "MDD", "//..//../cache/squeeze.mdd"


def make_sound():
    """A tone."""
    with wave.open(path("elsewhere", "sound", "töne.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(i / 3))) for i in range(4000)))


def make_squares():
    """The images of the shot, each stored in its own unpleasant way."""
    textures = ("project", "textures")
    for n in range(1, FRAMES + 1):
        picture(path("project", "footage", "plate.%04d.png" % n), n / FRAMES, 0, 1)
    for n in (1001, 1002):
        picture(path("elsewhere", "tiles", "wall.%d.png" % n), 1, 0.2, n - 1001)
    picture(path("elsewhere", "absolute.png"), 0.2, 0.4, 1)
    picture(path(*textures, "Wood.png"), 1, 0.5, 0)
    picture(path(*textures, "wood.png"), 0, 0.5, 1)
    picture(path(*textures, "grün 日本.png"), 0, 1, 0)
    picture(path(*textures, LONG), 1, 0, 0)
    up = "//../../textures/"
    shown("plate", image("//../../footage/plate.0001.png", path("project", "footage", "plate.0001.png"), "SEQUENCE"), (-2, 1, 0), sequence=True)
    wall = image("//../../../elsewhere/tiles/wall.<UDIM>.png", path("elsewhere", "tiles", "wall.1001.png"), "TILED")
    wall.tiles.new(1002)
    square = shown("wall", wall, (-1, 1, 0))
    for loop in square.data.uv_layers.active.data:
        loop.uv[0] *= 2
    shown("absolute", image(path("elsewhere", "absolute.png"), path("elsewhere", "absolute.png")), (0, 1, 0))
    for n, name in enumerate(("Wood.png", "wood.png", "grün 日本.png", LONG)):
        shown(name[:40], image(up + name, path(*textures, name)), (n - 2, 0, 0))


def make_shot():
    """The scene to submit."""
    begin()
    os.makedirs(os.path.dirname(SHOT), exist_ok=True)
    save(SHOT)
    make_squares()
    scene = bpy.context.scene
    scene.collection.objects.link(link("//../../assets/char/character.blend", path("project", "assets", "char", "character.blend"), "character", (-2, -1, 0)))
    use_caches(bpy.data.materials["absolute"])
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences  # renamed in Blender 4.4
    strips.new_sound("tone", path("elsewhere", "sound", "töne.wav"), 1, 1)
    bpy.data.sounds[0].filepath = "//../../../elsewhere/sound/töne.wav"
    # A font that is not there: Blender shows its own instead.
    text = bpy.data.objects.new("text", bpy.data.curves.new("text", "FONT"))
    text.data.body = "ok"
    text.location, text.scale = (1.6, -1.2, 0), (0.8, 0.8, 0.8)
    scene.collection.objects.link(text)
    missing_font(text)
    set_up(scene)
    save(SHOT, compress=True)


def missing_font(text):
    """Gives a text a font whose file is gone."""
    at = path("nowhere", "font.ttf")
    source = os.path.join(bpy.utils.system_resource("DATAFILES"), "fonts")
    fonts = [os.path.join(d, n) for top in (source, "/usr/share/fonts") for d, _, names in os.walk(top) for n in names if n.endswith(".ttf")]
    if not fonts:
        return
    with open(fonts[0], "rb") as from_, open(at, "wb") as to:
        to.write(from_.read())
    text.data.font = bpy.data.fonts.load(at)
    os.remove(at)
    os.rmdir(os.path.dirname(at))


def set_up(scene):
    """Camera and output: small, and the same on every computer."""
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.type, camera.data.ortho_scale = "ORTHO", 5
    camera.location = (0, 0, 5)
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.name = "Nasty"
    scene.frame_start, scene.frame_end = 1, FRAMES
    scene.render.engine = "CYCLES"
    scene.cycles.device, scene.cycles.samples, scene.cycles.max_bounces = "CPU", 1, 0
    scene.cycles.use_denoising = False
    scene.render.resolution_x, scene.render.resolution_y = 100, 60
    scene.render.image_settings.file_format = "PNG"
    scene.render.fps = 10
    scene.view_settings.view_transform = "Standard"


make_library()
make_character()
make_caches()
make_sound()
make_shot()

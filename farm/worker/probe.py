# Says what this Blender can render with: first which devices Cycles has, then whether
# EEVEE renders here. WORD is in front of each answer, as others print, too.
import json, os, tempfile

import bpy


def devices():
    found = []
    addon = bpy.context.preferences.addons.get("cycles")
    if not addon:
        return found
    preferences = addon.preferences
    kinds = [kind[0] for kind in preferences.get_device_types(bpy.context)]
    for kind in kinds:
        if kind == "NONE":
            continue
        for d in preferences.get_devices_for_type(kind) or []:
            one = {"type": d.type, "name": d.name, "id": d.id}
            if one not in found:
                found.append(one)
    return found


def eevee():
    scene = bpy.context.scene
    for engine in ("BLENDER_EEVEE_NEXT", "BLENDER_EEVEE"):
        try:
            scene.render.engine = engine
            break
        except TypeError:
            pass
    scene.eevee.taa_render_samples = 1
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = 16, 16, 100
    render.use_compositing = render.use_sequencer = False
    render.image_settings.file_format = "PNG"
    with tempfile.TemporaryDirectory(prefix="farm-probe-") as folder:
        render.filepath = os.path.join(folder, "eevee.png")
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(render.filepath)
        # The default cube on its grey background: something was drawn.
        return len(set(image.pixels[:])) > 2


def answer(key, ask):
    try:
        value = ask()
    except Exception as error:
        print(key, error, flush=True)
        return
    print("\nWORD " + json.dumps({key: value}), flush=True)


answer("devices", devices)
answer("eevee", eevee)

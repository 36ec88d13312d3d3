# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the pictures of the add-on that are in docs/images, in a Blender with a window.

    blender --factory-startup --window-geometry 0 0 1280 960 --python pictures.py -- ZIP DIR

testdata/pictures.sh runs it, with the zip of a manager without workers, and starts a worker after the
picture "waiting". In DIR it makes a project to submit, and says which pictures are to be taken.
"""

import os
import sys
import traceback

import bpy

ZIP, DIR = sys.argv[sys.argv.index("--") + 1:]
BLEND = os.path.join(DIR, "orrery", "orrery.blend")
DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "testdata", "scenes", "demo.blend")


def window():
    return bpy.context.window_manager.windows[0]


def picture(name: str):
    """Has pictures.sh take a picture of the screen, and waits until it has."""
    wanted = os.path.join(DIR, name + ".wanted")
    open(wanted, "w").close()
    yield from until(lambda: not os.path.exists(wanted))


def alone():
    """Leaves nothing but Farm in the output properties, which fill the largest area."""
    for name in dir(bpy.types):
        cls = getattr(bpy.types, name)
        if getattr(cls, "bl_context", "") == "output" and "_PT_" in name and not name.startswith("FARM") and not getattr(cls, "bl_parent_id", ""):
            bpy.utils.unregister_class(cls)
    areas = sorted(window().screen.areas, key=lambda a: a.width * a.height)
    for area in areas[:-1]:
        if area.type == "PROPERTIES":
            area.type = "OUTLINER"
    areas[-1].type = "PROPERTIES"
    yield 1.0  # its tabs are not known before it is drawn
    areas[-1].spaces.active.context = "OUTPUT"


def project() -> None:
    """Saves the demo scene as a project with a texture that is there, one outside, and one that is gone."""
    os.makedirs(os.path.join(DIR, "orrery", "textures"))
    os.makedirs(os.path.join(DIR, "library"))
    bpy.ops.wm.open_mainfile(filepath=DEMO)
    for name in ("orrery/textures/brass.png", "library/wood.png", "orrery/textures/rust.png"):
        image = bpy.data.images.new("scratch", 256, 256)
        image.filepath_raw, image.file_format = os.path.join(DIR, name), "PNG"
        image.save()
        bpy.data.images.remove(image)
        image = bpy.data.images.load(os.path.join(DIR, name))
        bpy.data.objects["core"].active_material.node_tree.nodes.new("ShaderNodeTexImage").image = image
    scene = bpy.context.scene
    scene.frame_end, scene.frame_step = 16, 2
    scene.farm.exclude = "*.abc; cache/*"
    bpy.ops.wm.save_as_mainfile(filepath=BLEND, relative_remap=True)
    bpy.ops.file.make_paths_relative()
    os.remove(os.path.join(DIR, "orrery/textures/rust.png"))
    bpy.ops.wm.save_mainfile()


def opened(name: str, on: bool) -> None:
    """Opens or closes a panel, as far as Blender lets a script: its class says how it begins."""
    cls = getattr(bpy.types, name)
    bpy.utils.unregister_class(cls)
    cls.bl_options = set() if on else {"DEFAULT_CLOSED"}
    bpy.utils.register_class(cls)


def until(true, patience: float = 240.0):
    """Waits in steps, for a script that is run from a timer."""
    for _ in range(int(patience / 0.5)):
        if true():
            return
        yield 0.5
    raise RuntimeError("it did not happen")


def script():
    """What happens, each step when Blender has drawn the one before; yields seconds to wait."""
    bpy.ops.preferences.addon_install(filepath=ZIP)
    bpy.ops.preferences.addon_enable(module="farm")
    from farm import job_panel, runner

    project()
    yield 1.0
    bpy.ops.farm.refresh()
    bpy.context.scene.farm.settings.chunk_size = 2
    bpy.ops.farm.check_files()
    yield from alone()
    opened("FARM_PT_files", True)
    yield 2.0
    yield from picture("files")
    opened("FARM_PT_files", False)
    with bpy.context.temp_override(window=window()):
        bpy.ops.farm.submit_job("EXEC_DEFAULT")
    yield from until(lambda: job_panel._follower.look().why)
    yield 2.0
    yield from picture("waiting")
    yield from until(lambda: job_panel._follower.look().image and job_panel._follower.look().left)
    yield 2.0
    yield from picture("job")
    yield from until(lambda: job_panel._follower.look().job.over)
    with bpy.context.temp_override(window=window()):
        bpy.ops.farm.load_frames("INVOKE_DEFAULT", where="SEQUENCER")
    yield from until(lambda: not runner.busy())
    yield 4.0
    bpy.data.scenes["Farm Frames"].frame_set(5)
    yield 3.0
    yield from picture("frames")
    bpy.ops.wm.quit_blender()
    yield 60.0  # which it takes its time to


_steps = script()


def tick():
    try:
        return next(_steps)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


bpy.app.timers.register(tick, first_interval=2.0, persistent=True)

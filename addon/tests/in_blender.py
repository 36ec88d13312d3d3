# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs the add-on in a Blender without a window, and uses it as a script does.

    blender -b --factory-startup --python-exit-code 9 --python in_blender.py -- ZIP FILE.blend HOME STOPPED-MANAGER

The farm's test runs it, with the zip of a manager that runs on HOME and has a job type "odd". What
fails is an exception.
"""

import os
import sys

import bpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import paper  # noqa: E402

ZIP, BLEND, HOME, STOPPED = sys.argv[sys.argv.index("--") + 1:]


def check(what: str, got, want) -> None:
    if got != want:
        raise AssertionError(f"{what}: {got!r}, and not {want!r}")


def refused(says: str, call, **given) -> None:
    """The operator has to fail with a sentence in which this is."""
    try:
        call(**given)
    except RuntimeError as e:
        if says not in str(e):
            raise AssertionError(f"it said {e}, and nothing of {says!r}") from e
    else:
        raise AssertionError(f"nothing was refused, where {says!r} was expected")


def drawn(panel: str, *texts: str) -> None:
    """The panel has to have these texts."""
    there = paper.draw(getattr(bpy.types, panel))
    for text in texts:
        if not any(text in t for t in there):
            raise AssertionError(f"{panel} has no {text!r}: {there}")


def jobs() -> int:
    from farm import manager
    from farm.core.work import Work

    return len(manager.client(Work()).jobs())


bpy.ops.preferences.addon_install(filepath=ZIP)
bpy.ops.preferences.addon_enable(module="farm")

# Job types are there once the manager was asked, and from then on without it.
bpy.ops.wm.open_mainfile(filepath=BLEND)
check("before anybody asked", [i.identifier for i in bpy.types.Scene.bl_rna.properties if i.identifier.startswith("farm_settings_")], [])
bpy.ops.farm.refresh()
bpy.ops.preferences.addon_disable(module="farm")
bpy.ops.preferences.addon_enable(module="farm")
prefs = bpy.context.preferences.addons["farm"].preferences
url = prefs.manager_url
scene = bpy.context.scene
check("settings without asking", (scene.farm.job_type, scene.farm.settings.frames, scene.farm.job_name), ("simple-blender-render", "1-10", "my scene"))

# Nothing that cannot be submitted leaves anything.
refused("no job type “nothing”", bpy.ops.farm.submit_job, job_type="nothing")
refused("no tag “nowhere”", bpy.ops.farm.submit_job, tag="nowhere")
refused("no setting 'speed'", bpy.ops.farm.submit_job, settings='{"speed": 1}')
refused("must be a whole number", bpy.ops.farm.submit_job, settings='{"chunk_size": "many"}')
refused("is to be a JSON object", bpy.ops.farm.submit_job, settings="[1]")
check("jobs", jobs(), 0)
check("left in the storage", [name for _, _, names in os.walk(os.path.join(HOME, "storage")) for name in names], [])

# A job type with surprising settings.
scene.farm.job_type = "odd"
odd = scene.farm.settings
check("odd settings", (odd["my-key"], odd["class"], odd.kind, odd.small, odd.made), ("k", 7, "b c", 5, "k7"))
odd["class"] = 9
drawn("FARM_PT_submit", "My-Key", "Kind", "k9", "Submit to Farm")
refused("expression 'no python' failed", bpy.ops.farm.eval_setting, setting_key="broken")
bpy.ops.farm.submit_job(paused=True)
check("odd job", jobs(), 1)

# What is submitted is what the script sees: the changes, and of what is not there it says so.
scene.farm.job_type = "simple-blender-render"
scene.render.resolution_x = 32
image = bpy.data.images.new("gone", 8, 8)
image.source, image.filepath = "FILE", "//textures/gone.png"
image.use_fake_user = True
drawn("FARM_PT_submit", "Frames", "1-10", "######")
scene.farm.settings.frames = "2-3"
bpy.ops.farm.check_files()
drawn("FARM_PT_files", "Missing: 1", "gone.png")
check("result", bpy.ops.farm.submit_job(settings='{"chunk_size": 2}', job_name="from Blender", priority=77, wait=True), {"FINISHED"})
state = bpy.context.window_manager.farm
check("the artist's file", (sorted(os.listdir(os.path.dirname(BLEND))), bpy.data.filepath), ([os.path.basename(BLEND)], BLEND))

bpy.ops.farm.follow_job()
drawn("FARM_PT_job", "from Blender", "completed, 2 of 2 frames", "To Sequencer")

bpy.ops.farm.load_frames()
editor = scene.sequence_editor
strips = [(s.frame_final_start, s.frame_final_end, len(s.elements)) for s in (editor.strips if hasattr(editor, "strips") else editor.sequences)]
check("strips", strips, [(2, 4, 2)])
bpy.ops.farm.load_frames(where="VIEWER")
loaded = next(i for i in bpy.data.images if i.name.startswith("from Blender"))
check("image", (loaded.source, os.path.basename(loaded.filepath)), ("SEQUENCE", "000002.png"))

# A manager that is not there.
prefs.manager_url = STOPPED
refused("cannot be reached", bpy.ops.farm.refresh)
check("status", state.status, "failed")
drawn("FARM_PT_submit", "nothing answers there")
prefs.manager_url = "http://"
refused("is not the address of a manager", bpy.ops.farm.refresh)
prefs.manager_url = url
check("known again", scene.farm.job_type, "simple-blender-render")
bpy.ops.preferences.addon_disable(module="farm")
check("what is left of it", [name for name in (*dir(bpy.types.Scene), *dir(bpy.types)) if name.lower().startswith("farm")], [])

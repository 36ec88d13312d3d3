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
        if text not in " ".join(there):  # lines are broken anywhere
            raise AssertionError(f"{panel} has no {text!r}: {there}")


def state_of():
    return bpy.context.window_manager.farm


def jobs() -> int:
    from farm import manager
    from farm.core.work import Work

    return len(manager.client(Work()).jobs())


bpy.ops.preferences.addon_install(filepath=ZIP)
bpy.ops.preferences.addon_enable(module="farm")

from farm import job_panel, manager, sequencer  # noqa: E402
from farm.core import cache  # noqa: E402
from farm.core.follow import View  # noqa: E402
from farm.pack import report  # noqa: E402

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

scene.frame_step = 3
check("frames with a step", scene.farm.settings.frames, "1-10x3")
scene.frame_step = 1

# Nothing that cannot be submitted leaves anything.
refused("no job type “nothing”", bpy.ops.farm.submit_job, job_type="nothing")
refused("no tag “nowhere”", bpy.ops.farm.submit_job, tag="nowhere")
refused("no setting 'speed'", bpy.ops.farm.submit_job, settings='{"speed": 1}')
refused("must be a whole number", bpy.ops.farm.submit_job, settings='{"chunk_size": "many"}')
refused("is to be a JSON object", bpy.ops.farm.submit_job, settings="[1]")
check("jobs", jobs(), 0)
check("left in the storage", [name for _, _, names in os.walk(os.path.join(HOME, "storage")) for name in names if name != ".farm-storage"], [])

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

# Loaded frames change nothing of what is rendered, or sent: they are in a scene of their own.
before = len(report.report())
for _ in range(2):
    bpy.ops.farm.load_frames()
loaded = bpy.data.scenes["Farm Frames"]
check("strips", [(*sequencer.span(s), len(s.elements)) for s in sequencer.strips(loaded)], [(2, 4, 2)])
check("frames of the scene", (loaded.frame_start, loaded.frame_end, loaded.render.resolution_x), (2, 3, 32))
check("the artist's scene", (len(sequencer.strips(scene)), bpy.context.scene, sequencer.rendered_strips(scene)), (0, scene, 0))
bpy.ops.farm.load_frames(where="VIEWER")
check("what is needed", len(report.report()), before)
loaded = next(i for i in bpy.data.images if i.name.startswith("from Blender"))
check("image", (loaded.source, os.path.basename(loaded.filepath)), ("SEQUENCE", "000002.png"))

# Strips are pointed out, if they are what is rendered.
sequencer.strips(scene).new_effect(name="c", type="COLOR", channel=1, frame_start=1, **({"length": 9} if bpy.app.version >= (5, 0, 0) else {"frame_end": 9}))
check("rendered strips", sequencer.rendered_strips(scene), 1)
scene.render.use_sequencer = False
check("strips that are not rendered", sequencer.rendered_strips(scene), 0)

# Why a job waits.
job_id = state.job_id
job_panel._follower._view = View(job_panel._follower.look().job, why="no worker is awake")
drawn("FARM_PT_job", "It waits: no worker is awake")

# The job is another file's no more when one is opened, and known again without having been saved.
bpy.ops.wm.read_homefile(app_template="")
check("another file", (state_of().job_id, state_of().text, job_panel._follower, bpy.types.FARM_PT_job.poll(bpy.context)), ("", "", None, False))
bpy.ops.wm.open_mainfile(filepath=BLEND)
scene = bpy.context.scene
check("not saved", scene.farm.stored_job, "")
drawn("FARM_PT_job", "Show Last Job")
bpy.ops.farm.follow_job()
check("the last job", state_of().job_id, job_id)

# What is in the way of a submission is said, and no button greyed.
manager.adopt(cache.ManagerInfo())
drawn("FARM_PT_submit", "are not known yet")
bpy.ops.farm.refresh()
scene.farm.stored_type = "gone"
drawn("FARM_PT_submit", "no job type “gone”")
scene.farm.stored_type = ""
state = state_of()

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

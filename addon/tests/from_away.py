# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs the add-on and submits a file to a farm that does not see the file's folder.

    blender -b --factory-startup --python-exit-code 9 --python from_away.py -- ZIP FILE.blend FRAMES RENDERS

The farm's test runs it, with the zip of a manager, and looks at the frames afterwards.
"""

import sys

import bpy

ZIP, BLEND, FRAMES, RENDERS = sys.argv[sys.argv.index("--") + 1:]

bpy.ops.preferences.addon_install(filepath=ZIP)
bpy.ops.preferences.addon_enable(module="farm")
bpy.ops.wm.open_mainfile(filepath=BLEND)
bpy.ops.farm.refresh()
settings = bpy.context.scene.farm.settings
settings.frames = FRAMES
settings.render_output_root = RENDERS
if bpy.ops.farm.submit_job(job_name="from away", wait=True) != {"FINISHED"}:
    raise AssertionError(bpy.context.window_manager.farm.status_text)

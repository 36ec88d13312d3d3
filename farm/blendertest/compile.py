# Fills the folder behind -- with links to the scripts of this Blender, and with the
# bytecode of those it has read by now. The folder stays empty if they have bytecode
# already, and from Blender 4.0 on: there BLENDER_SYSTEM_SCRIPTS adds to its own scripts.
import compileall
import os
import shutil
import sys

import bpy

folder = sys.argv[-1]
scripts = bpy.utils.system_resource("SCRIPTS")
if bpy.app.version < (4, 0) and not os.path.exists(os.path.join(scripts, "modules", "__pycache__")):
    shutil.copytree(scripts, folder, copy_function=os.symlink, dirs_exist_ok=True)
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(scripts + os.sep):
            compileall.compile_file(os.path.join(folder, os.path.relpath(file, scripts)), quiet=2)

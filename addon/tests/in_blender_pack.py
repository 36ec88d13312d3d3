# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pack finds in a real Blender.

    blender -b --factory-startup --python-exit-code 1 --python in_blender_pack.py

Every kind of reference is made, reported, and rewritten.
"""

import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

result = unittest.main(module=None, argv=["in_blender_pack", "pack_kinds", "pack_views", "pack_links", "pack_reports"], exit=False).result
sys.stdout.flush()
if not result.wasSuccessful() or result.testsRun == 0:
    sys.exit(1)

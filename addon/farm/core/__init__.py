# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on does without Blender: the client, the settings, the files, the submission.

Nothing in here imports bpy, so that all of it runs, and is tested, in any Python from 3.10 on.
"""

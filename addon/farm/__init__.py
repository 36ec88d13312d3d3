# SPDX-License-Identifier: GPL-3.0-or-later
"""Submits the open file to a Farm render farm, follows the job, and loads its frames back.

    core/           without Blender: the client, settings, files, the submission
    pack/           what a file needs, and copies of it that work anywhere
    manager.py      the manager that is used, and what is known of it
    preferences.py  the add-on's preferences
    fields.py       Blender's properties for the settings of job types
    properties.py   what the scene keeps, and what scripts may look at
    host.py         the file that is submitted, as core/flow.py wants it
    runner.py       does long work in a thread, looked at from a timer
    operators.py    submit, cancel, refresh
    files_panel.py  the report of what the file needs
    job_panel.py    the job that was submitted, and loading its frames
    frames_back.py  the frames in Blender
    sequencer.py    Blender's sequencer
    panel.py        Properties > Output > Farm

It speaks the v3 protocol, and so works with Flamenco 3 managers as well.
"""

bl_info = {
    "name": "Farm",
    "author": "The Farm authors",
    "version": (0, 1, 0),
    "blender": (3, 4, 0),
    "location": "Properties > Output > Farm",
    "description": "Render on a farm: submit, follow, load the frames back",
    "category": "Render",
}


def register():
    # Not at the top: core is used without Blender as well.
    from . import registration

    registration.register()


def unregister():
    from . import registration

    registration.unregister()

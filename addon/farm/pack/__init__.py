# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds everything a .blend needs, and makes copies of it that work anywhere.

The add-on uses this package inside the artist's Blender, to report what is
missing; the program "farm" runs main.py in a Blender in the background, to
plan a pack. It needs Blender 3.4 or newer and nothing else, never runs scripts
that are in a file, and never writes to the artist's files.

Why Blender reads and rewrites the files, and not a reader of the file format:
where a path is kept, and what it is relative to, differs between data-block
kinds and from version to version, and so does the format: compression, block
headers, pointer size, structures that were renamed. Blender knows all of that
for every version up to its own, and what it saves it can read. A writer of
our own would have to follow every release, and one wrong byte costs a render.
The price is the time to open each file, once, and that only a Blender at least
as new as the file can do it, which the farm's workers need anyway. A file in
which no path has to change is not saved again but used as it is, byte for byte.

    files.py      names on the disk: sequences, tiles, views, folders; no bpy
    layout.py     where each file goes in the pack; no bpy
    reference.py  one path in the open .blend
    refs.py       every reference to another file in the open .blend
    nodes.py      those of nodes
    live.py       what of it takes part in rendering a scene
    report.py     report(): what the open .blend needs, for the add-on
    usd.py        what a USD file refers to in turn
    asleep.py     opens and saves without anything in the file running
    plan.py       opens the .blend and its libraries, and rewrites copies
    main.py       the command line
"""

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a USD file refers to in turn: layers, payloads, textures."""

import os
import re
from typing import List, Set, Tuple

# Asset paths in the text form are between @ signs (USD documentation).
ASSET = re.compile(rb"@@@(.+?)@@@|@([^@\n]+)@")

# A text file larger than this is geometry; what it refers to is at its top.
MAX_TEXT = 64 << 20


def dependencies(path: str) -> Tuple[List[str], str]:
    """Returns the other files that a USD file needs, and what could not be seen, if anything.

    Blender's own USD library is asked if this Blender brings it to Python (since
    3.5 or so); without it only the text form can be read.
    """
    try:
        from pxr import UsdUtils
    except ImportError:
        return scan(path)
    layers, assets, _ = UsdUtils.ComputeAllDependencies(path)
    found = {os.path.normpath(layer.realPath) for layer in layers if layer.realPath}
    found |= {os.path.normpath(str(asset)) for asset in assets}
    return sorted(f for f in found if f != os.path.normpath(path) and os.path.isfile(f)), ""


def scan(path: str) -> Tuple[List[str], str]:
    """Reads the text form, and the files it names, to any depth."""
    found: Set[str] = set()
    blind: Set[str] = set()
    left = [path]
    while left:
        current = left.pop()
        try:
            with open(current, "rb") as file:
                text = file.read(MAX_TEXT)
        except OSError:
            continue
        if not text.startswith(b"#usda"):
            if current.lower().endswith((".usd", ".usdc", ".usdz")):
                blind.add(current)
            continue
        for long, short in ASSET.findall(text):
            name = (long or short).decode("utf-8", "surrogateescape")
            asset = os.path.normpath(os.path.join(os.path.dirname(current), name))
            if asset not in found and asset != path and os.path.isfile(asset):
                found.add(asset)
                left.append(asset)
    if not blind:
        return sorted(found), ""
    return sorted(found), "this Blender cannot tell which other files %s needs; if there are any, put them into the project folder" % sorted(blind)[0]

# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans a pack in a Blender in the background.

    blender -b --factory-startup --python-exit-code 9 --python main.py -- \\
        --blend FILE --project ROOT --work DIR --exclude PATTERN --plan PLAN.json

Progress is printed as JSON, one object a line after "farm-pack: ". Names in
the file are printed by Blender as well, so nobody should believe these lines
more than a progress bar needs; the plan itself is only in PLAN.json:

    {"blend": PATH IN PACK, "root": ROOT,
     "files": [{"source": ABSOLUTE, "target": PATH IN PACK, "size": BYTES, "rewritten": BOOL}],
     "missing": [{"path", "owner": [ID TYPE, NAME], "library", "kind", "why"}], "warnings": [SENTENCE]}

or {"error": SENTENCE, "blender": BOOL}; the latter says whether this Blender is to
blame, and not the file. Sources of rewritten files are in DIR. With --look-only
no .blend is rewritten or looked into but the first.
"""

import argparse
import json
import os
import sys

sys.dont_write_bytecode = True  # the folder of the scripts stays as it is
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from pack.plan import Planner, PlanError  # noqa: E402


def tell(**what) -> None:
    """Prints one line of progress."""
    print("\nfarm-pack: " + json.dumps(what), flush=True)


def main(argv) -> None:
    """Runs the command line after "--"."""
    parser = argparse.ArgumentParser(prog="farm-pack")
    parser.add_argument("--blend", required=True)
    parser.add_argument("--project", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--plan", required=True)
    parser.add_argument("--exclude", action="append", default=[])
    parser.add_argument("--look-only", action="store_true")
    options = parser.parse_args(argv)
    planner = Planner(options.blend, options.project, options.work, options.exclude, tell)
    planner.look_only = options.look_only
    try:
        plan = planner.plan()
    except PlanError as err:
        plan = {"error": str(err), "blender": err.blender}
    # Whole or not at all: the other program reads it when this one has ended.
    with open(options.plan + ".part", "w", encoding="ascii") as file:
        json.dump(plan, file)
    os.replace(options.plan + ".part", options.plan)


main(sys.argv[sys.argv.index("--") + 1:])

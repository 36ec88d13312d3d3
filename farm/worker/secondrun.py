# Runs inside Blender before a frame is rendered by a second worker as well: ends it if
# the file saves more than the frame's own image, as two would write to one place then.
def farm_second():
    import os, sys
    import bpy

    def saves(tree, seen):
        if tree is None or tree.name_full in seen:
            return ""
        seen.add(tree.name_full)
        for node in tree.nodes:
            if node.bl_idname == "CompositorNodeOutputFile" and not node.mute:
                return "the compositor saves files of its own (node %s)" % node.name
            found = saves(getattr(node, "node_tree", None), seen)
            if found:
                return found
        return ""

    def reason():
        for scene in bpy.data.scenes:
            # From 5.0 on the compositor is a node group that scenes share.
            found = saves(getattr(scene, "compositing_node_group", None) or getattr(scene, "node_tree", None), set())
            if found:
                return found
        if bpy.context.scene.render.is_movie_format:
            return "it makes a movie"
        for name in dir(bpy.app.handlers):
            if name.startswith(("render_", "frame_change_", "composite_")):
                for handler in getattr(bpy.app.handlers, name):
                    if not getattr(handler, "__name__", "").startswith("farm_"):
                        return "a script of the file or an add-on takes part (%s)" % name
        return ""

    why = reason()
    if why:
        print("Error: " + why, flush=True)
        sys.stdout.flush()
        os._exit(1)


farm_second()

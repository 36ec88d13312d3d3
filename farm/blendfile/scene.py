import bpy

# Strips that make a picture; sound alone makes the video editor render nothing. Since 5.0 those that are muted do not count.
def pictures(s):
    editor = s.sequence_editor
    strips = (editor.strips if hasattr(editor, 'strips') else editor.sequences) if editor else ()  # renamed in 4.4
    return [x for x in strips if x.type != 'SOUND' and not (x.mute and bpy.app.version >= (5, 0, 0))]

# Sound is heard even if it is in a meta strip.
def sounds(s):
    editor = s.sequence_editor
    strips = (editor.strips_all if hasattr(editor, 'strips_all') else editor.sequences_all) if editor else ()
    return [x for x in strips if x.type == 'SOUND' and not x.mute]

def compositor(s):
    if not s.render.use_compositing:
        return None
    if hasattr(s, 'compositing_node_group'):  # since 5.0
        return s.compositing_node_group
    return s.node_tree if s.use_nodes else None

# A camera that is bound to a marker is as good as the scene's own.
def has_camera(s):
    return bool(s.camera or any(m.camera and not m.camera.hide_render for m in s.timeline_markers))

# What keeps the scene from being rendered, as Blender looks for it before it begins. Its newer
# compositor saves nothing without an output, and render layers of no scene need no camera.
def lacks(s):
    r, tree = s.render, compositor(s)
    if r.use_border and (r.border_max_x <= r.border_min_x or r.border_max_y <= r.border_min_y):
        return 'region'
    if r.use_sequencer and pictures(s):
        return ''
    if tree is None:
        return '' if has_camera(s) else 'camera'
    newer = bpy.app.version >= (4, 2, 0)
    if newer and not any(n.type in ('COMPOSITE', 'GROUP_OUTPUT', 'OUTPUT_FILE') and not n.mute for n in tree.nodes):
        return 'output'
    layers = [n.scene or s for n in tree.nodes if n.type == 'R_LAYERS' and not n.mute and (n.scene or not newer)]
    return '' if all(has_camera(x) if x == s else x.camera for x in layers) else 'camera'

import bpy, json

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

# How the names of the files of one frame end, before the extension: of several views, or of one file.
def suffixes(s):
    r = s.render
    if not r.use_multiview or r.image_settings.views_format != 'INDIVIDUAL':
        return None
    return [v.file_suffix for v in r.views if v.use and (r.views_format == 'MULTIVIEW' or v.name in ('left', 'right'))]

def told(s):
    r, image = s.render, s.render.image_settings
    cycles = getattr(s, 'cycles', None) if r.engine == 'CYCLES' else None
    return {
        'name': s.name, 'frame': s.frame_current, 'frame_start': s.frame_start, 'frame_end': s.frame_end, 'frame_step': s.frame_step,
        # Blender has the base in 32 bits: 1.001 is meant, and not 1.00100004673.
        'fps': r.fps / float('%.7g' % r.fps_base), 'format': image.file_format, 'file_extension': '' if r.is_movie_format else r.file_extension,
        'has_previews': bool(getattr(image, 'use_preview', False)),
        'view_suffixes': suffixes(s),
        'camera': s.camera.name if s.camera else '',
        'lacks': lacks(s),
        'sound': bool(sounds(s)),
        'sequencer': bool(r.use_sequencer and pictures(s)),
        'width': r.resolution_x * r.resolution_percentage // 100,
        'height': r.resolution_y * r.resolution_percentage // 100,
        'region': r.use_border,
        'adaptive_sampling': bool(getattr(cycles, 'use_adaptive_sampling', False)),
        'denoising': bool(getattr(cycles, 'use_denoising', False)),
    }

active = bpy.context.scene
scenes = [active] + [s for s in bpy.data.scenes if s != active]
# Since 4.3 Blender also tells of the .blend files that brushes come from, which no render needs.
linked = {bpy.path.basename(l.filepath) for l in bpy.data.libraries}
external = sorted({p for p in bpy.utils.blend_paths(absolute=False, packed=False, local=True)
                   if p and (not p.endswith('.blend') or bpy.path.basename(p) in linked)})
print('\nWORD ' + json.dumps({
    'scenes': [told(s) for s in scenes[:500]],
    'external': external[:MOST], 'external_count': len(external),
    'saved_by': list(bpy.data.version), 'blender_version': bpy.app.version_string,
}), flush=True)

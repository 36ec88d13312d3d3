import json

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

# What the files of a frame have to be like, as text: called when a rendering
# begins, when whatever may change the scene's settings has done so. The sizes are
# computed as Blender does.
def farm_images(scene):
    import json

    r = scene.render
    image = r.image_settings
    width, height = (max(1, n * r.resolution_percentage // 100) for n in (r.resolution_x, r.resolution_y))
    slack, views = 0, []
    if r.use_border and r.use_crop_to_border:
        width = int(r.border_max_x * width) - int(r.border_min_x * width)
        height = int(r.border_max_y * height) - int(r.border_min_y * height)
        slack = 1  # Blender rounds numbers of less precision
    if r.use_multiview:
        if image.views_format == "INDIVIDUAL":
            views = [v.file_suffix for v in (r.stereo_views if r.views_format == "STEREO_3D" else r.views) if v.use]
        elif image.views_format == "STEREO_3D":
            stereo = image.stereo_3d_format
            if stereo.display_mode == "SIDEBYSIDE" and not stereo.use_squeezed_frame:
                width *= 2
            elif stereo.display_mode == "TOPBOTTOM" and not stereo.use_squeezed_frame:
                height *= 2
    movies = []
    if r.is_movie_format:  # Blender does not say where it saves them
        import bpy

        names = [v.name for v in (r.stereo_views if r.views_format == "STEREO_3D" else r.views) if v.use] if views else [""]
        movies = [bpy.path.abspath(r.frame_path(view=n)) for n in names]
        views = []
    return json.dumps({"width": width, "height": height, "slack": slack, "views": views, "movies": movies, "layers": farm_layers(scene)})


# Where the compositor saves files with layers, of which Blender does not say that it
# has before 4.2 or so: paths that get the frame's number.
def farm_layers(scene):
    import bpy

    tree = getattr(scene, "node_tree", None)  # gone in 5.0
    if tree is None or not scene.use_nodes or not scene.render.use_compositing:
        return []
    nodes = [n for n in tree.nodes if n.bl_idname == "CompositorNodeOutputFile" and not n.mute]
    return [bpy.path.abspath(n.base_path) for n in nodes[:100] if n.format.file_format == "OPEN_EXR_MULTILAYER"]

# Runs inside Blender when it has the file open and before it renders: says what
# keeps the frames from being what they should be, one line for each, and ends
# Blender if a line is of a kind in STOPS. What it sets is CONFIG, see preflight.go.
def farm_preflight(config):
    import ctypes, os, sys, time
    begun = time.monotonic()
    import bpy

    # What Blender itself has to say of the file goes through the C library's buffer, and
    # has to come before this.
    try:
        (ctypes.cdll.ucrtbase if os.name == "nt" else ctypes.CDLL(None)).fflush(None)
    except Exception:
        pass

    told = []

    def tell(kind, text):
        text = " ".join(str(text).split())[:300]
        if (kind, text) not in told and len(told) < 200:
            told.append((kind, text))
            print("Preflight %s: %s" % (kind, text), flush=True)

    def named(id):
        return "%s %s" % (type(id).__name__.lower(), getattr(id, "name", ""))

    def choose_scene():
        name = config["scene"]
        if not name:
            return bpy.context.scene
        scene = bpy.data.scenes.get(name)
        if scene is None:
            some = ", ".join('"%s"' % s.name for s in bpy.data.scenes[:10])
            tell("scene", 'the file has no scene "%s"; it has %s' % (name, some))
        return scene

    def look_at_scene(scene):
        lacks = config["lacks"](scene)
        if lacks:
            tell(lacks, {"camera": 'scene "%s" has no camera', "output": 'the compositor of scene "%s" has no output node',
                         "region": 'the render region of scene "%s" is empty'}[lacks] % scene.name)
        if not any(layer.use for layer in scene.view_layers):
            tell("layers", 'no view layer of scene "%s" is switched on for rendering' % scene.name)

    def look_at_engine(scene):
        engine = config["engine"] or scene.render.engine
        known = {"BLENDER_EEVEE", "BLENDER_EEVEE_NEXT", "BLENDER_WORKBENCH"}
        known |= {getattr(c, "bl_idname", "") for c in all_below(bpy.types.RenderEngine)}
        if engine not in known:
            tell("engine", 'this Blender has no render engine "%s"' % engine if engine
                 else 'the render engine of scene "%s" is not there' % scene.name)

    def all_below(kind):
        for sub in kind.__subclasses__():
            yield sub
            yield from all_below(sub)

    def look_at_colours():
        path = os.environ.get("OCIO", "")
        if path and "://" not in path and not os.path.isfile(path):
            tell("colour", "the colour configuration %s, which OCIO names, is not there" % path)

    def look_at_files(scene):
        from pack import files, live, refs
        used = set().union(*(live.live(s) for s in ([scene] if scene else bpy.data.scenes)))
        for id in used:
            tree = id if isinstance(id, bpy.types.NodeTree) else getattr(id, "node_tree", None)
            for node in live.live_nodes(tree) if tree is not None else ():
                if node.bl_idname == "NodeUndefined" or type(node).__name__ == "NodeUndefined":
                    tell("addon", 'node "%s" of %s is of a kind that this Blender does not have' % (node.name, named(id)))
        for ref in refs.references():
            if ref.packed or ref.spare or ref.kind == "archive" or ref.put is None and not ref.raw:
                continue
            try:
                gone, why = ref.missing(), "is missing"
            except files.Unreadable:
                gone, why = [ref.path], "cannot be read"
            if not gone and ref.kind != "simulation":
                found = ref.files()[:1]
                if found and not os.access(found[0], os.R_OK):
                    gone, why = found, "cannot be read"
            for path in gone[:20]:
                takes_part = ref.id in used
                if isinstance(ref.id, bpy.types.Library):
                    takes_part = any(i.library == ref.id for i in used)
                kind = "missing" if takes_part else "unused"
                if ref.kind in ("sound", "simulation"):
                    kind = ref.kind
                of = "" if isinstance(ref.id, bpy.types.Library) else " (%s)" % named(ref.id)
                tell(kind, "%s %s %s%s" % (ref.kind, path, why, of))

    def choose_device(scene):
        engine = config["engine"] or scene.render.engine
        gpu, cycles = config["gpu"], getattr(scene, "cycles", None)
        addon = bpy.context.preferences.addons.get("cycles")
        if engine != "CYCLES" or cycles is None or addon is None:
            print("Preflight device: %s, as Blender chooses" % engine, flush=True)
            return
        prefs, chosen = addon.preferences, []
        if gpu == "never":
            cycles.device = "CPU"
        elif gpu in ("require", "prefer") or cycles.device == "GPU":
            chosen = switch_on(prefs)
            if chosen:
                cycles.device = "GPU"
            elif gpu == "require":
                tell("gpu", "the job wants a graphics card, and Blender finds none that Cycles can render on")
            else:
                cycles.device = "CPU"
        names = ", ".join(d.name for d in chosen) if chosen else "the processor"
        print("Preflight device: Cycles renders on %s%s" % (names, " (%s)" % prefs.compute_device_type if chosen else ""), flush=True)

    def switch_on(prefs):
        for kind in config["kinds"]:
            try:
                found = [d for d in prefs.get_devices_for_type(kind) if d.type == kind]
                if not found:
                    continue
                prefs.compute_device_type = kind
            except Exception:  # this Blender was built without it
                continue
            prefs.get_devices_for_type(kind)
            for device in prefs.devices:
                device.use = device.type == kind
            return [d for d in prefs.devices if d.use]
        return []

    def attempt(look, *args):
        try:
            look(*args)
        except Exception as e:  # never the reason that a job does not run
            print("Preflight gave up one of its looks: %s: %s" % (look.__name__, e), flush=True)

    scene = choose_scene()
    if config["look"]:
        if scene:
            attempt(look_at_scene, scene)
            attempt(look_at_engine, scene)
        attempt(look_at_colours)
        attempt(look_at_files, scene)
    if config["gpu"] and scene:
        attempt(choose_device, scene)
    print("Preflight done: %d found in %.2f s" % (len(told), time.monotonic() - begun), flush=True)
    if any(kind in config["stops"] for kind, _ in told):
        sys.stdout.flush()
        os._exit(1)


def run(folder, config):
    import sys
    try:
        import farm_scene
        farm_preflight(dict(config, lacks=farm_scene.lacks))
    finally:
        # A script of the file may have modules by these names.
        sys.path.remove(folder)
        for name in list(sys.modules):
            if name.split(".")[0] in ("pack", "farm_scene", "farm_preflight"):
                del sys.modules[name]

# Runs inside Blender: renders frames that the worker asks for, line by line,
# with the file that is open. Each answer carries the word that came with the
# question, as anything in Blender may print. Lines are
#   WORD begin               -> WORD ready | WORD refuse REASON
#   WORD range START END STEP     what "-s START -e END -j STEP" sets
#   WORD render FRAME        -> WORD frame FRAME, WORD images FACTS, then WORD done KIB | WORD failed REASON
def farm_warm():
    import bpy, ctypes, os, sys

    def flush_c():
        # What Blender itself prints goes through the C library's buffer.
        try:
            (ctypes.cdll.ucrtbase if os.name == "nt" else ctypes.CDLL(None)).fflush(None)
        except Exception:
            pass

    def tell(word, *rest):
        flush_c()
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout.write(" ".join(("Farm warm", word) + tuple(str(r).replace("\n", " ") for r in rest)) + "\n")
        sys.stdout.flush()

    def memory():
        try:
            with open("/proc/self/statm") as f:
                return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
        except Exception:
            return 0

    def simulated(o):
        kinds = {"CLOTH", "SOFT_BODY", "FLUID", "DYNAMIC_PAINT"}
        return any(m.type in kinds for m in o.modifiers) or any(
            p.settings.type != "HAIR" or p.use_hair_dynamics for p in o.particle_systems)

    # What depends on the frames that were rendered before, or counts them, is
    # for a Blender of its own.
    def refusal(scene):
        if not bpy.data.filepath:
            return "no file is open"
        if scene.render.is_movie_format:
            return "it makes a movie"
        for name in dir(bpy.app.handlers):
            if name.startswith(("render_", "frame_change_", "depsgraph_update_", "composite_")) and getattr(bpy.app.handlers, name):
                return "a script of the file or an add-on takes part (%s)" % name
        for text in bpy.data.texts:
            if text.use_module and "argv" in text.as_string():
                return "a script of the file reads the command line"
        if scene.rigidbody_world or any(simulated(o) for o in bpy.data.objects):
            return "it has a simulation"
        for group in bpy.data.node_groups:
            if any(n.bl_idname == "GeometryNodeSimulationOutput" for n in group.nodes):
                return "it has a simulation"
        return ""

    def render(scene, word, frame):
        start, end, camera = scene.frame_start, scene.frame_end, scene.camera

        # The frames are known when this is called, and the first has not begun:
        # whatever asks for the scene's range gets what the file says.
        def restore(*_):
            scene.frame_start, scene.frame_end = start, end

        def images(scene, *_):
            restore()
            tell(word, "images", farm_images(scene))

        handlers = bpy.app.handlers.render_init
        handlers.append(images)
        try:
            scene.frame_start = scene.frame_end = frame
            done = bpy.ops.render.render(animation=True)
        finally:
            handlers.remove(images)
            restore()
            if scene.camera != camera:  # a marker chose another one
                scene.camera = camera
        return "FINISHED" in done

    scene = bpy.context.scene
    for line in iter(sys.stdin.readline, ""):
        word, verb, *rest = line.split()
        try:
            if verb == "begin":
                reason = refusal(scene)
                for library in bpy.data.libraries:
                    tell(word, "uses", bpy.path.abspath(library.filepath))
                tell(word, "refuse" if reason else "ready", reason)
            elif verb == "range":
                scene.frame_start, scene.frame_end, scene.frame_step = map(int, rest)
            elif verb == "render":
                tell(word, "frame", rest[0])
                if render(scene, word, int(rest[0])):
                    tell(word, "done", memory())
                else:
                    tell(word, "failed", "Blender canceled the rendering")
        except Exception as e:
            tell(word, "failed", str(e))


farm_warm()

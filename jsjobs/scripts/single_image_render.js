// Renders one image on several workers: in tiles, in parts of the samples that
// Cycles takes for each pixel, or both. Parts are saved before the compositor
// and put together value by value; compositor, colour management and output
// format come after that, as they do when one Blender renders the whole.
const { OUTPUT, FILE, LOOK, imageFormat, outputPath, inFolder, blender, frameArgs, renderArgs, numbered, PLAIN_PATH } = require("./lib/farm_render.js");

// MAX_PARTS bounds what the last task holds open at once.
const MAX_PARTS = 256;

// Whether the scene is rendered by Cycles with one of its options on.
const usesCycles = option => `C.scene.render.engine == 'CYCLES' and bool(getattr(getattr(C.scene, 'cycles', None), '${option}', False))`;

const JOB_TYPE = {
	label: "Single Image Render",
	description: "Render one image on several workers, in tiles or in parts of its samples",
	settings: [
		{
			key: "frame", type: "int32", required: true, propargs: { min: -1048574, max: 1048574 }, eval: "C.scene.frame_current",
			evalInfo: { showLinkButton: true, description: "Current frame" },
			description: "The frame to render",
		},
		{
			key: "tiles_x", type: "int32", default: 2, propargs: { min: 1, max: 64 }, visible: "submission", label: "Tiles across",
			description: "Tiles beside each other. The result of Cycles is the same for any number, if adaptive sampling and denoising are off",
		},
		{
			key: "tiles_y", type: "int32", default: 2, propargs: { min: 1, max: 64 }, visible: "submission", label: "Tiles down",
			description: "Tiles below each other",
		},
		{
			key: "sample_parts", type: "int32", default: 1, propargs: { min: 1, max: 64 }, visible: "submission", label: "Parts of the samples",
			description: "Into how many parts the samples of a pixel are split. Only for Cycles; adaptive sampling and denoising have to be off",
		},
		{
			key: "exact", type: "bool", default: true, visible: "submission", label: "Same as a single render",
			description: "Switch adaptive sampling, denoising and the time limit of Cycles off. They look at more than a tile or at all samples, " +
				"so with them tiles may show seams, and parts of the samples are only similar to a single render",
		},
		...OUTPUT,
		...FILE,
		...LOOK,
		{ key: "format", type: "string", required: true, visible: "web", eval: "C.scene.render.image_settings.file_format" },
		{ key: "image_file_extension", type: "string", visible: "hidden", eval: "C.scene.render.file_extension" },
		{ key: "uses_region", type: "bool", default: false, visible: "hidden", eval: "C.scene.render.use_border" },
		{ key: "uses_adaptive_sampling", type: "bool", default: false, visible: "hidden", eval: usesCycles("use_adaptive_sampling") },
		{ key: "uses_denoising", type: "bool", default: false, visible: "hidden", eval: usesCycles("use_denoising") },
	],
};

function compileJob(job) {
	const { settings } = job;
	const { tiles_x, tiles_y, sample_parts } = settings;
	const format = imageFormat(settings);
	if (settings.uses_region) {
		throw "the scene renders only a region of the image: switch Render Region off (in the camera view: Ctrl+Alt+B)";
	}
	const count = tiles_x * tiles_y * sample_parts;
	if (count > MAX_PARTS) {
		throw `${tiles_x}×${tiles_y} tiles in ${sample_parts} parts are ${count} tasks, and the most is ${MAX_PARTS}`;
	}
	warn(settings);

	const output = outputPath(job);
	const dir = inFolder(path.dirname(output), "parts");
	const finish = author.Task("merge", "blender");
	const files = [];
	for (let y = 0; y < tiles_y; y++) {
		for (let x = 0; x < tiles_x; x++) {
			for (let part = 0; part < sample_parts; part++) {
				const name = partName(settings, x, y, part);
				const task = author.Task(`render-${name}`, "blender");
				task.addCommand(renderCommand(settings, inFolder(dir, name), x, y, part));
				job.addTask(task);
				finish.addDependency(task);
				files.push(inFolder(dir, numbered(`${name}-`, settings.frame) + ".exr"));
			}
		}
	}

	const merged = inFolder(dir, numbered("merged-", settings.frame) + ".exr");
	finish.addCommand(author.Command("merge-image", { parts: files, output: merged }));
	finish.addCommand(blender(settings, [
		"--python-exit-code", "1", "--python-expr", FINISH, ...renderArgs(output, format, settings.frame),
		"--", merged,
	], 1, told(settings)));
	job.addTask(finish);
}

// warn tells the submitter what differs from the file, or from a single render.
function warn({ exact, uses_adaptive_sampling, uses_denoising }) {
	const on = [...(uses_adaptive_sampling ? ["adaptive sampling"] : []), ...(uses_denoising ? ["denoising"] : [])].join(" and ");
	if (!on) return;
	const instead = uses_denoising ? ". Denoise in the compositor instead, which sees the whole image" : "";
	alert(exact ? `${on}: switched off, so that the image is that of a single render without${instead}`
		: `${on}: left on, so tiles may show seams, and the image differs from a single render`);
}

// told is the frame where the arguments of Blender do not say it.
const told = ({ frame }) => (frame < 0 ? String(frame) : "");

// partName counts from 1, tiles from the top left.
function partName({ tiles_x, tiles_y, sample_parts }, x, y, part) {
	const names = [];
	if (tiles_x * tiles_y > 1) names.push(`tile-${x + 1}-${y + 1}`);
	if (sample_parts > 1) names.push(`samples-${part + 1}`);
	return names.join("-") || "image";
}

function renderCommand(settings, output, x, y, part) {
	const { tiles_x, tiles_y, sample_parts, exact } = settings;
	const values = [x, y, tiles_x, tiles_y, part, sample_parts, exact ? 1 : 0].join(", ");
	return blender(settings, [
		"--render-output", `${output}-######`,
		"--python-exit-code", "1", "--python-expr", `x, y, across, down, part, parts, exact = ${values}\n${PART}${PLAIN_PATH}`,
		...frameArgs(settings.frame),
	], 1, told(settings));
}

// What the Python below says in a line that begins with Error: becomes the
// reason why the task failed.

// PART makes Blender render one part, in the size of the whole image, with all
// layers and passes and before the compositor. What part it is is written into
// the file: merge-image reads it there.
const PART = `import bpy, sys
scene = bpy.context.scene
render, cycles, image = scene.render, getattr(scene, "cycles", None), scene.render.image_settings
layers = [layer for layer in scene.view_layers if layer.use]

def stop(text):
    sys.exit("Error: " + text)

if render.use_border:
    stop("the scene renders only a region of the image: switch Render Region off")
if render.use_multiview:
    stop("the scene renders several views, which cannot be put together: switch Stereoscopy off")
first, count, total = 0, 1, 1
if render.engine == "CYCLES":
    if exact:
        for option, off in ("use_adaptive_sampling", False), ("use_denoising", False), ("time_limit", 0):
            if getattr(cycles, option):
                print("Switched off for this render:", option)
                setattr(cycles, option, off)
elif parts > 1:
    stop("only Cycles renders an image in parts of its samples: take tiles instead")
else:
    print("Tiles of", render.engine, "may show seams: only those of Cycles are the same as in a whole image")
if parts > 1:
    total = cycles.samples
    if total < parts:
        stop("the scene has %d samples, which cannot be split into %d parts" % (total, parts))
    if any(layer.samples for layer in layers) and cycles.use_layer_samples != "IGNORE":
        stop("a view layer has samples of its own, which cannot be split: take tiles instead")
    if getattr(cycles, "auto_scrambling_distance", False):
        stop("Automatic Scrambling Distance depends on the number of samples: switch it off, or take tiles instead")
    for layer in layers:
        if layer.use_pass_cryptomatte_object or layer.use_pass_cryptomatte_material or layer.use_pass_cryptomatte_asset:
            stop("view layer %s has Cryptomatte, which cannot be put together of samples: take tiles instead" % layer.name)
        # Cycles divides these passes by that of the colour, which is needed to undo it.
        for kind in "diffuse", "glossy", "transmission":
            if getattr(layer, "use_pass_%s_direct" % kind) or getattr(layer, "use_pass_%s_indirect" % kind):
                setattr(layer, "use_pass_%s_color" % kind, True)
    first = total * part // parts
    count = total * (part + 1) // parts - first
    cycles.sample_offset = first
    if hasattr(cycles, "use_sample_subset"):  # newer ones know both
        cycles.use_sample_subset, cycles.sample_subset_length = True, count
    else:
        cycles.samples = count
        if exact and cycles.sampling_pattern in ("AUTOMATIC", "BLUE_NOISE"):
            print("Blue noise depends on the number of samples: using Tabulated Sobol for this render")
            cycles.sampling_pattern = "TABULATED_SOBOL"
if across * down > 1:
    width = render.resolution_x * render.resolution_percentage // 100
    height = render.resolution_y * render.resolution_percentage // 100
    # One pixel more at each side makes up for rounding. Below is 0 in Blender.
    render.use_border, render.use_crop_to_border = True, False
    render.border_min_x = max(0, x * width // across - 1) / width
    render.border_max_x = min(width, (x + 1) * width // across + 1) / width
    render.border_min_y = max(0, height - (y + 1) * height // down - 1) / height
    render.border_max_y = min(height, height - y * height // down + 1) / height
if hasattr(image, "media_type"):
    image.media_type = "MULTI_LAYER_IMAGE"
image.file_format, image.color_depth, image.exr_codec = "OPEN_EXR_MULTILAYER", "32", "ZIP"
if hasattr(image, "use_exr_interleave"):
    image.use_exr_interleave = True
render.use_compositing = render.use_sequencer = render.use_placeholder = render.use_stamp = False
render.use_file_extension = render.use_overwrite = render.use_stamp_note = True
render.metadata_input = "SCENE"
render.stamp_note_text = "farm part: tile %d,%d of %d,%d; samples %d+%d of %d" % (x, y, across, down, first, count, total)
`;

// FINISH makes Blender take the merged image for what an engine rendered, and
// go on from there. The image is the last argument.
const FINISH = `import bpy, sys
scene, merged = bpy.context.scene, sys.argv[-1]

def names(path):
    """The channels of an OpenEXR image, from its header."""
    with open(path, "rb") as file:
        head = file.read(1 << 20)
    at = 8
    def text():
        nonlocal at
        start, at = at, head.index(0, at) + 1
        return head[start:at - 1].decode()
    while head[at]:
        name, kind = text(), text()
        at += 4
        end = at + int.from_bytes(head[at - 4:at], "little")
        while name == "channels" and head[at]:
            yield text()
            at += 16
        at = end

passes = dict()
for name in names(merged):
    layer, name, channel = name.rsplit(".", 2)
    passes.setdefault(layer, dict()).setdefault(name, []).append(channel)
for name, layer in passes.items():
    # Colours that were only rendered to undo a division are not the scene's.
    for old, kind in ("DiffCol", "diffuse"), ("GlossCol", "glossy"), ("TransCol", "transmission"):
        if not getattr(scene.view_layers[name], "use_pass_%s_color" % kind):
            for color in old, kind.capitalize() + " Color": # its name since 5.0
                layer.pop(color, None)
    for name in layer:
        layer[name] = "".join(sorted(layer[name], key=lambda c: "UVRGBAXYZW".find(c.upper())))

class Merged(bpy.types.RenderEngine):
    bl_idname, bl_label, bl_use_postprocess = "FARM_MERGED", "Merged", True

    def update_render_passes(self, scene, layer):
        for name, channels in passes.get(layer.name, dict()).items():
            kind = "VALUE" if len(channels) == 1 else "COLOR" if "R" in channels.upper() else "VECTOR"
            self.register_pass(scene, layer, name, len(channels), channels, kind)

    def render(self, depsgraph):
        layer = depsgraph.view_layer.name
        for name, channels in passes.get(layer, dict()).items():
            if name != "Combined":
                self.add_pass(name, len(channels), channels, layer=layer)
        result = self.begin_result(0, 0, self.resolution_x, self.resolution_y, layer=layer)
        result.load_from_file(merged)
        self.end_result(result)

bpy.utils.register_class(Merged)
scene.render.engine = "FARM_MERGED"
`;

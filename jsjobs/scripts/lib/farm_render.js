// What job types that render have in common. A script gets it with
// require("./lib/farm_render.js"), also one in the folder of the user.

// FORMATS are, by their names in Python, the word that Blender's command line
// has for a format, how its files end, and whether FFmpeg shows them as Blender
// does: it does not read some, and the others of these are not for a screen
// before the view transform.
const FORMATS = {
	PNG: ["PNG", ".png", true], JPEG: ["JPEG", ".jpg", true], TIFF: ["TIFF", ".tif", true], BMP: ["BMP", ".bmp", true],
	TARGA: ["TGA", ".tga", true], TARGA_RAW: ["RAWTGA", ".tga", true], JPEG2000: ["JP2", ".jp2", true],
	IRIS: ["IRIS", ".rgb", true], WEBP: ["WEBP", ".webp", true], AVIF: ["AVIF", ".avif", false],
	OPEN_EXR: ["OPEN_EXR", ".exr", false], OPEN_EXR_MULTILAYER: ["OPEN_EXR_MULTILAYER", ".exr", false],
	HDR: ["HDR", ".hdr", false], DPX: ["DPX", ".dpx", false], CINEON: ["CINEON", ".cin", false],
};

// ALIASES are other words for them: those of the command line, and old ones.
const ALIASES = {
	TGA: "TARGA", RAWTGA: "TARGA_RAW", JP2: "JPEG2000", JPG: "JPEG", TIF: "TIFF", IRIZ: "IRIS", EXR: "OPEN_EXR", MULTILAYER: "OPEN_EXR_MULTILAYER",
};

// Formats that make one file of all frames: parts would overwrite each other.
const MOVIES = ["FFMPEG", "MPEG", "AVI_RAW", "AVI_JPEG", "AVIRAW", "AVIJPEG"];

const nameOf = format => ALIASES[format.toUpperCase()] || format.toUpperCase();

// imageFormat returns the word of the command line for the format of the
// images, their ending, and whether FFmpeg reads them well. A movie becomes PNG
// images, of which the job can make a video; the job remembers that.
exports.imageFormat = settings => {
	if (MOVIES.includes(settings.format.toUpperCase())) {
		alert(`the output format ${settings.format} is a movie, which cannot be rendered in parts: rendering PNG images instead`);
		settings.format = "PNG";
		settings.image_file_extension = ".png";
		settings.has_previews = false;
	}
	const [word, ending, shown] = FORMATS[nameOf(settings.format)] || [settings.format, settings.image_file_extension, true];
	return { word, ending, shown };
};

// outputPath returns the path with the job's time filled in, and has the job
// remember it. Other names in braces are variables of the farm, and are left alone.
exports.outputPath = job => {
	if (!job.settings.render_output_path) throw "no render_output_path setting!";
	return job.settings.render_output_path = withFolder(job).split("{timestamp}").join(formatTimestampLocal(job.created));
};

// withFolder returns the path with a folder of its own for the job. Submitters
// compose root / folders of the file / job's name / {timestamp} / ######, and some
// take the name as it is: one like a path would lead out of the root, others mean
// something to Blender, FFmpeg or the file system. Other paths are left alone.
function withFolder({ name, settings: { render_output_root: root, render_output_path: output } }) {
	const split = text => text.split("\\").join("/").split("/");
	const parts = split(output), named = split(name).filter(part => part && part !== ".");
	const folders = parts.slice(0, -2), parent = folders.slice(0, folders.length - named.length);
	if (parts.slice(-2).join("/") !== "{timestamp}/######") return output;
	const last = named[named.length - 1];
	if (/^([\\/]|[A-Za-z]:)/.test(name) && root && (!last || last === folders[folders.length - 1])) {
		return [...split(root.replace(/[\\/]+$/, "")), folderName(name), "{timestamp}", "######"].join("/");
	}
	if (folders.slice(parent.length).join("/") !== named.join("/")) return output;
	return [...parent, folderName(name), "{timestamp}", "######"].join("/");
}

// inFolder joins. Unlike path.join it keeps the two slashes that begin a network path.
exports.inFolder = (dir, name) => (dir === "/" ? "" : dir) + "/" + name;

// looks are what a render command says of what comes before the first frame. Workers
// that do not know these parameters render without.
const looks = ({ preflight = true, allow_missing: allowMissing, gpu = "auto" }) => ({ ...(preflight ? { preflight } : {}), ...(allowMissing ? { allowMissing } : {}), gpu });

// blender makes a command that runs Blender on the job's file. steps is how
// many frames it renders. frames is which, if its arguments do not tell.
exports.blender = (settings, args, steps = 0, frames = "") => author.Command("blender-render", {
	exe: "{blender}",
	exeArgs: "{blenderArgs}",
	argsBefore: [],
	blendfile: settings.blendfile,
	args: [...(settings.scene ? ["--scene", settings.scene] : []), ...args],
	...(frames ? { frames } : {}),
	...(steps ? looks(settings) : {}),
}, steps);

// PLAIN_PATH is Python behind --render-output: since Blender 4.5 braces in the
// path are templates, and the farm means none.
exports.PLAIN_PATH = `if bpy.app.version >= (4, 5):
    path = bpy.context.scene.render.filepath
    bpy.context.scene.render.filepath = path.replace("{", "{" * 2).replace("}", "}" * 2)
`;

// IMAGES makes each frame a file of its own and, when it is rendered again, a
// new one: the farm checks the file that is there afterwards. Before 5.0 a format
// of the command line leaves an alpha and a depth that it does not have. A mode
// without a name is such an alpha, with which BMP files are cut short; Cineon has
// one depth, and cannot be saved with another.
const IMAGES = `import bpy
render = bpy.context.scene.render
render.use_file_extension = render.use_overwrite = True
render.use_placeholder = False
if not render.image_settings.color_mode:
    render.image_settings.color_mode = "RGB"
if render.image_settings.file_format == "CINEON":
    render.image_settings.color_depth = "10"
` + exports.PLAIN_PATH;

// COUNT_FROM_ZERO makes Blender, which counts frames below zero from the end of
// the scene's range, count them from 0. Once that is done the scene gets its
// range back.
const COUNT_FROM_ZERO = `import bpy
def farm_range(scene, *_, range=(bpy.context.scene.frame_start, bpy.context.scene.frame_end)):
    scene.frame_start, scene.frame_end = range
    bpy.app.handlers.render_init.remove(farm_range)
bpy.app.handlers.render_init.append(farm_range)
bpy.context.scene.frame_end = 0
`;

// renderArgs returns arguments of Blender that save frames as images.
exports.renderArgs = (output, { word }, frames) => [
	"--render-output", exports.inFolder(path.dirname(output), path.basename(output)),
	"--render-format", word,
	"--python-expr", IMAGES,
	...exports.frameArgs(frames),
];

// frameArgs returns the arguments that render frames, which may be below zero.
exports.frameArgs = frames => {
	if (String(frames).indexOf("-") < 0) return ["--render-frame", frames];
	const parts = String(frames).split(",").map(part => part.replace(/(\d)-/, "$1..").split(".."));
	const negative = parts.some(part => part[0] < 0);
	const list = parts.map(part => part.map(n => (n < 0 ? n - 1 : n)).join("..")).join(",");
	return [...(negative ? ["--python-expr", COUNT_FROM_ZERO] : []), "--render-frame", list];
};

// MOST_TASKS are so many that planning them takes seconds, and no more memory than a
// manager has for it.
const MOST_TASKS = 100000;

// chunksOf returns the frames of each task, in the order in which they are to be rendered.
exports.chunksOf = settings => {
	const { frames, chunk_size } = settings;
	const chunks = frameChunker(frames, chunk_size);
	if (chunks.length > MOST_TASKS) {
		const enough = Math.ceil(chunks.length * chunk_size / MOST_TASKS);
		throw `these frames are ${chunks.length} tasks, and a job has at most ${MOST_TASKS}: raise chunk_size, the frames of each task, from ${chunk_size} to ${enough}, or submit the frames as several jobs`;
	}
	return inOrder(settings, chunks);
};

// inOrder returns chunks of frames, which are rising, in the order in which they are
// to be rendered. Tasks are handed out in the order in which they are added.
function inOrder({ order }, chunks) {
	const last = chunks.length - 1;
	if (order === "reverse") return chunks.slice().reverse();
	if (order === "ends first" && last > 1) {
		const middle = Math.floor(last / 2);
		return [chunks[0], chunks[last], ...(middle > 0 ? [chunks[middle]] : []), ...chunks.filter((_, i) => i > 0 && i < last && i !== middle)];
	}
	if (order !== "coarse to fine") return chunks;
	const list = [];
	let step = 1;
	while (step * 8 <= chunks.length) step *= 2;
	for (let at = 0; at < chunks.length; at += step) list.push(chunks[at]);
	for (; step > 1; step /= 2) {
		for (let at = step / 2; at < chunks.length; at += step) list.push(chunks[at]);
	}
	return list;
}

// renderTask returns a function that makes the task for a chunk of frames. What
// all tasks of a job have in common is made once: there may be many thousands, and
// author.Command copies its parameters.
exports.renderTask = (settings, output, format) => {
	const before = (settings.scene ? ["--scene", settings.scene] : []).concat(exports.renderArgs(output, format, 0).slice(0, -2));
	const args = before.concat(exports.frameArgs(0)), last = args.length - 1;
	const parameters = { exe: "{blender}", exeArgs: "{blenderArgs}", argsBefore: [], blendfile: settings.blendfile, args, ...looks(settings) };
	return function (chunk) {
		let some = parameters;
		if (chunk.charAt(0) === "-") { // they are sorted
			some = { ...parameters, args: before.concat(exports.frameArgs(chunk)), frames: chunk };
		} else if (chunk.indexOf("-") < 0) {
			args[last] = chunk;
		} else {
			args[last] = exports.frameArgs(chunk)[1];
		}
		const task = author.Task("render-" + chunk, "blender");
		task.addCommand(author.Command("blender-render", some, frameCount(chunk)));
		return task;
	};
};

// Players take colours for those of BT.709 in all but small videos, so the
// conversion has to be that, and the video has to say so. Some encoders take it
// from the frames, some from these arguments.
exports.BT709 = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"];

// overBlack shows what is transparent over black, as Blender does it: in linear
// light. That is the same as to multiply with the 2.2th root of the alpha.
exports.overBlack = "format=rgba64le,lutrgb=a=maxval*pow(val/maxval\\,1/2.2),premultiply=inplace=1";

// even makes both sides even, which most codecs need: to a given width, or by a
// row and a column of black.
exports.even = width => (width ? `scale=${width - width % 2}:-2:out_color_matrix=bt709` : "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709") +
	",setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709";

// videoTask makes a task that makes a video of all frames of the job. Workers
// that do not know framePath and frames take what inputGlob matches.
exports.videoTask = (settings, name, output, ending, { args, suffix, optional = false }) => {
	const dir = path.dirname(output);
	const task = author.Task(name, "ffmpeg");
	task.addCommand(author.Command("frames-to-video", {
		exe: "ffmpeg",
		fps: settings.fps,
		inputGlob: exports.inFolder(dir, "*" + ending),
		framePath: exports.inFolder(dir, path.basename(output)) + ending,
		frames: settings.frames,
		...(optional ? { optional } : {}),
		outputFile: exports.inFolder(dir, exports.videoName(settings) + suffix),
		args: [...args, "-y"],
	}));
	if (settings.has_sound) alert("the video has no sound: that of the video editor is left out");
	return task;
};

// videoName returns the name of the video of a .blend, without its ending. It has
// the frames in it, of a list only the first and the last.
exports.videoName = ({ blendfile, frames }) => {
	const sorted = /[,x]/i.test(frames) ? frameChunker(frames, 1) : [];
	const span = sorted.length ? `${sorted[0]}-${sorted[sorted.length - 1]}` : frames.split(" ").join("");
	return `${folderName(path.stem(blendfile).replace(".flamenco", ""))}-${span}`;
};

// numbered returns the file that Blender makes for a frame of an output path
// that ends in six times #.
exports.numbered = (name, frame) => name + (frame < 0 ? "-" : "") + String(Math.abs(frame)).padStart(6, "0");

// FRAMES are the settings for which frames are rendered.
exports.FRAMES = [
	{
		key: "frames", type: "string", required: true,
		eval: "f'{C.scene.frame_start}-{C.scene.frame_end}' + (f'x{C.scene.frame_step}' if C.scene.frame_step > 1 else '')",
		evalInfo: { showLinkButton: true, description: "Scene frame range" },
		description: "Frames to render, for example 1-24, 1-100x2 or 1,3,7..9",
	},
	{
		key: "chunk_size", type: "int32", default: 1, propargs: { min: 1 }, visible: "submission",
		description: "Frames that one task renders; more save start-up time, fewer spread the work better",
	},
	{
		key: "order", type: "string", choices: ["rising", "ends first", "coarse to fine", "reverse"], default: "rising", visible: "submission",
		description: "Which frames come first: ends first renders the first, the last and the middle one, coarse to fine every nth and then those between",
	},
];

// OUTPUT are the settings for where renders go, which the add-on and "farm
// submit" know how to fill.
exports.OUTPUT = [
	{
		key: "render_output_root", type: "string", subtype: "dir_path", required: true, visible: "submission",
		description: "Folder for everything that is rendered; the folders of the job are made in it",
	},
	{
		key: "add_path_components", type: "int32", required: true, default: 0,
		propargs: { min: 0, max: 32 }, visible: "submission",
		description: "How many of the blend file's own folders to repeat below the output root",
	},
	{
		key: "render_output_path", type: "string", subtype: "file_path", editable: false,
		eval: "str(Path(abspath(settings.render_output_root), last_n_dir_parts(settings.add_path_components), jobname, '{timestamp}', '######'))",
		description: "Where the images will be; made from the settings above",
	},
];

// FILE are the settings that say which file and scene are meant.
exports.FILE = [
	{
		key: "blendfile", type: "string", required: true, visible: "web",
		description: "The blend file, as the workers see it",
	},
	{
		key: "scene", type: "string", required: true, visible: "web", eval: "C.scene.name",
		description: "The scene to render",
	},
];

// LOOK are the settings for what a worker does with the file before the first frame.
exports.LOOK = [
	{
		key: "preflight", type: "bool", default: true, visible: "submission",
		description: "Look for missing files, cameras and add-ons before the first frame, and stop the job if frames would not be as they should",
	},
	{
		key: "allow_missing", type: "bool", default: false, visible: "submission",
		description: "Render although files are missing: the preflight lists them, and does not stop the job",
	},
	{
		key: "gpu", type: "string", choices: ["auto", "prefer", "require", "never"], default: "auto", visible: "submission", label: "GPU",
		description: "Where Cycles renders: auto uses the graphics cards of a worker if the scene says GPU Compute; prefer uses them if there are any; require fails without; never uses the processor",
	},
];

// VIDEO are the settings that a video of the frames needs, taken from the file.
exports.VIDEO = [
	{ key: "format", type: "string", required: true, eval: "C.scene.render.image_settings.file_format", visible: "web" },
	{ key: "image_file_extension", type: "string", required: true, eval: "C.scene.render.file_extension", visible: "hidden" },
	{
		key: "has_previews", type: "bool", default: false, visible: "hidden",
		eval: "C.scene.render.image_settings.use_preview",
		description: "Whether Blender writes a JPEG beside each frame",
	},
	{
		key: "has_sound", type: "bool", default: false, visible: "hidden",
		eval: "any(s.type == 'SOUND' and not s.mute for s in (getattr(C.scene.sequence_editor, 'strips_all', None) or getattr(C.scene.sequence_editor, 'sequences_all', None) or ()))",
		description: "Whether the scene's video editor has sound",
	},
];

// What job types that render have in common. A script gets it with
// require("./lib/farm_render.js"), also one in the folder of the user.

// Formats that make one file of all frames: parts would overwrite each other.
const VIDEO_FORMATS = ["FFMPEG", "AVI_RAW", "AVI_JPEG"];

exports.refuseVideo = ({ format }) => {
	if (VIDEO_FORMATS.includes(format)) {
		throw `the output format ${format} is a video; choose an image format, such as PNG`;
	}
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

// blender makes a command that runs Blender on the job's file. steps is how
// many frames it renders.
exports.blender = ({ blendfile, scene }, args, steps = 0) => author.Command("blender-render", {
	exe: "{blender}",
	exeArgs: "{blenderArgs}",
	argsBefore: [],
	blendfile,
	args: [...(scene ? ["--scene", scene] : []), ...args],
}, steps);

// videoName returns the name of the video of a .blend, without its ending. It has
// the frames in it, of a list only the first and the last.
exports.videoName = ({ blendfile, frames }) => {
	const sorted = frames.includes(",") ? frameChunker(frames, 1) : [];
	const span = sorted.length ? `${sorted[0]}-${sorted[sorted.length - 1]}` : frames.split(" ").join("");
	return `${folderName(path.stem(blendfile).replace(".flamenco", ""))}-${span}`;
};

// numbered returns the file that Blender makes for a frame of an output path
// that ends in six times #.
exports.numbered = (name, frame) => name + (frame < 0 ? "-" : "") + String(Math.abs(frame)).padStart(6, "0");

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

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
	const output = job.settings.render_output_path;
	if (!output) throw "no render_output_path setting!";
	return job.settings.render_output_path = output.replaceAll("{timestamp}", formatTimestampLocal(job.created));
};

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

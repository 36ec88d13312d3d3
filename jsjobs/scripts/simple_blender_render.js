// Renders a range of frames with Blender, one task for each chunk of them, and
// makes a video of the frames when they are all there.
var render = require("./lib/farm_render.js");

var JOB_TYPE = {
	label: "Simple Blender Render",
	description: "Render a sequence of frames, and put them together to a preview video",
	settings: [
		// What the submitter decides.
		{
			key: "frames", type: "string", required: true,
			eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
			evalInfo: { showLinkButton: true, description: "Scene frame range" },
			description: "Frames to render, for example 1-24 or 1,3,7..9"
		},
		{
			key: "chunk_size", type: "int32", default: 1, visible: "submission",
			description: "Frames that one task renders; more save start-up time, fewer spread the work better"
		},
		{
			key: "render_output_root", type: "string", subtype: "dir_path", required: true, visible: "submission",
			description: "Folder for everything that is rendered; the folders of the job are made in it"
		},
		{
			key: "add_path_components", type: "int32", required: true, default: 0,
			propargs: { min: 0, max: 32 }, visible: "submission",
			description: "How many of the blend file's own folders to repeat below the output root"
		},
		{
			key: "render_output_path", type: "string", subtype: "file_path", editable: false,
			eval: "str(Path(abspath(settings.render_output_root), last_n_dir_parts(settings.add_path_components), jobname, '{timestamp}', '######'))",
			description: "Where the frames will be; made from the settings above"
		},

		// What is taken from the file.
		{
			key: "blendfile", type: "string", required: true, visible: "web",
			description: "The blend file, as the workers see it"
		},
		{ key: "fps", type: "float", eval: "C.scene.render.fps / C.scene.render.fps_base", visible: "hidden" },
		{ key: "format", type: "string", required: true, eval: "C.scene.render.image_settings.file_format", visible: "web" },
		{ key: "image_file_extension", type: "string", required: true, eval: "C.scene.render.file_extension", visible: "hidden" },
		{
			key: "has_previews", type: "bool", required: false, visible: "hidden",
			eval: "C.scene.render.image_settings.use_preview",
			description: "Whether Blender writes a JPEG beside each frame"
		},
		{
			key: "scene", type: "string", required: true, visible: "web", eval: "C.scene.name",
			description: "The scene to render"
		}
	]
};

// Formats that make one file of all frames: chunks would overwrite each other.
var VIDEO_FORMATS = ["FFMPEG", "AVI_RAW", "AVI_JPEG"];

// Formats that FFmpeg does not read well; their previews serve for the video.
var EXR_FORMATS = ["EXR", "MULTILAYER", "OPEN_EXR", "OPEN_EXR_MULTILAYER"];

// Each frame has to become a file of its own and, when it is rendered again,
// a new one: the farm checks the file that is there afterwards.
var RENDER_SETTINGS = [
	"import bpy",
	"render = bpy.context.scene.render",
	"render.use_file_extension = True",
	"render.use_overwrite = True",
	"render.use_placeholder = False"
].join("; ");

function compileJob(job) {
	var settings = job.settings;
	if (VIDEO_FORMATS.indexOf(settings.format) >= 0) {
		throw "the output format " + settings.format + " is a video; choose an image format, such as PNG";
	}

	var output = render.outputPath(job);

	var dir = path.dirname(output);
	var renders = renderTasks(settings, dir, path.basename(output));
	var video = videoTask(settings, dir);

	renders.forEach(function (task) {
		job.addTask(task);
	});
	if (video) {
		renders.forEach(function (task) {
			video.addDependency(task);
		});
		job.addTask(video);
	}
}

function renderTasks(settings, dir, name) {
	var output = inFolder(dir, name);
	return frameChunker(settings.frames, settings.chunk_size).map(function (chunk) {
		var args = settings.scene ? ["--scene", settings.scene] : [];
		args.push(
			"--python-expr", RENDER_SETTINGS,
			"--render-output", output,
			"--render-format", settings.format,
			"--render-frame", chunk.replace(/(\d)-/g, "$1..")
		);
		var task = author.Task("render-" + chunk, "blender");
		task.addCommand(author.Command("blender-render", {
			exe: "{blender}",
			exeArgs: "{blenderArgs}",
			argsBefore: [],
			blendfile: settings.blendfile,
			args: args
		}, frameCount(chunk)));
		return task;
	});
}

function videoTask(settings, dir) {
	var isEXR = EXR_FORMATS.indexOf(settings.format) >= 0;
	if (!settings.fps || isEXR && !settings.has_previews) {
		return null;
	}
	var task = author.Task("preview-video", "ffmpeg");
	task.addCommand(author.Command("frames-to-video", {
		exe: "ffmpeg",
		fps: settings.fps,
		inputGlob: inFolder(dir, "*" + (isEXR ? ".jpg" : settings.image_file_extension)),
		outputFile: inFolder(dir, render.videoName(settings) + ".mp4"),
		args: [
			"-c:v", "h264",
			"-crf", "20",
			"-g", "18",
			"-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2",
			"-pix_fmt", "yuv420p",
			"-r", settings.fps,
			"-y"
		]
	}));
	return task;
}

// Unlike path.join this keeps the two slashes that begin a network path.
function inFolder(dir, name) {
	return (dir === "/" ? "" : dir) + "/" + name;
}

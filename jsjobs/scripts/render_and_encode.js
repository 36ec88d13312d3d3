// Renders a range of frames, one task for each chunk of them, and makes a video
// of them all in the codec of one's choice.
const { OUTPUT, FILE, refuseVideo, outputPath, videoName, inFolder, blender } = require("./lib/farm_render.js");

const JOB_TYPE = {
	label: "Render and Encode",
	description: "Render a sequence of frames, and make a video of them: H.264, H.265, ProRes or GIF",
	settings: [
		{
			key: "frames", type: "string", required: true,
			eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
			evalInfo: { showLinkButton: true, description: "Scene frame range" },
			description: "Frames to render, for example 1-24 or 1,3,7..9",
		},
		{
			key: "chunk_size", type: "int32", default: 1, propargs: { min: 1 }, visible: "submission",
			description: "Frames that one task renders; more save start-up time, fewer spread the work better",
		},
		{
			key: "codec", type: "string", choices: ["h264", "h265", "prores", "prores-4444", "gif"], default: "h264",
			description: "h264 plays everywhere; h265 is smaller; prores is for cutting, prores-4444 keeps transparency; gif is for chats and web pages",
		},
		{
			key: "quality", type: "string", choices: ["low", "medium", "high"], default: "medium",
			description: "Higher quality makes larger files",
		},
		{
			key: "video_width", type: "int32", default: 0, propargs: { min: 0, max: 16384 },
			description: "Width of the video in pixels, the height follows; 0 is that of the frames",
		},
		{
			key: "video_args", type: "string", visible: "submission",
			description: "More arguments for FFmpeg, before the name of the video",
		},
		...OUTPUT,
		...FILE,
		{ key: "fps", type: "float", required: true, eval: "C.scene.render.fps / C.scene.render.fps_base", visible: "hidden" },
		{ key: "format", type: "string", required: true, eval: "C.scene.render.image_settings.file_format", visible: "web" },
		{ key: "image_file_extension", type: "string", required: true, eval: "C.scene.render.file_extension", visible: "hidden" },
		{
			key: "has_previews", type: "bool", default: false, visible: "hidden",
			eval: "C.scene.render.image_settings.use_preview",
			description: "Whether Blender writes a JPEG beside each frame",
		},
	],
};

// Formats that FFmpeg does not read well; their previews serve for the video.
const EXR_FORMATS = ["EXR", "MULTILAYER", "OPEN_EXR", "OPEN_EXR_MULTILAYER"];

// Each frame has to become a file of its own and, when it is rendered again,
// a new one: the farm checks the file that is there afterwards.
const RENDER_SETTINGS = [
	"import bpy",
	"render = bpy.context.scene.render",
	"render.use_file_extension = True",
	"render.use_overwrite = True",
	"render.use_placeholder = False",
].join("; ");

// Players take colours for those of BT.709 in all but small videos, so the
// conversion has to be that, and the video has to say so. Some encoders take it
// from the frames, some from these arguments.
const BT709 = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"];

// even makes both sides even, which these codecs need: to a given width, or by
// a row and a column of black.
const even = width => (width ? `scale=${width - width % 2}:-2:out_color_matrix=bt709` : "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709") +
	",setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709";

// CODECS are, by their name, the ending of the file and the arguments of FFmpeg.
const CODECS = {
	h264: (quality, width) => [".mp4", ["-c:v", "libx264", "-crf", { low: 28, medium: 20, high: 15 }[quality], "-preset", "slow", "-g", 18,
		"-vf", even(width), "-pix_fmt", "yuv420p", ...BT709, "-movflags", "+faststart"]],
	h265: (quality, width) => [".mp4", ["-c:v", "libx265", "-crf", { low: 32, medium: 24, high: 18 }[quality], "-preset", "medium", "-tag:v", "hvc1",
		"-vf", even(width), "-pix_fmt", "yuv420p", ...BT709, "-movflags", "+faststart"]],
	prores: (quality, width) => [".mov", ["-c:v", "prores_ks", "-profile:v", { low: 1, medium: 2, high: 3 }[quality], "-vendor", "apl0",
		"-vf", even(width), "-pix_fmt", "yuv422p10le", ...BT709]],
	"prores-4444": (quality, width) => [".mov", ["-c:v", "prores_ks", "-profile:v", 4, "-vendor", "apl0", "-qscale:v", { low: 15, medium: 9, high: 4 }[quality],
		"-vf", even(width), "-pix_fmt", "yuva444p10le", ...BT709]],
	// A palette of the film's own colours is what makes a GIF look good.
	gif: (quality, width) => [".gif", ["-vf", `${width ? `scale=${width}:-1:flags=lanczos,` : ""}split[a][b];` +
		`[a]palettegen=max_colors=${{ low: 64, medium: 128, high: 256 }[quality]}:stats_mode=diff[p];[b][p]paletteuse=dither=bayer:bayer_scale=4`, "-loop", 0]],
};

function compileJob(job) {
	const { settings } = job;
	refuseVideo(settings);
	const isEXR = EXR_FORMATS.includes(settings.format);
	if (isEXR && !settings.has_previews) {
		throw `FFmpeg does not read ${settings.format} well: switch Preview on in the scene's output properties, which saves a JPEG beside each frame for the video`;
	}

	const output = outputPath(job);
	const dir = path.dirname(output);
	const video = videoTask(settings, dir, isEXR ? ".jpg" : settings.image_file_extension);
	for (const chunk of frameChunker(settings.frames, settings.chunk_size)) {
		const task = author.Task(`render-${chunk}`, "blender");
		task.addCommand(blender(settings, [
			"--python-expr", RENDER_SETTINGS,
			"--render-output", inFolder(dir, path.basename(output)),
			"--render-format", settings.format,
			"--render-frame", chunk.replace(/(\d)-/g, "$1.."),
		], frameCount(chunk)));
		job.addTask(task);
		video.addDependency(task);
	}
	job.addTask(video);
}

function videoTask(settings, dir, extension) {
	const [ending, args] = CODECS[settings.codec](settings.quality, settings.video_width);
	const task = author.Task("encode", "ffmpeg");
	task.addCommand(author.Command("frames-to-video", {
		exe: "ffmpeg",
		fps: settings.fps,
		inputGlob: inFolder(dir, "*" + extension),
		outputFile: inFolder(dir, videoName(settings) + ending),
		args: [...args, ...shellSplit(settings.video_args), "-y"],
	}));
	return task;
}

// Renders a range of frames, one task for each chunk of them, and makes a video
// of them all in the codec of one's choice.
const { FRAMES, OUTPUT, FILE, LOOK, VIDEO, BT709, imageFormat, outputPath, chunksOf, renderTask, videoTask, overBlack, even } = require("./lib/farm_render.js");

const JOB_TYPE = {
	label: "Render and Encode",
	description: "Render a sequence of frames, and make a video of them: H.264, H.265, ProRes or GIF",
	settings: [
		...FRAMES,
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
		...LOOK,
		{ key: "fps", type: "float", required: true, propargs: { min: 0 }, eval: "C.scene.render.fps / C.scene.render.fps_base", visible: "hidden" },
		...VIDEO,
	],
};

// CODECS are, by their name, the ending of the file and the arguments of FFmpeg.
const CODECS = {
	h264: (quality, width) => [".mp4", ["-c:v", "libx264", "-crf", { low: 28, medium: 20, high: 15 }[quality], "-preset", "slow", "-g", 18,
		"-vf", `${overBlack},${even(width)}`, "-pix_fmt", "yuv420p", ...BT709, "-movflags", "+faststart"]],
	h265: (quality, width) => [".mp4", ["-c:v", "libx265", "-crf", { low: 32, medium: 24, high: 18 }[quality], "-preset", "medium", "-tag:v", "hvc1",
		"-vf", `${overBlack},${even(width)}`, "-pix_fmt", "yuv420p", ...BT709, "-movflags", "+faststart"]],
	prores: (quality, width) => [".mov", ["-c:v", "prores_ks", "-profile:v", { low: 1, medium: 2, high: 3 }[quality], "-vendor", "apl0",
		"-vf", `${overBlack},${even(width)}`, "-pix_fmt", "yuv422p10le", ...BT709]],
	"prores-4444": (quality, width) => [".mov", ["-c:v", "prores_ks", "-profile:v", 4, "-vendor", "apl0", "-qscale:v", { low: 15, medium: 9, high: 4 }[quality],
		"-vf", even(width), "-pix_fmt", "yuva444p10le", ...BT709]],
	// A palette of the film's own colours is what makes a GIF look good.
	gif: (quality, width) => [".gif", ["-vf", `${width ? `scale=${width}:-1:flags=lanczos,` : ""}split[a][b];` +
		`[a]palettegen=max_colors=${{ low: 64, medium: 128, high: 256 }[quality]}:stats_mode=diff[p];[b][p]paletteuse=dither=bayer:bayer_scale=4`, "-loop", 0]],
};

function compileJob(job) {
	const { settings } = job;
	const format = imageFormat(settings);
	if (!format.shown && !settings.has_previews) {
		const instead = format.ending === ".exr" ? "switch Preview on in the scene's output properties, which saves a JPEG beside each frame for the video" : "take another format, such as PNG";
		throw `FFmpeg does not show ${settings.format} as Blender does: ${instead}`;
	}
	const output = outputPath(job);
	const [suffix, args] = CODECS[settings.codec](settings.quality, settings.video_width);
	const video = videoTask(settings, "encode", output, format.shown ? format.ending : ".jpg", { args: [...args, ...shellSplit(settings.video_args)], suffix });
	const renders = chunksOf(settings).map(renderTask(settings, output, format));
	renders.forEach(function (task) {
		job.addTask(task);
		video.addDependency(task);
	});
	job.addTask(video);
}

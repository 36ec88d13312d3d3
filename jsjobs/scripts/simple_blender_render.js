// Renders a range of frames with Blender, one task for each chunk of them, and
// makes a video of the frames when they are all there.
const { FRAMES, OUTPUT, FILE, LOOK, VIDEO, BT709, imageFormat, outputPath, chunksOf, renderTask, videoTask, overBlack, even } = require("./lib/farm_render.js");

const JOB_TYPE = {
	label: "Simple Blender Render",
	description: "Render a sequence of frames, and put them together to a preview video",
	settings: [
		...FRAMES,
		...OUTPUT,
		...FILE,
		...LOOK,
		{ key: "fps", type: "float", propargs: { min: 0 }, eval: "C.scene.render.fps / C.scene.render.fps_base", visible: "hidden" },
		...VIDEO,
	],
};

const PREVIEW = ["-c:v", "h264", "-crf", "20", "-g", "18", "-vf", `${overBlack},${even(0)}`, "-pix_fmt", "yuv420p", ...BT709];

function compileJob(job) {
	const { settings } = job;
	const format = imageFormat(settings);
	const output = outputPath(job);
	const video = previewTask(settings, output, format);
	const renders = chunksOf(settings).map(renderTask(settings, output, format));
	renders.forEach(function (task) {
		job.addTask(task);
		if (video) video.addDependency(task);
	});
	if (video) job.addTask(video);
}

// previewTask returns null if there is to be no video.
function previewTask(settings, output, format) {
	if (!settings.fps) return null;
	if (format.shown) return videoTask(settings, "preview-video", output, format.ending, { args: PREVIEW, suffix: ".mp4" });
	if (!settings.has_previews) {
		alert(`no video will be made: FFmpeg does not show ${settings.format} as Blender does`);
		return null;
	}
	// Blender makes no previews of some images, such as those of several views in one file.
	return videoTask(settings, "preview-video", output, ".jpg", { args: PREVIEW, suffix: ".mp4", optional: true });
}

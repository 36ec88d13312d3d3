// Renders frames with Cycles on the GPUs of NVIDIA cards. It is written the way
// studios write theirs: newer JavaScript, optional settings that are deleted
// when they are empty, and arguments for Blender as one line of text.
const JOB_TYPE = {
	label: "OPTIX GPU Render",
	description: "Cycles on OptiX devices, with arguments of your own",
	settings: [
		{ key: "frames", type: "string", required: true, eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'" },
		{ key: "chunk_size", type: "int32", default: 1, visible: "submission", propargs: { min: 1 } },
		{ key: "render_output_path", type: "string", subtype: "file_path", required: true },
		{ key: "blendfile", type: "string", required: true, visible: "web" },
		{ key: "format", type: "string", default: "PNG", choices: ["PNG", "OPEN_EXR", "JPEG"] },
		{ key: "samples", type: "int32", default: 0 },
		{ key: "experimental", type: "bool", default: false },
		{ key: "blender_args_before", type: "string", default: "", description: "Arguments in front of the file" },
		{ key: "blender_args_after", type: "string", default: "" },
	],
};

const OPTIONAL = ["samples", "experimental", "blender_args_before", "blender_args_after"];
const devices = ["CPU", "OPTIX"];

function compileJob(job) {
	const { settings } = job;
	cleanup(settings);
	const renderDir = path.dirname(settings.render_output_path);
	const output = path.join(renderDir, path.basename(settings.render_output_path).replace(/{([^}]+)}/g,
		(match, group) => group === "timestamp" ? formatTimestampLocal(job.created) : match));
	settings.render_output_path = output;

	const tasks = frameChunker(settings.frames, settings.chunk_size).map(chunk => renderTask(settings, chunk));
	tasks.forEach(task => job.addTask(task));
	if (tasks.length > 1) {
		const check = author.Task(`check-${tasks.length}-chunks`, "misc");
		check.addCommand(author.Command("echo", { message: `rendered ${settings.frames} to ${renderDir}` }));
		for (const task of tasks) check.addDependency(task);
		job.addTask(check);
	}
}

// Empty settings would only be in the way of whoever reads them.
function cleanup(settings) {
	for (const name of OPTIONAL) {
		if (!settings[name]) delete settings[name];
	}
}

const renderTask = (settings, chunk) => {
	const task = author.Task(`render-${chunk}`, "blender");
	const setup = [
		"import bpy",
		"prefs = bpy.context.preferences.addons['cycles'].preferences",
		`prefs.compute_device_type = '${devices[devices.length - 1]}'`,
		"prefs.get_devices()",
		...devices.map(device => `[setattr(d, 'use', True) for d in prefs.devices if d.type == '${device}']`),
		"bpy.context.scene.cycles.device = 'GPU'",
	];
	if (settings.samples) setup.push(`bpy.context.scene.cycles.samples = ${settings.samples}`);
	if (settings.experimental ?? false) setup.push("bpy.context.scene.cycles.feature_set = 'EXPERIMENTAL'");
	task.addCommand(author.Command("blender-render", {
		exe: "{blender}",
		exeArgs: "{blenderArgs}",
		argsBefore: shellSplit(settings.blender_args_before),
		blendfile: settings.blendfile,
		args: [
			"--python-expr", setup.join("; "),
			"--render-output", settings.render_output_path,
			"--render-format", settings.format,
			"--render-frame", chunk.replaceAll("-", ".."),
		].concat(shellSplit(settings.blender_args_after)),
	}, frameCount(chunk)));
	return task;
};

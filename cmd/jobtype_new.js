// A job type for Farm: NAME.
//
// The manager reads this file from the folder "scripts" of its home, and again
// when it was changed. The name of the job type is that of the file, with - for
// _ and without .js. Everything there is stands in the documentation, on the
// page about job types.

// What a job asks for. The add-on makes a panel of it, "farm submit" takes the
// values with --set.
const JOB_TYPE = {
	label: "NAME",
	description: "Render frames, and then say so",
	settings: [
		{
			key: "frames", type: "string", required: true,
			// Python, which Blender runs for the value. It knows bpy, C (the
			// context), jobname, settings, Path, abspath and last_n_dir_parts.
			eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'",
			evalInfo: { showLinkButton: true, description: "Scene frame range" },
			description: "Frames to render, such as 1-24 or 1,3,7-9",
		},
		{
			key: "chunk_size", type: "int32", default: 1, propargs: { min: 1, max: 1000 },
			visible: "submission", // only when the job is submitted, not on its page
			description: "How many frames one task renders",
		},
		{
			key: "format", type: "string", choices: ["PNG", "OPEN_EXR"], default: "PNG",
			description: "Format of the images, by Blender's name",
		},
		{
			key: "output", type: "string", subtype: "dir_path", required: true,
			description: "Folder for the images, as every worker sees it",
		},
		// Filled in by whoever submits the job.
		{ key: "blendfile", type: "string", required: true, visible: "web" },
	],
};

// compileJob makes the tasks of a job. What it changes of job.settings is kept
// with the job. To refuse a job, throw a text that says why.
function compileJob(job) {
	const { frames, chunk_size, format, output, blendfile } = job.settings;
	if (!blendfile.endsWith(".blend")) {
		throw `${blendfile} is no .blend file`;
	}

	// A task is what one worker does at a time; the second text is its type.
	const done = author.Task("done", "misc");
	done.addCommand(author.Command("echo", { message: `frames ${frames} are in ${output}` }));

	for (const chunk of frameChunker(frames, chunk_size)) {
		const task = author.Task(`render-${chunk}`, "blender");
		// {blender} and {blenderArgs} are variables: each worker has its own.
		task.addCommand(author.Command("blender-render", {
			exe: "{blender}",
			exeArgs: "{blenderArgs}",
			argsBefore: [],
			blendfile,
			args: [
				"--render-output", path.join(output, "######"),
				"--render-format", format,
				"--render-frame", chunk.replace(/(\d)-/g, "$1.."), // Blender writes 1..10
			],
		}, frameCount(chunk))); // steps: for the progress of the job

		job.addTask(task);
		done.addDependency(task); // runs when all of these are completed
	}
	job.addTask(done);

	print(`${frameCount(frames)} frames`); // whoever submits the job reads this
}

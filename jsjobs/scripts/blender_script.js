// Runs a Python script in Blender over a file: bakes, exports, conversions. The
// task fails if the script raises an exception.
const { FILE, blender } = require("./lib/farm_render.js");

const JOB_TYPE = {
	label: "Blender Script",
	description: "Run a Python script in Blender over the file, to bake, export or convert",
	settings: [
		{
			key: "script", type: "string", subtype: "file_path",
			description: "The Python file to run, as the workers see it",
		},
		{
			key: "text", type: "string",
			description: "Instead of a Python file: the name of a text in the blend file",
		},
		{
			key: "arguments", type: "string",
			description: "What the script finds in sys.argv behind --, separated by blanks; quote what has blanks itself",
		},
		...FILE,
	],
};

function compileJob(job) {
	const { settings } = job;
	const { script, text } = settings;
	if (!script === !text) {
		throw script ? "give either a script or the name of a text, not both" : "which script? Give its path, or the name of a text in the blend file";
	}
	const args = shellSplit(settings.arguments);
	const task = author.Task(`run ${script ? path.basename(script) : text}`, "blender");
	task.addCommand(blender(settings, [
		"--python-exit-code", "1",
		...(script ? ["--python", script] : ["--python-text", text]),
		...(args.length ? ["--", ...args] : []),
	]));
	job.addTask(task);
}

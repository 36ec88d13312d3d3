// Tries out a farm without any program: one task says something, the others
// wait for it and then sleep.
var JOB_TYPE = {
	label: "Echo Sleep Test",
	settings: [
		{ key: "message", type: "string", required: true },
		{ key: "sleep_duration_seconds", type: "int32", default: 1 },
		{ key: "sleep_repeats", type: "int32", default: 1 }
	]
};

function compileJob(job) {
	var settings = job.settings;

	var echo = author.Task("echo", "misc");
	echo.addCommand(author.Command("echo", { message: settings.message }));
	job.addTask(echo);

	for (var i = 0; i < settings.sleep_repeats; i++) {
		var sleep = author.Task("sleep", "misc");
		sleep.addCommand(author.Command("sleep", { duration_in_seconds: settings.sleep_duration_seconds }));
		sleep.addDependency(echo);
		job.addTask(sleep);
	}
}

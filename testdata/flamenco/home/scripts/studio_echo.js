const JOB_TYPE = {
  label: "Studio Echo",
  settings: [{ key: "message", type: "string", required: true }],
};

function compileJob(job) {
  const task = author.Task("echo", "misc");
  task.addCommand(author.Command("echo", { message: job.settings.message }));
  job.addTask(task);
}

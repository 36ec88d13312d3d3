// Package farm says what a job, task, command, worker, tag, job type, setting
// and variable are, and how each may change. It does no I/O, reads no clock and
// imports the standard library only; everything else in the program is written
// in these words:
//
//	manager     keeps the jobs and hands out tasks
//	worker      takes tasks, runs their commands and reports
//	job         what a user submits
//	job type    the script that plans a job
//	setting     one value a job type asks for
//	plan        the tasks a job type made of a job
//	task        the unit handed to one worker
//	task type   the kind of a task; workers say which kinds they take
//	command     one thing a task does
//	step        one unit of a task's progress, usually a frame
//	assign      hand a task to a worker; the nth time is its nth attempt
//	next task   the task that a worker holds to begin it after the one at hand
//	second run  a run of a task by an idle worker beside the first run, of which the first
//	            whole result counts (speculative execution)
//	share       frames of a task that an idle worker renders for the one that holds it
//	report      what a worker says about a task
//	return      give a task back unfinished
//	rest        the frames of a task that no try has rendered yet
//	requeue     queue a task again because a user wants it done again
//	intent      what the user wants of a job: run, hold or abort
//	tag         restricts a job to the workers that carry it
//	runnable    a task that waits for nothing but a worker
//	need        which Blender a job wants: its version, how to match it, and whether it needs a graphics card
//	scheduler   decides which task a worker gets next, see package scheduler
//	terms       whether, when and to whom the scheduler hands out a job's tasks
//	capacity    how many workers could be given tasks of a tag and type
//	demand      a job's runnable tasks of one type
//	class       all runnable tasks of one tag, type and need, in all jobs
//	scaling     how many workers whoever starts and ends them shall have
//	member      a worker that was started elsewhere because the farm needs it, see package burst
//	obstacle    what keeps a task from a worker
//	blocked     a worker that gets no more tasks of a type from a job
//	facts       what a worker tells of its computer: its Blenders, memory, processors
//	unable      the task types that a worker cannot do now, and why
//	in use      a worker whose computer's owner needs it; it takes no tasks
//	freeze      stop a task's programs where they stand, until they are thawed
//	soft-failed failed, and to be tried again; failed is final
//	propagate   apply what a task's new status means for the tasks that need it
//	pass        a change of many tasks of a job, some at a time, in the background
//	audit       who did what to a job or a worker
//	outbox      the reports that a worker has not delivered yet
//	forecast    what was said of the work left of a job, kept to learn how far off it was
//	diagnosis   why a task failed, read from its log
//	away        a worker that was not awake for so long that no job waits for its Blender
//	lost        a worker that has not been seen for too long
//	heartbeat   the last sign of life of a task's worker
//	wake-up     ends the wait of a request that is held open
//	variable    a name in braces that means something else on each platform
//	farm key    what a client has to know to be let in, if the farm's owner wants that
//	event       one numbered change of the farm
//	preview     the last rendered image of a job
//	file store  keeps the files that jobs were submitted with, each once
//	checkout    the folder in which the file store puts the files of a job
//	copies      the files of a job in the shared storage, if the file store is off
//	submission  a .blend on its way to a job, and what is asked for
//	watch folder a folder in which every .blend is submitted
//
// Statuses carry their noun (TaskCanceled), verbs are imperative (Cancel),
// events are in the past tense. Status changes are data: see moves in task.go
// and jobRules in job.go.
package farm

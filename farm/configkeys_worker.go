package farm

// The groups of the keys of workers and clients.
const (
	groupManager  = "Manager"
	groupWorker   = "Worker"
	groupBlender  = "Blender"
	groupTasks    = "Tasks"
	groupComputer = "Others who use the computer"
	groupLimits   = "Limits"
)

// workerKeys are the keys of the workers and clients of a computer. They are read from
// the farm.yaml of that computer when the program starts.
func workerKeys() []ConfigKey {
	return append(of(KeyOfClient, clientKeys()), of(KeyOfWorker, identityKeys(), taskKeys(), neighborKeys())...)
}

func clientKeys() []ConfigKey {
	return []ConfigKey{
		{Name: "manager_url", Flag: "manager", Env: "FARM_MANAGER", Group: groupManager, Kind: KindText, Label: "Address of the manager", Restart: true, See: "cli.md",
			Usage: "`URL` of the manager (default: the one running on this home, else http://localhost:8080)",
			About: "Where the manager is."},
		{Name: "manager_fingerprint", Flag: "fingerprint", Env: "FARM_FINGERPRINT", Group: groupManager, Kind: KindText, Restart: true, See: "security.md#encryption",
			Usage: "`SHA-256` of the manager's certificate, for https with a self-made one",
			About: "SHA-256 of the manager's certificate, if it is self-made."},
		{Name: "key_file", Flag: "key-file", Env: "FARM_KEY_FILE", Group: groupManager, Kind: KindPath, Restart: true, Empty: "farm.key in the home folder", See: "security.md#the-farm-key",
			Usage: "`file` with the farm key (default: farm.key in the home folder; $FARM_KEY goes before both)",
			About: "File with the farm key, for the manager, too. The environment variable FARM_KEY can hold the key itself."},
	}
}

func identityKeys() []ConfigKey {
	return []ConfigKey{
		{Name: "worker_name", Flag: "name", Env: "FARM_WORKER_NAME", Group: groupWorker, Kind: KindText, Restart: true, Empty: "name of the computer",
			Usage: "`name` of this worker (default: the name of the computer)", About: "What the worker is called."},
		{Name: "task_types", Flag: "task-types", Env: "FARM_TASK_TYPES", Group: groupWorker, Kind: KindList, Restart: true, Empty: "all",
			Usage: "comma-separated task `types` to take (default: all this worker knows)", About: "Which types of tasks to take."},
		{Name: "restart_exit_code", Flag: "restart-exit-code", Env: "FARM_RESTART_EXIT_CODE", Group: groupWorker, Kind: KindInteger, Restart: true, Zero: "nothing starts it again", See: "worker.md",
			Usage: "exit `status` that makes a service manager start this worker again; 0 means nothing does",
			About: "Exit status that makes a service manager start the worker again."},
		{Name: "worker_variables", Flag: "variables", Env: "FARM_WORKER_VARIABLES", Group: groupWorker, Kind: KindList, Label: "Own values of variables", Restart: true, See: "variables.md#a-worker-with-paths-of-its-own",
			Usage: "comma-separated `NAME=VALUE` of variables that have another value on this computer than on others of its platform",
			About: "Values that variables have on this computer only, each as NAME=VALUE."},
		{Name: "update", Env: "FARM_UPDATE", Group: groupWorker, Kind: KindBoolean, Label: "Update itself", Restart: true, See: "worker.md#updates",
			About: "Whether the worker replaces its program by the manager's when somebody who manages the farm asks for that."},
		{Name: "worker_checks", Env: "FARM_WORKER_CHECKS", Group: groupWorker, Kind: KindBoolean, Restart: true, See: "worker.md#what-it-takes-care-of",
			About: "Whether the worker looks for Blender, FFmpeg and the shared storage before it takes tasks."},
		{Name: "storage", Flag: "storage", Env: "FARM_STORAGE", Group: groupWorker, Kind: KindChoice, Label: "Shared storage", Choices: []string{"auto", "shared", "mirror"}, Restart: true, See: "mirror.md",
			Usage: "`where` the farm's shared storage is: auto looks for it, and has a mirror of it if it is not on this computer; shared; mirror",
			About: "Where the shared storage is. auto looks on this computer, and has a mirror of it if it is not there."},
		{Name: "mirror_quota", Env: "FARM_MIRROR_QUOTA", Group: groupWorker, Kind: KindSize, Least: "0", Zero: "no limit", Restart: true, See: "mirror.md#what-is-fetched",
			About: "How much space the files of the mirror may take, such as 50GB."},
		{Name: "mirror_rate", Env: "FARM_MIRROR_RATE", Group: groupWorker, Kind: KindSize, Least: "0", Zero: "no limit", Restart: true, See: "mirror.md#settings",
			About: "How many bytes a second the mirror fetches and sends at most, such as 5MB."},
		{Name: "mirror_connections", Env: "FARM_MIRROR_CONNECTIONS", Group: groupWorker, Kind: KindInteger, Least: "1", Most: "64", Restart: true, See: "mirror.md#settings",
			About: "How many files the mirror fetches or sends at a time."},
		{Name: "blenders", Flag: "blenders", Env: "FARM_BLENDERS", Group: groupBlender, Kind: KindList, Restart: true, See: "worker.md#which-blender",
			Usage: "comma-separated `files` and folders with Blenders to use besides those that are found",
			About: "Files and folders with Blenders, which are preferred to others that the worker finds."},
		{Name: "find_blenders", Env: "FARM_FIND_BLENDERS", Group: groupBlender, Kind: KindBoolean, Restart: true,
			About: "Whether the worker also looks for Blenders in the usual folders, and not only in those of blenders, on the PATH, and of the farm."},
		{Name: "warm_blender", Env: "FARM_WARM_BLENDER", Group: groupBlender, Kind: KindBoolean, Restart: true, See: "worker.md#one-blender-for-many-frames",
			About: "Whether consecutive tasks of a job share one Blender."},
		{Name: "gpus", Flag: "gpus", Env: "FARM_GPUS", Group: groupBlender, Kind: KindList, Label: "Graphics cards", Restart: true, Empty: "none", See: "worker.md#graphics-cards",
			Usage: "comma-separated graphics `cards`, each of which gets a worker: all, numbers, UUIDs or names",
			About: "Graphics cards, each of which gets a worker of its own: all, numbers, UUIDs or names."},
		{Name: "gpu", Env: "FARM_GPU", Group: groupBlender, Kind: KindChoice, Label: "Use of graphics cards", Choices: []string{"", "auto", "prefer", "never"}, Restart: true, Empty: "auto",
			About: "Whether Cycles renders on graphics cards here. With auto it does what the job says."},
	}
}

func taskKeys() []ConfigKey {
	return []ConfigKey{
		{Name: "task_stalled_after", Env: "FARM_TASK_STALLED_AFTER", Group: groupTasks, Kind: KindDuration, Least: "0", Zero: "never", Restart: true, See: "worker.md#hangs-and-floods",
			About: "A program of a task that does nothing for so long is ended, and the task has failed. The worker of farm all takes task_timeout if that is shorter."},
		{Name: "task_max_time", Env: "FARM_TASK_MAX_TIME", Group: groupTasks, Kind: KindDuration, Least: "0", Zero: "any time", Restart: true,
			About: "A task that takes longer is ended, and has failed."},
		{Name: "file_mode", Env: "FARM_FILE_MODE", Group: groupTasks, Kind: KindText, Label: "Permissions of frames", Restart: true, Empty: "what the umask leaves", See: "worker.md#permissions-of-frames",
			About: "Permissions of saved frames, such as 0664."},
		{Name: "watts", Env: "FARM_WATTS", Group: groupTasks, Kind: KindInteger, Least: "0", Most: "100000", Zero: "not known", Unit: "watts", Restart: true,
			About: "How many watts this computer takes while it renders, for the energy that jobs took."},
	}
}

func neighborKeys() []ConfigKey {
	return []ConfigKey{
		{Name: "wake", Env: "FARM_WAKE", Group: groupComputer, Kind: KindText, Label: "Wake on LAN", Restart: true, Empty: "cannot be waked", See: "burst.md#desktops-that-sleep",
			About: "MAC address of this computer's network card, by which farm burst wake wakes it, such as 00:1a:2b:3c:4d:5e."},
		{Name: "suspend_after", Env: "FARM_SUSPEND_AFTER", Group: groupComputer, Kind: KindDuration, Label: "Suspend after", Least: "0", Zero: "never", Restart: true, See: "burst.md#desktops-that-sleep",
			About: "The worker signs off and suspends this computer when it had no task for so long."},
		{Name: "suspend", Env: "FARM_SUSPEND", Group: groupComputer, Kind: KindText, Label: "Command to suspend", Restart: true, Empty: "systemctl suspend, or what the system has",
			About: "The command that suspends this computer, with its arguments; no shell sees it."},
		{Name: "work_when", Env: "FARM_WORK_WHEN", Group: groupComputer, Kind: KindChoice, Choices: []string{"always", "idle", "manual"}, Restart: true, See: "good-neighbor.md",
			About: "When tasks are taken: idle is only while nobody uses the computer, manual only between farm work resume and farm work pause."},
		{Name: "idle_after", Env: "FARM_IDLE_AFTER", Group: groupComputer, Kind: KindDuration, Least: "1s", Restart: true,
			About: "With work_when: idle, how long nobody touches keyboard and mouse before tasks are taken."},
		{Name: "give_back_after", Env: "FARM_GIVE_BACK_AFTER", Group: groupComputer, Kind: KindDuration, Least: "1s", Restart: true,
			About: "How long a task stands still for the computer's owner before it is given back to the manager."},
		{Name: "busy_programs", Env: "FARM_BUSY_PROGRAMS", Group: groupComputer, Kind: KindList, Restart: true,
			About: "With work_when: idle, programs that count as use of the computer while they are open, without .exe."},
		{Name: "busy_cpu", Env: "FARM_BUSY_CPU", Group: groupComputer, Kind: KindInteger, Label: "Busy processors", Least: "0", Most: "100", Zero: "never", Unit: "%", Restart: true,
			About: "Linux, with work_when: idle: when other programs use more than this percentage of all processors for ten seconds, the computer is in use."},
		{Name: "nice", Env: "FARM_NICE", Group: groupLimits, Kind: KindInteger, Least: "0", Most: "19", Zero: "not at all", Restart: true,
			About: "How much programs of tasks leave the processors to others."},
		{Name: "ionice", Env: "FARM_IONICE", Group: groupLimits, Kind: KindChoice, Choices: []string{"", "low", "idle"}, Restart: true,
			About: "Linux: how much programs of tasks leave the disks to others."},
		{Name: "cpu_limit", Env: "FARM_CPU_LIMIT", Group: groupLimits, Kind: KindInteger, Label: "Processors", Least: "0", Zero: "all", Unit: "processors", Restart: true,
			About: "Linux and Windows: how many processors programs of tasks may use."},
		{Name: "memory_limit", Env: "FARM_MEMORY_LIMIT", Group: groupLimits, Kind: KindSize, Label: "Memory", Least: "512MB", Zero: "any", Restart: true, See: "good-neighbor.md#limits",
			About: "Linux and Windows: how much memory a program of a task may use, as 16GB."},
		{Name: "oom_score_adjust", Env: "FARM_OOM_SCORE_ADJUST", Group: groupLimits, Kind: KindInteger, Least: "-1", Most: "1000", Restart: true,
			About: "Linux: from 0, how readily the kernel kills a render when memory runs out. -1 leaves it unchanged."},
	}
}

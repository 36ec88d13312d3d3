package farm

// A Failure is everything that the verdict on it depends on. A worker failed a
// task, or gave no sign of life while it held it.
type Failure struct {
	Tries     int // how often the task failed since it was last requeued, this time included
	MaxTries  int // task_fail_after_softfail_count: this many make it fail for good; 0 is like 1
	Failed    int // tasks of this type that the worker failed in this job, this one included
	MaxFailed int // blocklist_threshold: fewer never block the worker, see unlikeOthers; 0: it is never blocked
	Capable   int // other workers that may do tasks of this type in this job, awake or not
	Untried   int // those of them that did not fail this task

	// What the worker, and those others that are not blocked, did in this job of
	// tasks of this type.
	InRow        int // of Failed, those since it last completed one
	Done         int // tasks that it completed
	OthersFailed int // tasks that the others failed, each counted for each of them
	OthersDone   int // tasks that the others completed

	WrongWorker bool // the worker says that it cannot do such tasks of the job; it is blocked, and was no try

	Consequence Consequence // of what its log says; "" if it says nothing
	Excused     int         // failures of the task that cost it no try since it was last requeued
	Again       bool        // the worker failed this task before

	OutOfMemory bool // the worker had too little memory, and tells how much it has
	Larger      int  // other workers that did not fail this task and have more, or do not tell
}

// A Verdict is what follows from a failure.
type Verdict struct {
	Task          TaskEvent // TaskAttemptFailed: there will be another try; TaskGivenUp
	Excused       bool      // it costs the task no try
	Hold          bool      // the job is held, and tried again later; nobody is to blame
	JobFails      bool      // the job fails: nobody could do better
	Block         bool      // the worker gets no more tasks of this type from this job
	NoWorkersLeft bool      // the job fails: everybody who could do this type is blocked
}

// A verdictRule is a row of the table verdicts.
type verdictRule struct {
	name  string
	holds func(f *Failure) bool
	Verdict
}

// verdicts are the rules of failing; the first that holds decides. What the log
// says comes first where nobody or nothing in the farm could do better, or the
// worker is not to blame. A worker that
// fails task after task is probably at fault itself, so when it is blocked its
// failures say little about the task: as long as another worker has not tried the
// task, it is tried again.
var verdicts = []verdictRule{
	{"nobody could do better", func(f *Failure) bool { return f.says(WholeJob) }, Verdict{Task: TaskGivenUp, JobFails: true}},
	{"the farm's fault", func(f *Failure) bool { return f.says(WholeFarm) && f.Excused < MaxFarmFaults }, Verdict{Task: TaskAttemptFailed, Excused: true, Hold: true}},
	{"nobody's fault", func(f *Failure) bool { return f.says(Transient) && f.Excused < MaxExcused }, Verdict{Task: TaskAttemptFailed, Excused: true}},
	{"nobody has more memory", func(f *Failure) bool { return f.OutOfMemory && !f.WrongWorker && f.Larger == 0 }, Verdict{Task: TaskGivenUp}},
	{"no workers left", func(f *Failure) bool { return f.blocks() && f.Capable == 0 }, Verdict{Task: TaskGivenUp, Block: true, NoWorkersLeft: true}},
	{"blocked, others will try", func(f *Failure) bool { return f.blocks() && (f.Untried > 0 || !f.exhausted()) }, Verdict{Task: TaskAttemptFailed, Block: true}},
	{"blocked, and all tried", (*Failure).blocks, Verdict{Task: TaskGivenUp, Block: true}},
	{"the worker's fault, others will try", (*Failure).workersFault, Verdict{Task: TaskAttemptFailed, Excused: true}},
	{"hard", (*Failure).exhausted, Verdict{Task: TaskGivenUp}},
	{"soft", func(*Failure) bool { return true }, Verdict{Task: TaskAttemptFailed}},
}

// says reports whether the log has the consequence. What the worker itself says
// of being the wrong one comes before it.
func (f *Failure) says(c Consequence) bool { return f.Consequence == c && !f.WrongWorker }

// workersFault reports whether the failure says nothing about the task. Each worker
// is excused once: one that is alone with a task would be for ever.
func (f *Failure) workersFault() bool {
	return f.says(ThisWorker) && f.Untried > 0 && !f.Again && f.Excused < MaxExcused
}

// BlamesWorker reports whether the worker is remembered as one that failed the task.
func (f *Failure) BlamesWorker(v Verdict) bool {
	return !v.Excused || f.Consequence.Settled(f.OthersDone) == ThisWorker
}

func (f *Failure) blocks() bool {
	return f.WrongWorker || f.MaxFailed > 0 && f.Failed >= f.MaxFailed && f.unlikeOthers()
}

func (f *Failure) exhausted() bool { return f.Tries >= f.MaxTries }

// Judge says what follows when a worker failed a task. docs/failures.md describes
// it to users.
func Judge(f Failure) Verdict {
	f.Consequence = f.Consequence.Settled(f.OthersDone)
	for _, v := range verdicts {
		if v.holds(&f) {
			return v.Verdict
		}
	}
	panic("farm: the last rule of failing always holds")
}

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
}

// A Verdict is what follows from a failure.
type Verdict struct {
	Task          TaskEvent // TaskAttemptFailed: there will be another try; TaskGivenUp
	Block         bool      // the worker gets no more tasks of this type from this job
	NoWorkersLeft bool      // the job fails: everybody who could do this type is blocked
}

// A verdictRule is a row of the table verdicts.
type verdictRule struct {
	name  string
	holds func(f *Failure) bool
	Verdict
}

// verdicts are the rules of failing; the first that holds decides. A worker that
// fails task after task is probably at fault itself, so when it is blocked its
// failures say little about the task: as long as another worker has not tried the
// task, it is tried again.
var verdicts = []verdictRule{
	{"no workers left", func(f *Failure) bool { return f.blocks() && f.Capable == 0 }, Verdict{TaskGivenUp, true, true}},
	{"blocked, others will try", func(f *Failure) bool { return f.blocks() && (f.Untried > 0 || !f.exhausted()) }, Verdict{TaskAttemptFailed, true, false}},
	{"blocked, and all tried", (*Failure).blocks, Verdict{TaskGivenUp, true, false}},
	{"hard", (*Failure).exhausted, Verdict{TaskGivenUp, false, false}},
	{"soft", func(*Failure) bool { return true }, Verdict{TaskAttemptFailed, false, false}},
}

func (f *Failure) blocks() bool {
	return f.WrongWorker || f.MaxFailed > 0 && f.Failed >= f.MaxFailed && f.unlikeOthers()
}

func (f *Failure) exhausted() bool { return f.Tries >= f.MaxTries }

// Judge says what follows when a worker failed a task. docs/failures.md describes
// it to users.
func Judge(f Failure) Verdict {
	for _, v := range verdicts {
		if v.holds(&f) {
			return v.Verdict
		}
	}
	panic("farm: the last rule of failing always holds")
}

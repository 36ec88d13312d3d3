package farm

import "testing"

// wrongVerdicts looks at examples of failures, and at every small one.
func wrongVerdicts() (w faults) {
	var (
		soft       = Verdict{Task: TaskAttemptFailed}
		hard       = Verdict{Task: TaskGivenUp}
		softBlock  = Verdict{Task: TaskAttemptFailed, Block: true}
		hardBlock  = Verdict{Task: TaskGivenUp, Block: true}
		jobFails   = Verdict{Task: TaskGivenUp, JobFails: true}
		excuse     = Verdict{Task: TaskAttemptFailed, Excused: true}
		hold       = Verdict{Task: TaskAttemptFailed, Excused: true, Hold: true}
		nobodyLeft = Verdict{Task: TaskGivenUp, Block: true, NoWorkersLeft: true}
	)
	for _, c := range []struct {
		name string
		f    Failure
		want Verdict
	}{
		{"first of three tries", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 5, Untried: 5}, soft},
		{"second of three tries", Failure{Tries: 2, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 5, Untried: 4}, soft},
		{"third of three tries, others could still try", Failure{Tries: 3, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 5, Untried: 3}, hard},
		{"a farm of one worker gives the task its tries", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3}, soft},
		{"a farm of one worker gives it no more", Failure{Tries: 3, MaxTries: 3, Failed: 1, MaxFailed: 3}, hard},
		{"a farm of two workers, both tried", Failure{Tries: 2, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 1}, soft},
		{"no tries configured", Failure{Tries: 1, MaxTries: 0, Failed: 1, MaxFailed: 3, Capable: 5, Untried: 5}, hard},
		{"one try", Failure{Tries: 1, MaxTries: 1, Failed: 1, MaxFailed: 3, Capable: 5, Untried: 5}, hard},
		{"more tries than are configured by now", Failure{Tries: 9, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 5, Untried: 5}, hard},

		{"three means three: not at two", Failure{Tries: 1, MaxTries: 3, Failed: 2, MaxFailed: 3, Capable: 5, Untried: 5}, soft},
		{"three means three: at three", Failure{Tries: 1, MaxTries: 3, Failed: 3, MaxFailed: 3, Capable: 5, Untried: 5}, softBlock},
		{"unblocked, and failed again", Failure{Tries: 1, MaxTries: 3, Failed: 7, MaxFailed: 3, Capable: 5, Untried: 5}, softBlock},
		{"never blocked", Failure{Tries: 1, MaxTries: 3, Failed: 99, MaxFailed: 0, Capable: 5, Untried: 5}, soft},
		{"never blocked, alone", Failure{Tries: 3, MaxTries: 3, Failed: 99, MaxFailed: 0}, hard},
		{"blocked with the last try, others did not try", Failure{Tries: 3, MaxTries: 3, Failed: 3, MaxFailed: 3, Capable: 5, Untried: 1}, softBlock},
		{"blocked with the last try, the others tried too", Failure{Tries: 3, MaxTries: 3, Failed: 3, MaxFailed: 3, Capable: 2}, hardBlock},
		{"blocked before the last try, the others tried too", Failure{Tries: 2, MaxTries: 3, Failed: 3, MaxFailed: 3, Capable: 1}, softBlock},

		{"the wrong worker, others can", Failure{Tries: 0, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 2, Untried: 2, WrongWorker: true}, softBlock},
		{"the wrong worker, where nobody is ever blocked", Failure{Tries: 0, MaxTries: 1, Failed: 1, MaxFailed: 0, Capable: 1, Untried: 1, WrongWorker: true}, softBlock},
		{"the wrong worker, and no other", Failure{Tries: 0, MaxTries: 3, Failed: 1, MaxFailed: 3, WrongWorker: true}, nobodyLeft},

		{"no camera, at the first try", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 5, Untried: 5, Consequence: WholeJob}, jobFails},
		{"no camera, and the last worker would be blocked", Failure{Tries: 3, MaxTries: 3, Failed: 3, MaxFailed: 3, Consequence: WholeJob}, jobFails},
		{"no camera, says the wrong worker", Failure{Tries: 0, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 2, Untried: 2, WrongWorker: true, Consequence: WholeJob}, softBlock},
		{"a file is missing in the first task", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 5, Untried: 5, Done: 3, Consequence: NotThere}, jobFails},
		{"a file is missing that others had", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 5, Untried: 5, OthersDone: 1, Consequence: NotThere}, excuse},
		{"the disk is full, with the last try", Failure{Tries: 3, MaxTries: 3, Failed: 3, MaxFailed: 3, Consequence: WholeFarm}, hold},
		{"the disk is full, the last time that counts for nothing", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 1, Untried: 1, Consequence: WholeFarm, Excused: MaxFarmFaults - 1}, hold},
		{"the disk is full for ever", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 1, Untried: 1, Consequence: WholeFarm, Excused: MaxFarmFaults}, soft},
		{"the disk is full for ever, and the tries are used up", Failure{Tries: 3, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 1, Untried: 1, Consequence: WholeFarm, Excused: MaxFarmFaults}, hard},
		{"the network stumbled, with the last try", Failure{Tries: 3, MaxTries: 3, Failed: 3, MaxFailed: 3, Consequence: Transient}, excuse},
		{"the network stumbles all the time", Failure{Tries: 3, MaxTries: 3, Failed: 1, MaxFailed: 3, Consequence: Transient, Excused: MaxExcused}, hard},
		{"the worker's memory is too small, others can try", Failure{Tries: 3, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 2, Untried: 1, Consequence: ThisWorker}, excuse},
		{"the worker's memory is too small, and all others' was", Failure{Tries: 3, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 2, Consequence: ThisWorker}, hard},
		{"the worker's memory is too small, and it is alone", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3, Consequence: ThisWorker}, soft},
		{"the worker's memory is too small, as it was before", Failure{Tries: 3, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 2, Untried: 2, Consequence: ThisWorker, Again: true}, hard},
		{"many workers' memory is too small", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 20, Untried: 9, Consequence: ThisWorker, Excused: MaxExcused}, soft},
		{"the worker's memory is too small for the third frame", Failure{Tries: 1, MaxTries: 3, Failed: 3, MaxFailed: 3, Capable: 2, Untried: 2, Consequence: ThisWorker}, softBlock},
		{"too much for the worker's memory, a larger one can try", Failure{Tries: 3, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 2, Untried: 2, Consequence: ThisWorker, OutOfMemory: true, Larger: 1}, excuse},
		{"too much for everybody's memory", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 2, Untried: 2, Consequence: ThisWorker, OutOfMemory: true}, hard},
		{"too much for everybody's memory, and the last worker would be blocked", Failure{Tries: 1, MaxTries: 3, Failed: 3, MaxFailed: 3, Consequence: ThisWorker, OutOfMemory: true}, hard},
		{"too much for everybody's memory, and a rule says that it may work now", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 3, Consequence: Transient, OutOfMemory: true}, excuse},
		{"too much for everybody's memory, says the wrong worker", Failure{Tries: 0, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 2, Untried: 2, WrongWorker: true, OutOfMemory: true}, softBlock},
		{"a Python error", Failure{Tries: 3, MaxTries: 3, Failed: 1, MaxFailed: 3, Capable: 2, Untried: 2, Consequence: OneTask}, hard},

		{"the last worker is blocked", Failure{Tries: 1, MaxTries: 3, Failed: 3, MaxFailed: 3}, nobodyLeft},
		{"the last worker is blocked with the last try", Failure{Tries: 3, MaxTries: 3, Failed: 3, MaxFailed: 3}, nobodyLeft},
		{"blocked at the first failure, alone", Failure{Tries: 1, MaxTries: 3, Failed: 1, MaxFailed: 1}, nobodyLeft},
	} {
		if got := Judge(c.f); got != c.want {
			w.add("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	return w
}

// TestEveryFailure checks what must hold of every verdict, whatever the numbers.
func TestEveryFailure(t *testing.T) {
	rows := map[Verdict]bool{}
	for n := range 4 * 4 * 4 * 4 * 3 * 3 {
		// No more than what is told by numbers; TestEveryConsequence has the rest.
		digit := func(base int) int { d := n % base; n /= base; return d }
		f := Failure{Tries: 1 + digit(4), MaxTries: digit(4), Failed: 1 + digit(4), MaxFailed: digit(4), Capable: digit(3)}
		if f.Untried = digit(3); f.Untried > f.Capable {
			continue
		}
		v := Judge(f)
		rows[v] = true
		again := v.Task == TaskAttemptFailed
		switch {
		case v.Task != TaskAttemptFailed && v.Task != TaskGivenUp:
			t.Errorf("%+v: the task gets event %d", f, v.Task)
		case v.Block != (f.MaxFailed > 0 && f.Failed >= f.MaxFailed):
			t.Errorf("%+v: blocked is %v", f, v.Block)
		case v.NoWorkersLeft && (again || !v.Block || f.Capable > 0):
			t.Errorf("%+v: nobody is left, and the verdict is %+v", f, v)
		case v.Block && f.Capable == 0 && !v.NoWorkersLeft:
			t.Errorf("%+v: the last worker is blocked, and the job waits for nobody", f)
		case again && f.Tries >= f.MaxTries && !(v.Block && f.Untried > 0):
			t.Errorf("%+v: the task has had its tries, and gets another", f)
		case !again && f.Tries < f.MaxTries && !v.NoWorkersLeft:
			t.Errorf("%+v: the task is given up before it had its tries", f)
		}
	}
	if ofConsequences := 5; len(rows) != len(verdicts)-ofConsequences {
		t.Errorf("%d different verdicts, of %d rules", len(rows), len(verdicts))
	}
}

// What the log says changes a verdict only as it is meant to, and not for ever.
func TestEveryConsequence(t *testing.T) {
	for n := range 4 * 3 * 4 * 3 * 3 * 3 * 2 * 2 {
		digit := func(base int) int { d := n % base; n /= base; return d }
		f := Failure{Tries: 1 + digit(4), MaxTries: 1 + digit(3), Failed: 1 + digit(4), MaxFailed: digit(3), Capable: digit(3)}
		if f.Untried = digit(3); f.Untried > f.Capable {
			continue
		}
		f.Again, f.WrongWorker = digit(2) == 1, digit(2) == 1
		plain := Judge(f)
		for _, f.Consequence = range append(Consequences(), "") {
			for _, f.Excused = range []int{0, MaxExcused - 1, MaxExcused, MaxFarmFaults - 1, MaxFarmFaults, 1e6} {
				v := Judge(f)
				switch {
				case f.WrongWorker || f.Consequence == OneTask || f.Consequence == "":
					if v != plain {
						t.Errorf("%+v: %+v, and nothing is said", f, v)
					}
				case v == plain:
					if f.Consequence.Settled(f.OthersDone) == WholeJob || f.Excused < MaxExcused && f.Consequence != ThisWorker {
						t.Errorf("%+v: %+v", f, v)
					}
				case v.JobFails != (f.Consequence.Settled(f.OthersDone) == WholeJob) || v.Hold != (f.Consequence == WholeFarm) || v.Excused == v.JobFails:
					t.Errorf("%+v: %+v", f, v)
				case v.Block || v.NoWorkersLeft || v.Excused != (v.Task == TaskAttemptFailed):
					t.Errorf("%+v: %+v", f, v)
				case f.Excused >= MaxFarmFaults && v.Excused:
					t.Errorf("%+v: it is excused for ever", f)
				}
			}
		}
	}
}

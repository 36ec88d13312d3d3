package farm

import "testing"

// wrongVerdicts looks at examples of failures, and at every small one.
func wrongVerdicts() (w faults) {
	var (
		soft       = Verdict{Task: TaskAttemptFailed}
		hard       = Verdict{Task: TaskGivenUp}
		softBlock  = Verdict{Task: TaskAttemptFailed, Block: true}
		hardBlock  = Verdict{Task: TaskGivenUp, Block: true}
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
	if len(rows) != len(verdicts) {
		t.Errorf("%d different verdicts, of %d rules", len(rows), len(verdicts))
	}
}

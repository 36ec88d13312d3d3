package farm

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Explain says why tasks that wait for nothing but a worker do not get one: the
// first obstacle that all workers have in common, in the order in which the
// scheduler looks.
func (w *Demand) Explain(now time.Time) Why {
	all := group(w.Workers)
	rest := all
	for _, rule := range []struct {
		obstacle Obstacle
		why      func(all, left group) Why // if nobody is left without the obstacle
	}{
		{TypeUnsupported, w.nobodyTakes},
		{TagMissing, w.nobodyCarries},
		{BlenderMissing, w.nobodyHasBlender},
		{GPUMissing, w.nobodyHasCard},
		{StorageMissing, w.nobodyHasStorage},
		{WorkerBlocked, w.allBlocked},
		{MemoryShort, w.nobodyLarger},
		{FailedBefore, w.allFailed},
		{StorageFirst, storageFirst},
	} {
		var left group
		for _, s := range rest {
			if s.Obstacle != rule.obstacle {
				left = append(left, s)
			}
		}
		if len(left) == 0 {
			why := rule.why(all, rest)
			why.Details = append(why.Details, w.excluded(all, rule.obstacle)...)
			return why
		}
		rest = left
	}
	why := w.waitFor(rest, now)
	why.Details = append(why.Details, w.excluded(all, NoObstacle)...)
	return why
}

func (w *Demand) nobodyTakes(all, _ group) Why {
	start := []Action{startWorker(w.Type, "start one with")}
	if unable := all.unable(); len(unable) > 0 {
		return Why{Reason: fmt.Sprintf("no worker can do %s tasks: %s", w.Type, unable[0].whyUnable()), Advice: putRight}
	}
	if len(all) == 0 {
		return Why{Reason: "the farm has no workers", Actions: start}
	}
	return Why{Reason: fmt.Sprintf("no worker does tasks of type %s", w.Type), Actions: start}
}

func (w *Demand) nobodyCarries(_, takers group) Why {
	reason := fmt.Sprintf("no worker that does %s tasks carries tag %s", w.Type, w.Tag.Name)
	return Why{Reason: reason, Actions: []Action{takers[0].give(w.Tag, "give it to one with")}}
}

func (w *Demand) allBlocked(_, able group) Why {
	on := fmt.Sprintf("all %d workers that could do it", len(able))
	switch len(able) {
	case 1:
		on = "worker " + able[0].Name + ", the only one that could do it,"
	case 2:
		on = "both workers"
	}
	return Why{Reason: fmt.Sprintf("blocked on %s for %s tasks", on, w.Type), Actions: []Action{w.Job.unblock()}}
}

func (w *Demand) allFailed(all, able group) Why {
	reason := "failed on every worker that could do it"
	if len(able) == 1 && len(all.which(WorkerBlocked)) == 0 {
		reason = "failed on worker " + able[0].Name + ", the only one that could do it"
	}
	return Why{Reason: reason, Actions: []Action{w.Job.log(w.First), w.Job.requeue("let them try again with")}}
}

// putRight is what to do about a worker that lacks something.
const putRight = "put that right; the worker notices by itself within a minute"

// excluded returns a detail for each obstacle that keeps workers from these tasks,
// without the one that was told already.
func (w *Demand) excluded(all group, told Obstacle) (details []string) {
	for _, d := range []struct {
		obstacle  Obstacle
		one, many string
		what      string
	}{
		{TypeUnsupported, "does", "do", "no " + w.Type + " tasks"},
		{TagMissing, "does", "do", "not carry tag " + w.Tag.Name},
		{BlenderMissing, "has", "have", "no Blender " + w.Need.Version.String()},
		{GPUMissing, "has", "have", "no graphics card that Cycles can use"},
		{StorageMissing, "does", "do", "not have the farm's shared storage, which this job needs"},
		{WorkerBlocked, "is", "are", w.blockedFrom()},
		{MemoryShort, "has", "have", "no more memory than a worker that had too little for it"},
		{FailedBefore, "has", "have", "failed it, so another tries first"},
		{StorageFirst, "leaves", "leave", "it to those with the farm's shared storage, as it reads many files"},
	} {
		g := all.which(d.obstacle)
		if d.obstacle == TypeUnsupported {
			for i, s := range g.unable() {
				if i > 0 || d.obstacle != told {
					details = append(details, s.whyUnable())
				}
			}
			g = slices.DeleteFunc(g, func(s Candidate) bool { return s.UnableBecause != "" })
		}
		if len(g) > 0 && d.obstacle != told {
			details = append(details, g.all(d.one, d.many, d.what))
		}
	}
	return details
}

func (w *Demand) blockedFrom() string { return "blocked from " + w.Type + " tasks of this job" }

// blocked returns a detail that counts the workers that are blocked, if there are any.
func (w *Demand) blocked() []string {
	if g := group(w.Workers).which(WorkerBlocked); len(g) > 0 {
		return []string{g.all("is", "are", w.blockedFrom())}
	}
	return nil
}

// For says why one worker does not get the tasks. s has its obstacle, and worker
// what it is doing.
func (w *Demand) For(s Candidate, worker *WorkerDiagnosis, now time.Time) Why {
	advice := map[Obstacle]string{TypeUnsupported: "start its farm work with --task-types " + w.Type, BlenderMissing: w.installBlender(), GPUMissing: findCard, StorageMissing: packIt}
	actions := map[Obstacle][]Action{
		TypeUnsupported: {startWorker(w.Type, "")},
		TagMissing:      {s.give(w.Tag, "give it the tag with")},
		GPUMissing:      {s.show("")},
		MemoryShort:     {w.Job.requeue("let it try all the same with")},
		WorkerBlocked:   {w.Job.unblocked(&s, w.Type, "lift the block with")},
		FailedBefore:    {w.Job.requeue("let it try again with")},
	}
	switch s.Obstacle {
	case NoObstacle:
		return Why{Clear: true, Reason: "nothing is in the way: worker " + s.Name + " gets it with its next request"}
	case OthersFirst:
		return Why{Clear: true, Reason: fmt.Sprintf("worker %s gets %s first", s.Name, worker.Task)}
	case StatusRequested, NotAwake, NotApproved, WorkerInUse, WorkerBusy:
		why := worker.Explain(now)
		return Why{Reason: "worker " + s.Name + ": " + why.Reason, Advice: why.Advice, Actions: why.Actions}
	}
	if s.Obstacle == TypeUnsupported && s.UnableBecause != "" {
		return Why{Reason: s.whyUnable(), Advice: putRight}
	}
	return Why{Reason: w.excluded(group{s}, NoObstacle)[0], Advice: advice[s.Obstacle], Actions: actions[s.Obstacle]}
}

// waitFor says what tasks wait for that some workers could do: those in able,
// which are free, busy, asleep or offline.
func (w *Demand) waitFor(able group, now time.Time) Why {
	if free := able.which(NoObstacle); len(free) > 0 {
		return Why{Clear: true, Reason: fmt.Sprintf("nothing is in the way: %s %s free for it", free.number(), form(len(free), "is", "are")),
			Details: []string{"it is handed out with the next request of a worker"}}
	}
	if ahead := w.ahead(); ahead != "" && len(able.which(OthersFirst, WorkerBusy)) > 0 {
		return Why{Reason: "waits behind " + ahead, Actions: []Action{w.Job.first()},
			Details: []string{able.sentence(w.Tag.Name, now)}}
	}
	if len(able.which(OthersFirst)) > 0 {
		if w.Later {
			return Why{Reason: "other tasks of its job come first"}
		}
		return Why{Reason: "the workers that could do it get tasks of other types first", Details: []string{able.sentence(w.Tag.Name, now)}}
	}
	if busy := able.which(WorkerBusy); len(busy) == len(able) {
		if len(busy) == 1 {
			return Why{Reason: "worker " + busy[0].Name + ", the only one that could do it, is busy"}
		}
		return Why{Reason: fmt.Sprintf("all %d workers that could do it are busy", len(busy))}
	}
	why := Why{Reason: able.sentence(w.Tag.Name, now)}
	able.help(&why)
	return why
}

// ahead describes the jobs that come first, "" if there are none.
func (w *Demand) ahead() string {
	first := plural(w.Higher+w.Others, "job")
	if w.Higher+w.Others >= 100 { // nobody counts further
		first = "100 jobs or more"
	}
	come := " " + form(w.Others, "comes", "come") + " first"
	switch {
	case w.Higher == 0 && w.Others == 0:
		return ""
	case w.Others == 0:
		return first + " of higher priority"
	case w.Higher == 0:
		return first + " of the same priority that" + come
	}
	return fmt.Sprintf("%s of higher priority and %d of the same that%s", plural(w.Higher, "job"), w.Others, come)
}

// sentence says which workers could do the tasks, and why they are not free.
func (g group) sentence(tag string, now time.Time) string {
	could := "could do it"
	if tag != "" {
		could = form(len(g), "carries", "carry") + " tag " + tag
	}
	states := g.states(now)
	_, only, _ := strings.Cut(states[0], " ")
	switch {
	case len(g) == 1:
		return fmt.Sprintf("only worker %s %s, and it is %s", g[0].Name, could, only)
	case len(states) == 1:
		return fmt.Sprintf("%d workers %s, all %s", len(g), could, only)
	}
	return fmt.Sprintf("%d workers %s: %s", len(g), could, strings.Join(states, ", "))
}

// help adds the next step that makes one of the workers available.
func (g group) help(why *Why) {
	advise := func(format string, action func(*Candidate) Action) func(*Candidate) {
		return func(s *Candidate) { why.Advice, why.Actions = fmt.Sprintf(format, s.Name), []Action{action(s)} }
	}
	wait := func(*Candidate) {}
	for _, h := range []struct {
		has  func(s *Candidate) bool
		then func(s *Candidate)
	}{
		{func(s *Candidate) bool { return s.Obstacle == WorkerBusy || s.Obstacle == WorkerInUse }, wait},
		{func(s *Candidate) bool { return s.Status == WorkerStarting }, wait},
		{func(s *Candidate) bool {
			return s.Status == WorkerAsleep && s.Request.Status != WorkerAwake || s.Request.Status == WorkerAsleep
		}, func(s *Candidate) { why.Actions = []Action{s.wake("wake it with")} }},
		{func(s *Candidate) bool { return s.Obstacle == NotApproved }, func(s *Candidate) { why.Actions = []Action{s.approve()} }},
		{func(s *Candidate) bool { return s.Status == WorkerError }, advise("see whether farm work still runs on %s and reaches the manager", func(s *Candidate) Action { return s.show("") })},
		{func(s *Candidate) bool { return s.Status == WorkerOffline || s.Status == WorkerUnknown }, advise("start farm work on %s, or another worker", func(*Candidate) Action { return startWorker("", "") })},
	} {
		if i := slices.IndexFunc(g, func(s Candidate) bool { return h.has(&s) }); i >= 0 {
			h.then(&g[i])
			return
		}
	}
}

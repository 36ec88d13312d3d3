package manager_test

import (
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

func TestWhyAJobWaits(t *testing.T) {
	check(t, []situation{
		{"no workers", func(s *scene) subject {
			return subject{job: s.submit(frames(1))}
		}, "the farm has no workers", "start one with: farm work --task-types blender", "", ""},
		{"nobody does the type", func(s *scene) subject {
			s.worker("a", "ffmpeg")
			return subject{job: s.submit(frames(1))}
		}, "no worker does tasks of type blender", "start one with: farm work --task-types blender", "", ""},
		{"nobody carries the tag", func(s *scene) subject {
			s.worker("a")
			return subject{job: s.submit(frames(1), tag(s.tagged("gpu")))}
		}, "no worker that does blender tasks carries tag gpu", "give it to one with: farm workers tags a --add gpu", "", ""},
		{"all who carry the tag are asleep", func(s *scene) subject {
			a, b, c := s.worker("a"), s.worker("b"), s.worker("c")
			s.worker("d")
			s.tagged("gpu", a, b, c)
			s.sleepsUntil("19:00", a, b, c)
			return subject{job: s.submit(frames(1), tag(s.tagged("gpu")))}
		}, "3 workers carry tag gpu, all asleep until *:00", "wake it with: farm workers wake a", "worker d does not carry tag gpu", ""},
		{"asleep at different times", func(s *scene) subject {
			a, b := s.worker("a"), s.worker("b")
			s.sleepsUntil("19:00", a)
			s.sleepsUntil("17:00", b)
			return subject{job: s.submit(frames(1))}
		}, "2 workers could do it, all asleep, the first until *:00", "wake it with: *", "", ""},
		{"asleep until somebody wakes it", func(s *scene) subject {
			s.is(farm.WorkerAsleep, s.worker("a"))
			return subject{job: s.submit(frames(1))}
		}, "only worker a could do it, and it is asleep", "wake it with: farm workers wake a", "", ""},
		{"offline", func(s *scene) subject {
			s.must(s.SignOff(s.worker("a")))
			return subject{job: s.submit(frames(1))}
		}, "only worker a could do it, and it is offline", "start farm work on a, or another worker", "", ""},
		{"lost", func(s *scene) subject {
			s.is(farm.WorkerError, s.worker("a"))
			return subject{job: s.submit(frames(1))}
		}, "only worker a could do it, and it is lost", "see whether farm work still runs on a and reaches the manager", "", ""},
		{"starting", func(s *scene) subject {
			s.signOn(s.worker("a"), "a", "")
			return subject{job: s.submit(frames(1))}
		}, "only worker a could do it, and it is starting", "", "", ""},
		{"some of each", func(s *scene) subject {
			s.is(farm.WorkerAsleep, s.worker("a"))
			s.is(farm.WorkerError, s.worker("b"))
			s.must(s.SignOff(s.worker("c")))
			s.worker("d", "ffmpeg")
			return subject{job: s.submit(frames(1))}
		}, "3 workers could do it: 1 asleep, 1 lost, 1 offline", "wake it with: farm workers wake a", "worker d does no blender tasks", ""},
		{"about to sleep", func(s *scene) subject {
			s.must(s.RequestStatus(s.worker("a"), farm.StatusRequest{Status: farm.WorkerAsleep}))
			return subject{job: s.submit(frames(1))}
		}, "only worker a could do it, and it is about to sleep", "wake it with: farm workers wake a", "", ""},
		{"about to leave", func(s *scene) subject {
			s.must(s.RequestStatus(s.worker("a"), farm.StatusRequest{Status: farm.WorkerOffline, Lazy: true}))
			return subject{job: s.submit(frames(1))}
		}, "only worker a could do it, and it is about to leave", "", "", ""},
		{"behind a job of higher priority", func(s *scene) subject {
			w := s.worker("a")
			s.submit(frames(3), priority(60))
			s.take(w)
			return subject{job: s.submit(frames(1))}
		}, "waits behind 1 job of higher priority", "put it first with: farm jobs priority * 100", "only worker a could do it, and it is busy", ""},
		{"behind older ones", func(s *scene) subject {
			s.submit(frames(3))
			s.submit(frames(3))
			s.take(s.worker("a"))
			return subject{job: s.submit(frames(1))}
		}, "waits behind 2 jobs of the same priority that come first", "put it first with: *", "", ""},
		{"behind both", func(s *scene) subject {
			s.submit(frames(3), priority(60))
			s.submit(frames(3))
			s.take(s.worker("a"))
			return subject{job: s.submit(frames(1))}
		}, "waits behind 1 job of higher priority and 1 of the same that comes first", "put it first with: *", "", ""},
		{"its only worker is busy", func(s *scene) subject {
			s.submit(frames(1))
			s.take(s.worker("a"))
			return subject{job: s.submit(frames(1))}
		}, "worker a, the only one that could do it, is busy", "", "", ""},
		{"all are busy", func(s *scene) subject {
			s.submit(frames(2))
			s.take(s.worker("a"))
			s.take(s.worker("b"))
			return subject{job: s.submit(frames(1))}
		}, "all 2 workers that could do it are busy", "", "", ""},
		{"nothing is in the way", func(s *scene) subject {
			s.worker("a")
			return subject{job: s.submit(frames(1))}
		}, "nothing is in the way: worker a is free for it", "", "it is handed out with the next request of a worker", "clear"},
		{"it runs", func(s *scene) subject {
			job := s.submit(framesAndVideo(3))
			s.take(s.worker("a"))
			return subject{job: job}
		}, "1 task is being worked on", "", "1 task waits for others to be completed, the first for 3 of 3", "running"},
		{"paused", func(s *scene) subject {
			job := s.submit(frames(1))
			s.must(s.SetJobStatus(job, farm.JobPauseRequested, "lunch", farm.Actor{Name: "anna"}))
			return subject{job: job}
		}, "paused by anna at * (lunch)", "resume it with: farm jobs resume *", "", ""},
		{"submitted paused", func(s *scene) subject {
			return subject{job: s.submit(frames(1), func(sub *farm.Submission) { sub.Intent = farm.IntentHold })}
		}, "paused at *", "resume it with: farm jobs resume *", "", ""},
		{"about to be paused", func(s *scene) subject {
			job := s.submit(frames(2))
			s.take(s.worker("a"))
			s.must(s.SetJobStatus(job, farm.JobPauseRequested, "", farm.Actor{Address: "192.0.2.7"}))
			return subject{job: job}
		}, "paused by 192.0.2.7 at *; 1 task is being finished", "resume it with: *", "", "running"},
		{"canceled", func(s *scene) subject {
			job := s.submit(frames(2))
			s.must(s.SetJobStatus(job, farm.JobCancelRequested, "wrong camera", farm.Actor{Name: "anna"}))
			return subject{job: job}
		}, "canceled by anna at * (wrong camera)", "do it again with: farm jobs requeue *", "", ""},
		{"all that is left was canceled", func(s *scene) subject {
			job := s.submit(frames(1))
			s.must(s.SetTaskStatus(s.task(job, 1), farm.TaskCanceled, "no"))
			return subject{job: job}
		}, "1 of its 1 task were canceled, and the others are completed", "do it again with: *", "", ""},
		{"completed", func(s *scene) subject {
			job := s.submit(frames(2))
			s.work(s.worker("a"))
			return subject{job: job}
		}, "all of its 2 tasks are completed", "do it again with: farm jobs requeue *", "", ""},
		{"blocked on the only worker", func(s *scene) subject {
			job := s.submit(frames(2))
			s.blocked(job, "blender", s.worker("a"))
			return subject{job: job}
		}, "blocked on worker a, the only one that could do it, for blender tasks", "lift the blocks with: farm jobs blocklist * --clear", "", ""},
		{"blocked on both", func(s *scene) subject {
			job := s.submit(frames(2))
			s.blocked(job, "blender", s.worker("a"), s.worker("b"))
			s.worker("c", "ffmpeg")
			return subject{job: job}
		}, "blocked on both workers for blender tasks", "lift the blocks with: farm jobs blocklist * --clear", "worker c does no blender tasks", ""},
		{"blocked on many", func(s *scene) subject {
			job := s.submit(frames(2))
			s.blocked(job, "blender", s.worker("a"), s.worker("b"), s.worker("c"))
			return subject{job: job}
		}, "blocked on all 3 workers that could do it for blender tasks", "lift the blocks with: farm jobs blocklist * --clear", "", ""},
		{"blocked on some, and others are at work", func(s *scene) subject {
			job := s.submit(frames(2))
			s.blocked(job, "blender", s.worker("a"), s.worker("b"))
			s.take(s.worker("c"))
			return subject{job: job}
		}, "1 task is being worked on", "", "2 workers are blocked from blender tasks of this job: a, b", "running"},
		{"nobody is left", func(s *scene) subject {
			s.configure(rules(1, 1))
			job := s.submit(frames(20))
			a, b := s.worker("a"), s.worker("b")
			s.failNext(a)
			s.failNext(b)
			return subject{job: job}
		}, "everybody who could do tasks of one of its types is blocked: 2 workers", "lift the blocks with: farm jobs blocklist * --clear; or *", "", ""},
		{"failed on one, and the other is busy", func(s *scene) subject {
			a, b := s.worker("a"), s.worker("b")
			s.submit(frames(1))
			s.take(b)
			job := s.submit(frames(1))
			s.softFails(a)
			return subject{job: job}
		}, "worker b, the only one that could do it, is busy", "", "worker a has failed it, so another tries first", ""},
		{"two types, and one of them could begin", func(s *scene) subject {
			job := s.submit(framesAndVideo(1))
			s.work(s.worker("a", "blender"))
			s.must(s.SetTaskStatus(s.task(job, 1), farm.TaskQueued, "again"))
			return subject{job: job}
		}, "nothing is in the way: worker a is free for it", "", "1 task waits for others to be completed, the first for 1 of 1", "clear"},
	})
}

func TestWhyATaskWaits(t *testing.T) {
	check(t, []situation{
		{"it needs others", func(s *scene) subject {
			job := s.submit(framesAndVideo(3))
			w := s.worker("a")
			s.report(w, s.take(w), farm.TaskCompleted)
			return subject{task: s.task(job, 4)}
		}, "waits for 2 of 3 tasks that it needs", "", "", ""},
		{"somebody has it", func(s *scene) subject {
			job := s.submit(frames(1))
			s.take(s.worker("a"))
			return subject{task: s.task(job, 1)}
		}, "worker a works on it, 0 of 2 steps done", "", "", "running"},
		{"completed", func(s *scene) subject {
			job := s.submit(frames(1))
			s.work(s.worker("a"))
			return subject{task: s.task(job, 1)}
		}, "it is completed", "do it again with: farm jobs requeue */1", "", ""},
		{"canceled", func(s *scene) subject {
			job := s.submit(frames(2))
			s.must(s.SetTaskStatus(s.task(job, 2), farm.TaskCanceled, "too dark"))
			return subject{task: s.task(job, 2)}
		}, "it was canceled: too dark", "do it again with: farm jobs requeue */2", "", ""},
		{"its job is paused", func(s *scene) subject {
			job := s.submit(frames(1))
			s.must(s.SetJobStatus(job, farm.JobPauseRequested, "lunch", farm.Actor{Name: "anna"}))
			return subject{task: s.task(job, 1)}
		}, "its job is not handed out: paused by anna at * (lunch)", "resume it with: *", "", ""},
		{"others of its job first", func(s *scene) subject {
			s.worker("a")
			return subject{task: s.task(s.submit(frames(2)), 2)}
		}, "other tasks of its job come first", "", "", ""},
		{"tasks of another type first", func(s *scene) subject {
			s.must(s.SetJobPriority(s.videoOnly(), 99))
			return subject{task: s.task(s.submit(frames(1)), 1)}
		}, "the workers that could do it get tasks of other types first", "", "2 workers could do it: 1 busy, 1 offline", ""},
		{"nothing is in the way", func(s *scene) subject {
			s.worker("a")
			return subject{task: s.task(s.submit(frames(2)), 1)}
		}, "nothing is in the way: worker a is free for it", "", "", "clear"},
		{"by one: its type", func(s *scene) subject {
			s.worker("a")
			return subject{task: s.task(s.submit(frames(1)), 1), worker: s.worker("b", "ffmpeg")}
		}, "worker b does no blender tasks", "start its farm work with --task-types blender", "", ""},
		{"by one: its tag", func(s *scene) subject {
			return subject{task: s.task(s.submit(frames(1), tag(s.tagged("gpu"))), 1), worker: s.worker("b")}
		}, "worker b does not carry tag gpu", "give it the tag with: farm workers tags b --add gpu", "", ""},
		{"by one: blocked", func(s *scene) subject {
			job, w := s.submit(frames(1)), s.worker("b")
			s.blocked(job, "blender", w)
			return subject{task: s.task(job, 1), worker: w}
		}, "worker b is blocked from blender tasks of this job", "lift the block with: farm jobs blocklist * --remove b:blender", "", ""},
		{"by one: failed", func(s *scene) subject {
			w := s.worker("b")
			s.worker("a")
			job := s.submit(frames(1))
			s.softFails(w)
			return subject{task: s.task(job, 1), worker: w}
		}, "worker b has failed it, so another tries first", "let it try again with: farm jobs requeue *", "", ""},
		{"by one: asleep", func(s *scene) subject {
			w := s.worker("b")
			s.sleepsUntil("19:00", w)
			return subject{task: s.task(s.submit(frames(1)), 1), worker: w}
		}, "worker b: it is asleep until *:00", "wake it with: farm workers wake b", "", ""},
		{"by one: something else first", func(s *scene) subject {
			s.submit(frames(1), priority(99))
			return subject{task: s.task(s.submit(frames(1)), 1), worker: s.worker("b")}
		}, "worker b gets task 1 of job a job (*) first", "", "", "clear"},
		{"by one: next", func(s *scene) subject {
			return subject{task: s.task(s.submit(frames(1)), 1), worker: s.worker("b")}
		}, "nothing is in the way: worker b gets it with its next request", "", "", "clear"},
	})
}

func TestWhyAWorkerWaits(t *testing.T) {
	check(t, []situation{
		{"asleep by its schedule", func(s *scene) subject {
			w := s.worker("a")
			s.sleepsUntil("19:00", w)
			return subject{worker: w}
		}, "it is asleep until *:00", "wake it with: farm workers wake a", "", ""},
		{"offline", func(s *scene) subject {
			w := s.worker("a")
			s.is(farm.WorkerTesting, w) // and so nothing to come back to
			s.must(s.SignOff(w))
			return subject{worker: w}
		}, "it is offline, last heard of at *", "start farm work there", "", ""},
		{"offline, and to come back", func(s *scene) subject {
			w := s.worker("a")
			s.must(s.SignOff(w))
			return subject{worker: w}
		}, "it is asked to wake up when it is back; it is offline", "start farm work there", "", ""},
		{"lost", func(s *scene) subject {
			w := s.worker("a")
			s.is(farm.WorkerError, w)
			return subject{worker: w}
		}, "it is lost, last heard of at *", "see whether farm work still runs there and reaches the manager", "", ""},
		{"starting", func(s *scene) subject {
			w := s.worker("a")
			s.signOn(w, "a", "")
			return subject{worker: w}
		}, "it has just signed on, and says soon that it is awake", "", "", ""},
		{"never there", func(s *scene) subject {
			w, err := s.Register(manager.Registration{Name: "a", Secret: "s", TaskTypes: []string{"blender"}})
			s.must(err)
			return subject{worker: w.ID}
		}, "it registered and never signed on", "start farm work there", "", ""},
		{"it works", func(s *scene) subject {
			w := s.worker("a")
			s.submit(frames(1))
			s.take(w)
			return subject{worker: w}
		}, "it works on task 1 of job a job (*)", "", "", "running"},
		{"asked to sleep after its task", func(s *scene) subject {
			w := s.worker("a")
			s.submit(frames(1))
			s.take(w)
			s.must(s.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerAsleep, Lazy: true}))
			return subject{worker: w}
		}, "it is asked to go to sleep after task 1 of job a job (*)", "take that back with: farm workers wake a", "", "running"},
		{"asked to shut down", func(s *scene) subject {
			w := s.worker("a")
			s.must(s.RequestStatus(w, farm.StatusRequest{Status: farm.WorkerOffline}))
			return subject{worker: w}
		}, "it is asked to shut down, and has not done so yet", "take that back with: farm workers wake a", "", ""},
		{"a task is next", func(s *scene) subject {
			s.submit(frames(2))
			return subject{worker: s.worker("a")}
		}, "nothing is in the way: it gets task 1 of job a job (*) with its next request", "", "", "clear"},
		{"nothing to do", func(s *scene) subject {
			return subject{worker: s.worker("a")}
		}, "there is nothing to do: no job has tasks that wait for a worker", "", "", ""},
		{"only paused jobs", func(s *scene) subject {
			s.must(s.SetJobStatus(s.submit(frames(1)), farm.JobPauseRequested, ""))
			return subject{worker: s.worker("a")}
		}, "there is nothing to do: no job has tasks that wait for a worker", "see them with: farm jobs list --status paused", "1 job is paused", ""},
		{"others are at what is left", func(s *scene) subject {
			s.submit(framesAndVideo(1))
			s.take(s.worker("a"))
			return subject{worker: s.worker("b")}
		}, "there is nothing to do: no job has tasks that wait for a worker", "", "1 job is on others: what is left of it waits for tasks that are being worked on", ""},
		{"other types", func(s *scene) subject {
			s.submit(frames(1))
			return subject{worker: s.worker("a", "misc", "ffmpeg")}
		}, "jobs wait for workers that do blender tasks; it does only misc, ffmpeg", "start its farm work with other --task-types", "", ""},
		{"other tags", func(s *scene) subject {
			s.submit(frames(1), tag(s.tagged("gpu")))
			return subject{worker: s.worker("a")}
		}, "jobs wait for workers with tag gpu, which it does not carry", "give it one with: farm workers tags a --add gpu", "", ""},
		{"blocked", func(s *scene) subject {
			w := s.worker("a")
			s.blocked(s.submit(frames(1)), "blender", w)
			return subject{worker: w}
		}, "it is blocked from the tasks it could do of 1 job", "lift a block with: farm jobs blocklist * --remove a", "", ""},
		{"blocked, and others too", func(s *scene) subject {
			w := s.worker("a")
			s.blocked(s.submit(frames(1)), "blender", w, s.worker("b"), s.worker("c"))
			return subject{worker: w}
		}, "it is blocked from the tasks it could do of 1 job", "lift a block with: farm jobs blocklist * --remove a", "2 other workers are blocked in job * too", ""},
		{"failed", func(s *scene) subject {
			w := s.worker("a")
			s.worker("b")
			s.submit(frames(1))
			s.softFails(w)
			s.submit(frames(1), tag(s.tagged("gpu")))
			return subject{worker: w}
		}, "it failed the tasks it could do of 1 job, and others try them first", "", "jobs wait for workers with tag gpu, which it does not carry", ""},
	})
}

func TestWhyNotFound(t *testing.T) {
	f := newFarm(t)
	w, task := f.worker("a"), farm.TaskID("")
	job := f.submit(frames(1))
	tasks, _, err := f.Tasks(job, -1, 1)
	f.must(err)
	task = tasks[0].ID
	f.must(f.DeleteWorker(w))
	nobody := farm.NewUUID().String()
	for name, err := range map[string]error{
		"job": second(f.WhyJob(farm.JobID(nobody))), "no id": second(f.WhyJob("x")), "task": second(f.WhyTask(farm.TaskID(nobody), "")),
		"worker": second(f.WhyWorker(farm.WorkerID(nobody))), "deleted": second(f.WhyWorker(w)), "task by a deleted one": second(f.WhyTask(task, w)),
	} {
		if farm.KindOf(err) != farm.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

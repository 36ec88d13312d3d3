package farm

// TakesBack reports whether workers lose the tasks they hold when the job gets
// this status.
func (s JobStatus) TakesBack() bool {
	return s == JobFailed || s == JobCanceled || s == JobCancelRequested
}

// Spread says what happens to a task when one that it needs gets a new status:
// the event it receives and why, or false if it is left alone. spoiled says
// whether, after that change, any task that it needs failed or was canceled.
//
//	needed task        task             becomes
//	failed, canceled   waiting          canceled: it can never run
//	queued (again)     done or spoiled  queued: what it was made of changes
func Spread(needed, task TaskStatus, spoiled bool) (e TaskEvent, why string, ok bool) {
	switch {
	case needed.Spoiled() && task.Waiting():
		return TaskDropped, "Canceled because a task it needs was not completed", true
	case needed == TaskQueued && !spoiled && task != TaskQueued:
		return TaskRequeued, "Queued again because a task it needs is done again", true
	}
	return 0, "", false
}

package api

import (
	"strings"

	"renderfarm/farm"
)

// MaxPriority is the highest priority a job can be given by setJobPriority.
const MaxPriority = 100

func (s *SubmittedJob) setDefaults() { s.Priority = DefaultPriority }

func (s *SubmittedJob) check() error {
	if s.InitialStatus == "" {
		return nil
	}
	return jobStatus("initial_status", s.InitialStatus)
}

func (r *JobRequeue) check() error {
	if r.Tasks != "" && r.Tasks != RequeueAll && r.Tasks != RequeueFailed {
		return farm.Errorf(farm.Invalid, `"tasks" is %q: requeue "all" tasks, or those that "failed"`, r.Tasks)
	}
	return nil
}

func (s *JobStatusChange) check() error { return jobStatus("status", s.Status) }

func (s *JobPriorityChange) check() error {
	if s.Priority < 0 || s.Priority > MaxPriority {
		return farm.Errorf(farm.Invalid, `"priority" is %d: it must be between 0 and %d`, s.Priority, MaxPriority)
	}
	return nil
}

func (s *TaskStatusChange) check() error { return taskStatus("status", s.Status) }

func (u *TaskUpdate) check() error {
	if u.StepsCompleted != nil && *u.StepsCompleted < 0 {
		return farm.Errorf(farm.Invalid, `"steps_completed" is %d: it cannot be negative`, *u.StepsCompleted)
	}
	if len(u.Frames) > farm.MaxFrameResults {
		return farm.Errorf(farm.Invalid, `"frames" has %d frames: send at most %d in one report`, len(u.Frames), farm.MaxFrameResults)
	}
	for i := range u.Frames {
		if err := u.Frames[i].Check(); err != nil {
			return err
		}
	}
	if u.LeftOut != "" {
		if _, err := farm.ParseFrames(u.LeftOut); err != nil || len(u.LeftOut) > farm.MaxRedo {
			return farm.Errorf(farm.Invalid, `"left_out" is not a range of frames of at most %d bytes`, farm.MaxRedo)
		}
	}
	if u.TaskStatus == "" {
		return nil
	}
	if u.TaskStatus == farm.TaskSoftFailed.String() {
		return farm.Errorf(farm.Invalid, `"taskStatus" cannot be soft-failed: send failed, and the manager decides whether the task gets another try`)
	}
	return taskStatus("taskStatus", u.TaskStatus)
}

func (s *WorkerStateChanged) check() error { return workerStatus("status", s.Status) }

func (r *WorkerStatusChangeRequest) check() error { return workerStatus("status", r.Status) }

func (t *WorkerTag) check() error {
	if strings.TrimSpace(t.Name) == "" {
		return farm.Errorf(farm.Invalid, `"name" is empty: give the tag a name`)
	}
	return nil
}

func jobStatus(key, name string) error {
	if _, ok := farm.ParseJobStatus(name); !ok {
		return farm.Errorf(farm.Invalid, "%q is %q, which is not a valid job status", key, name)
	}
	return nil
}

func taskStatus(key, name string) error {
	if _, ok := farm.ParseTaskStatus(name); !ok {
		return farm.Errorf(farm.Invalid, "%q is %q, which is not a valid task status", key, name)
	}
	return nil
}

func workerStatus(key, name string) error {
	if _, ok := farm.ParseWorkerStatus(name); !ok {
		return farm.Errorf(farm.Invalid, "%q is %q, which is not a valid worker status", key, name)
	}
	return nil
}

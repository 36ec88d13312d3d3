package store

import (
	"math"

	"renderfarm/farm"
	"renderfarm/farm/scheduler"
)

// A NewJob is a plan that was checked, encoded and compressed: storing it holds
// up the writer for milliseconds, whatever its size. It can be stored once.
type NewJob struct {
	job    *Job
	plan   []byte   // records without checksum
	detail []byte   // likewise
	chunks [][]byte // likewise
}

// ID returns the id that the job will have.
func (n *NewJob) ID() farm.JobID { return n.job.ID }

// ForgetBlender has the job rendered by any Blender, which may have to find a graphics card,
// and by a worker that may have to have the storage.
func (n *NewJob) ForgetBlender() {
	n.job.Blender = farm.BlenderNeed{GPU: n.job.Blender.GPU, Storage: n.job.Blender.Storage}
}

// Prepare makes a plan ready to be stored by AddJob. It works in the caller's
// goroutine. Needs that are out of range or form a cycle, and plans beyond the
// limits of the scheduler and the store, are farm.Invalid, naming the tasks. p.ID
// and p.Created must be set; p is not kept.
func Prepare(p *farm.Plan) (*NewJob, error) {
	uuid, ok := farm.ParseUUID(string(p.ID))
	if !ok {
		return nil, farm.Errorf(farm.Invalid, "the job's id %q is not a UUID", p.ID)
	}
	if p.Priority < math.MinInt32 || p.Priority > math.MaxInt32 {
		return nil, farm.Errorf(farm.Invalid, "the job's priority %d is too large: use a number between 0 and 100", p.Priority)
	}
	plan, err := scheduler.NewPlan(p.Tasks)
	if err != nil {
		return nil, err
	}
	n := &NewJob{plan: encodePlan(plan)}
	n.detail, err = encodeDetail(&farm.JobDetail{Settings: p.Settings, Metadata: p.Metadata, ShamanCheckout: p.ShamanCheckout, SubmitterPlatform: p.SubmitterPlatform})
	if err != nil {
		return nil, farm.Errorf(farm.Invalid, "the job's settings cannot be stored: %v", err)
	}
	var w chunkWriter
	for at := 0; at < len(p.Tasks); at += chunkTasks {
		c, err := w.encode(p.Tasks[at:min(at+chunkTasks, len(p.Tasks))])
		if err != nil {
			return nil, err
		}
		n.chunks = append(n.chunks, c)
	}
	// What the scheduler knows of the tasks is made here too, not in the writer.
	record := jobRecord{uuid: uuid, Job: farm.Job{ID: farm.JobID(uuid.String()), Name: p.Name, Type: p.Type, Priority: p.Priority, Tag: p.Tag, Blender: p.Blender,
		JobFacts: farm.JobFacts{Intent: p.Intent}, StepsTotal: plan.Steps(), Created: whole(p.Created)}}
	record.Counts[farm.TaskQueued] = plan.Tasks
	n.job = newJob(record, plan)
	n.job.sched.Derive()
	return n, nil
}

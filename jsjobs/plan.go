package jsjobs

import (
	"context"
	"encoding/json"

	"renderfarm/farm"
)

// Plan makes the tasks of a job: it checks the settings, runs the script's
// compileJob, and returns the job as the script left it. Errors that are the
// submission's or the script's are farm.Invalid, PreconditionFailed or NotFound, in
// words for the submitter.
func (l *Library) Plan(ctx context.Context, sub farm.Submission) (*farm.Plan, error) {
	script, d, err := l.find(ctx, sub.Type)
	if err != nil {
		return nil, err
	}
	if d.err != nil {
		return nil, d.err
	}
	if sub.TypeETag != "" && sub.TypeETag != d.jobType.ETag {
		return nil, farm.Errorf(farm.PreconditionFailed, "the job's settings are outdated: job type %s has changed since they were made; refresh the job type and submit again", script.name)
	}
	sub.Settings, err = fill(&d.jobType, sub.Settings)
	if err != nil {
		return nil, err
	}
	r, err := l.run(ctx, order{File: script.file, Source: d.source, Job: &sub})
	if err != nil {
		return nil, err
	}
	plan := &farm.Plan{Submission: sub, Tasks: r.tasks, Messages: r.messages, Warnings: r.warnings}
	takeOver(&plan.Submission, r.Job)
	if circle := findCircle(plan.Tasks); circle != nil {
		return nil, farm.Errorf(farm.Invalid, "these tasks wait for each other, so none could ever run: %s", namesOf(plan.Tasks, circle))
	}
	if l.encoded {
		return plan, nil
	}
	return plan, decode(plan.Tasks)
}

// takeOver takes what the script may change of the job.
func takeOver(sub, left *farm.Submission) {
	sub.Settings, sub.Metadata, sub.ShamanCheckout = left.Settings, left.Metadata, left.ShamanCheckout
	sub.Name, sub.Priority, sub.Tag = left.Name, left.Priority, left.Tag
}

// decode makes the parameters of the commands.
func decode(tasks []farm.PlannedTask) error {
	for i := range tasks {
		for j := range tasks[i].Commands {
			c := &tasks[i].Commands[j]
			if err := json.Unmarshal(c.Encoded.Append(nil), &c.Parameters); err != nil {
				return farm.Errorf(farm.Internal, "the parameters of command %s of task %q: %w", c.Name, brief(tasks[i].Name), err)
			}
			c.Encoded = farm.Encoded{}
		}
	}
	return nil
}

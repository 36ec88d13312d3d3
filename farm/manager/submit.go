package manager

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"renderfarm/farm"
	"renderfarm/store"
)

// maxJobName bounds a job's name, in bytes.
const maxJobName = 1024

// PriorityLimit bounds priorities in both directions.
const PriorityLimit = 1_000_000

// Submit plans a job and stores it. The warnings are for the submitter: the job
// is stored all the same.
//
// Invalid: the submission is wrong, or the job type's script refused it.
// PreconditionFailed: made for another version of the job type. UnknownTag.
func (m *Manager) Submit(ctx context.Context, sub farm.Submission, by ...farm.Actor) (job farm.Job, detail farm.JobDetail, warnings []string, err error) {
	sub.ID = farm.JobID(farm.NewUUID().String())
	sub.Created = time.Now().UTC().Truncate(time.Millisecond)
	sub.Namesake = m.namesakes.number(sub.Name, sub.Created)
	plan, err := m.plan(ctx, sub)
	if err != nil {
		return job, detail, nil, err
	}
	plan.Blender = m.blenderNeed(ctx, plan, sub)
	if plan.ShamanCheckout, err = m.claimCheckout(&plan.Submission); err != nil {
		return job, detail, nil, err
	}
	plan.Blender.Storage = m.needsStorage(plan)
	copies := copiesOf(plan.Metadata)
	if copies != "" {
		m.checkouts.add(copies, plan.ID)
	}
	defer func() {
		if err != nil {
			m.checkouts.remove(plan.ShamanCheckout, plan.ID)
			m.checkouts.remove(copies, plan.ID)
		}
	}()
	prepared, err := store.Prepare(plan)
	if err != nil {
		return job, detail, nil, err
	}
	warnings = append(plan.Warnings, unknownCommands(plan)...)
	if !farm.KnownPlatform(sub.SubmitterPlatform) {
		warnings = append(warnings, fmt.Sprintf("submitter_platform %q is not a platform that Farm knows, so the job's paths are taken as they are and not for values of variables", sub.SubmitterPlatform))
	}
	err = m.update(func(u *unit) error {
		if err := u.tagExists(plan.Tag); err != nil {
			return err
		}
		if err := u.CanAdd(prepared); err != nil {
			return err
		}
		if u.BlenderNeeds() >= maxBlenderNeeds {
			prepared.ForgetBlender()
		}
		j := u.AddJob(prepared)
		if len(warnings) > 0 {
			j.Activity = "Warning: " + strings.Join(warnings, "; ")
		}
		t := u.touch(j)
		t.submitted = true
		u.note(j, by, submitted, "")
		job = j.Job
		return nil
	})
	if err != nil {
		return job, detail, nil, err
	}
	m.log.Info("job submitted", "job", job.ID, "name", job.Name, "type", job.Type, "tasks", job.Counts.Total())
	for _, w := range warnings {
		m.log.Warn("job submitted with a warning", "job", job.ID, "warning", w)
	}
	return job, farm.JobDetail{Settings: plan.Settings, Metadata: plan.Metadata, ShamanCheckout: plan.ShamanCheckout}, warnings, nil
}

// CheckSubmission does what Submit does short of storing the job.
func (m *Manager) CheckSubmission(ctx context.Context, sub farm.Submission) error {
	sub.ID = farm.JobID(farm.NewUUID().String())
	sub.Created = time.Now().UTC().Truncate(time.Millisecond)
	_, err := m.plan(ctx, sub)
	return err
}

// plan checks a submission and lets the job type make its tasks.
func (m *Manager) plan(ctx context.Context, sub farm.Submission) (*farm.Plan, error) {
	if err := checkSubmission(&sub); err != nil {
		return nil, err
	}
	receivers := m.config.Load().Notifications
	if _, err := receivers.Receivers(sub.Metadata[farm.MetadataNotify]); err != nil {
		return nil, err
	}
	if sub.SubmitterPlatform == "manager" {
		sub.SubmitterPlatform = m.goos
	}
	// What the submitter wrote for its own platform is kept with variables, so
	// that each worker gets it in the form of its platform.
	vs := m.Config().Variables
	for key, value := range sub.Settings {
		if text, ok := value.(string); ok {
			sub.Settings[key] = vs.ToVariables(text, sub.SubmitterPlatform)
		}
	}
	for key, value := range sub.Metadata {
		sub.Metadata[key] = vs.ToVariables(value, sub.SubmitterPlatform)
	}
	plan, err := m.types.Plan(ctx, sub)
	if farm.KindOf(err) == farm.NotFound {
		return nil, farm.Errorf(farm.Invalid, "%w", err) // in a submission the job type is a value like any other
	}
	if err != nil {
		return nil, err
	}
	if err := checkSubmission(&plan.Submission); err != nil {
		return nil, farm.Errorf(farm.Invalid, "the script of job type %s changed the job: %w", sub.Type, err)
	}
	plan.ID, plan.Created, plan.Intent = sub.ID, sub.Created, sub.Intent
	return plan, nil
}

func checkSubmission(sub *farm.Submission) error {
	switch {
	case strings.TrimSpace(sub.Name) == "":
		return farm.Errorf(farm.Invalid, "the job has no name: give it one")
	case len(sub.Name) > maxJobName:
		return farm.Errorf(farm.Invalid, "the job's name is longer than %d bytes: shorten it", maxJobName)
	case sub.Type == "":
		return farm.Errorf(farm.Invalid, "the job has no job type: choose one of those that GET /api/v3/jobs/types lists")
	case sub.Priority < -PriorityLimit || sub.Priority > PriorityLimit:
		return farm.Errorf(farm.Invalid, "priority %d is out of range: choose -%d to %d (50 is usual)", sub.Priority, PriorityLimit, PriorityLimit)
	}
	return nil
}

func (u *unit) tagExists(id farm.TagID) error {
	if id == "" {
		return nil
	}
	if _, err := u.Tag(id); err != nil {
		return farm.Errorf(farm.UnknownTag, "no such worker tag: %q; refresh the list of tags and choose one, or none", id)
	}
	return nil
}

// unknownCommands warns of commands that only a studio's own workers could know.
func unknownCommands(p *farm.Plan) []string {
	var warnings, told []string
	for i := range p.Tasks {
		for _, c := range p.Tasks[i].Commands {
			if !slices.Contains(farm.Commands, c.Name) && !slices.Contains(told, c.Name) && len(told) < 10 {
				told = append(told, c.Name)
				warnings = append(warnings, fmt.Sprintf("command %q is not one that Farm's workers know, so task %q fails unless you run your own worker for it", c.Name, p.Tasks[i].Name))
			}
		}
	}
	return warnings
}

package jsjobs

import (
	"context"
	"maps"
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

// Plan makes the tasks of a job: it checks the settings, runs the script's
// compileJob, and returns the job as the script left it. Errors that are the
// submission's or the script's are farm.Invalid, Outdated or NotFound, in
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
		return nil, farm.Errorf(farm.Outdated, "the job's settings are outdated: job type %s has changed since they were made; refresh the job type and submit again", script.name)
	}
	sub.Settings, err = fill(&d.jobType, sub.Settings)
	if err != nil {
		return nil, err
	}
	// The caller's maps are not changed: it may submit them again.
	sub.Metadata = maps.Clone(sub.Metadata)
	plan := &farm.Plan{Submission: sub}
	err = l.inVM(ctx, d.program, func(m *machine) error { return m.compile(plan) })
	if err != nil {
		return nil, err
	}
	return plan, nil
}

// compile runs compileJob(job) and fills the plan.
func (m *machine) compile(plan *farm.Plan) error {
	compileJob, err := m.vm.Get("compileJob")
	if err != nil || !compileJob.IsFunction() {
		return farm.Errorf(farm.Invalid, "script (%s) does not define a compileJob(job) function", m.main.file)
	}
	job := m.jobObject(&plan.Submission)
	if _, err := compileJob.Call(otto.UndefinedValue(), job); err != nil {
		return m.explain(err)
	}
	// The VM goes away with this function; what is needed of it is read now.
	if plan.Tasks, err = m.planned(); err != nil {
		return err
	}
	plan.Messages, plan.Warnings = m.messages, m.warnings
	return m.readBack(job, &plan.Submission)
}

// jobObject makes the job that the script gets. (behaviour 1.4)
func (m *machine) jobObject(sub *farm.Submission) *otto.Object {
	job := m.object(map[string]any{
		"jobID":         string(sub.ID),
		"workerTagUUID": string(sub.Tag),
		"name":          sub.Name,
		"jobType":       sub.Type,
		"priority":      sub.Priority,
		"status":        farm.JobUnderConstruction.String(),
		"created":       m.toJS(sub.Created),
		"settings":      m.toJS(sub.Settings),
		"metadata":      m.toJS(sub.Metadata),
		"storage":       m.object(map[string]any{"shamanCheckoutID": sub.ShamanCheckout}),
		"addTask":       native(m.addTask),
	})
	m.call(m.kit.accessor, job, "tasks", native(m.addedTasks))
	return job
}

// readBack takes over what the script changed of the job.
func (m *machine) readBack(job *otto.Object, sub *farm.Submission) error {
	settings, err := m.properties(job, "settings")
	if err != nil {
		return err
	}
	metadata, err := m.properties(job, "metadata")
	if err != nil {
		return err
	}
	storage, err := m.properties(job, "storage")
	if err != nil {
		return err
	}
	sub.Settings = settings
	sub.Metadata = make(map[string]string, len(metadata))
	for key, v := range metadata {
		sub.Metadata[key] = toText(v)
	}
	sub.ShamanCheckout = toText(storage["shamanCheckoutID"])
	sub.Name = strings.TrimSpace(m.text(m.get(job, "name")))
	sub.Priority = m.whole(m.get(job, "priority"))
	sub.Tag = farm.TagID(m.text(m.get(job, "workerTagUUID")))
	return nil
}

// properties reads an object-valued property of the job; one that the script
// deleted is empty.
func (m *machine) properties(job *otto.Object, name string) (map[string]any, error) {
	v, err := m.fromJS(m.get(job, name), &m.author.left)
	if err != nil {
		return nil, farm.Errorf(farm.Invalid, "job.%s after the script %s: %w", name, m.main.file, err)
	}
	fields, ok := v.(map[string]any)
	if !ok {
		fields = map[string]any{}
	}
	return fields, nil
}

package jsjobs

import (
	"strings"

	"github.com/robertkrimen/otto"

	"renderfarm/farm"
)

// describe returns the script's JOB_TYPE. It also looks for compileJob, so that
// a script without one is known as broken before somebody submits a job.
func (m *machine) describe() (map[string]any, error) {
	v, err := m.vm.Get("JOB_TYPE")
	if err != nil || v.Class() != "Object" {
		return nil, farm.Errorf(farm.Invalid, "script (%s) does not define a JOB_TYPE object", m.main.file)
	}
	if f, err := m.vm.Get("compileJob"); err != nil || !f.IsFunction() {
		return nil, farm.Errorf(farm.Invalid, "script (%s) does not define a compileJob(job) function", m.main.file)
	}
	// A type is sent to every client that starts, so it may not be larger than
	// its script.
	size := int64(maxScript)
	converted, err := m.fromJS(v, &size)
	if err != nil {
		return nil, m.explain(err)
	}
	fields, _ := converted.(map[string]any)
	return fields, nil
}

// compile runs compileJob(job), passes the tasks on and puts into sub what the
// script changed of it.
func (m *machine) compile(sub *farm.Submission) error {
	compileJob, err := m.vm.Get("compileJob")
	if err != nil || !compileJob.IsFunction() {
		return farm.Errorf(farm.Invalid, "script (%s) does not define a compileJob(job) function", m.main.file)
	}
	m.created, m.namesake = sub.Created, sub.Namesake
	job := m.jobObject(sub)
	returned, err := compileJob.Call(otto.UndefinedValue(), job)
	if err != nil {
		return m.explain(err)
	}
	if err := m.runJobs(); err != nil {
		return err
	}
	if err := m.settled(returned); err != nil {
		return err
	}
	m.warnOfRejected()
	if err := m.sendTasks(); err != nil {
		return err
	}
	return m.readBack(job, sub)
}

// jobObject makes the job that the script gets; docs/job-types.md, "The job",
// describes it for authors.
func (m *machine) jobObject(sub *farm.Submission) *otto.Object {
	m.settings, m.refused = sub.Settings, ""
	job := m.object(map[string]any{
		"jobID":         string(sub.ID),
		"workerTagUUID": string(sub.Tag),
		"name":          sub.Name,
		"jobType":       sub.Type,
		"priority":      sub.Priority,
		"status":        farm.JobUnderConstruction.String(),
		"created":       m.goTime(sub.Created.UTC()),
		"settings":      m.toJS(sub.Settings),
		"metadata":      m.toJS(sub.Metadata),
		"storage":       m.object(map[string]any{"shamanCheckoutID": sub.ShamanCheckout}),
		"addTask":       native(m.addTask),
	})
	m.call(m.kit.accessor, job, "tasks", native(m.jobTasks), native(m.setJobTasks))
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

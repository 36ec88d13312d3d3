package api

import (
	"encoding/json"
	"slices"

	"renderfarm/farm"
)

// List is a JSON array that is never null: nil is written as []. Any []T can
// be assigned to it.
type List[T any] []T

// MarshalJSON writes the array.
func (l List[T]) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(l))
}

// Object is a JSON object that is never null: nil is written as {}. Any
// map[string]V can be assigned to it.
type Object[V any] map[string]V

// MarshalJSON writes the object.
func (o Object[V]) MarshalJSON() ([]byte, error) {
	if o == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]V(o))
}

// Commands returns the commands in the form that may go on the wire: clients
// expect parameters to be an object even when a command has none. The list
// given is not changed.
func Commands(list []farm.Command) List[Command] {
	copied := false
	for i := range list {
		if list[i].Parameters != nil {
			continue
		}
		if !copied {
			list, copied = slices.Clone(list), true
		}
		list[i].Parameters = map[string]any{}
	}
	return list
}

// JobTypes returns the answer of getJobTypes. Clients expect settings to be a
// list even when a job type has none. The list given is not changed.
func JobTypes(list []farm.JobType) AvailableJobTypes {
	out := slices.Clone(list)
	for i := range out {
		out[i] = JobType(out[i])
	}
	return AvailableJobTypes{JobTypes: out}
}

// JobType returns the job type in the form that may go on the wire, with
// settings that are a list even when it has none.
func JobType(t farm.JobType) farm.JobType {
	if t.Settings == nil {
		t.Settings = []farm.Setting{}
	}
	return t
}

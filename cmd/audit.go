package cmd

import (
	"fmt"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// shownChanges is how many changes people see of a job or worker unless they ask
// for all.
const shownChanges = 5

// auditOf returns an audit, or none of a compatible manager, which keeps none.
func auditOf(audit api.Audit, err error) (*api.Audit, error) {
	switch {
	case api.StatusOf(err) != 0:
		return nil, nil
	case err != nil:
		return nil, err
	}
	return &audit, nil
}

// printChanges prints who changed what, the newest last.
func (s *session) printChanges(a *api.Audit, all bool) {
	if a == nil {
		return
	}
	changes := a.Changes
	if !all && len(changes) > shownChanges {
		changes = changes[len(changes)-shownChanges:]
	}
	if older := len(a.Changes) - len(changes) + a.Dropped; older > 0 {
		s.field("changes", fmt.Sprintf("%d older ones", older))
	}
	for _, c := range changes {
		s.field("change", fmt.Sprintf("%s by %s: %s", when(c.Time, s.now()), actorName(c.By), c.What))
	}
}

// actorName is what people call who made a change: the name as given, and where
// from, since names prove nothing.
func actorName(a farm.Actor) string {
	var parts []string
	for _, part := range []string{a.Address, a.Agent} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	from := strings.Join(parts, ", ")
	switch {
	case a == farm.Actor{}:
		return "the manager"
	case a.Name == "":
		return from
	case from == "":
		return a.Name
	}
	return a.Name + " (" + from + ")"
}

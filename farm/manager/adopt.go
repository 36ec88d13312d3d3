package manager

import (
	"fmt"
	"slices"
	"strings"

	"renderfarm/farm"
	"renderfarm/store"
)

// Adopted says what Adopt did, or would do.
type Adopted struct {
	Tags    []farm.Tag    // that are new here
	Workers []farm.Worker // that are new here
	Known   []string      // names of workers that are here already, and stay as they are
	Left    []string      // what cannot be taken, and why, for people
}

// Adopt adds the tags and workers of another farm, all in one transaction, or only
// says what it would do. Workers keep their ids and secrets, so they sign on as if
// nothing had changed; one that is here already stays as it is. A tag with the name of
// one that is here becomes that one.
func (o Offline) Adopt(tags []farm.Tag, workers []farm.Worker, dryRun bool) (done Adopted, err error) {
	plan := func(known []farm.Tag, has func(farm.WorkerID) bool) {
		done = Adopted{}
		same := done.tags(tags, known)
		for _, w := range workers {
			done.worker(w, same, has(w.ID))
		}
	}
	if dryRun && o.Store == nil { // there is no database yet
		plan(nil, func(farm.WorkerID) bool { return false })
		return done, nil
	}
	if dryRun {
		return done, o.Store.View(func(v *store.View) error {
			here, err := v.Tags()
			if err == nil {
				plan(here, func(id farm.WorkerID) bool { _, err := v.Worker(id); return err == nil })
			}
			return err
		})
	}
	return done, o.Store.Update(func(tx *store.Tx) error {
		plan(tx.Tags(), func(id farm.WorkerID) bool { _, err := tx.Worker(id); return err == nil })
		for _, tag := range done.Tags {
			tx.PutTag(tag)
		}
		for _, w := range done.Workers {
			tx.AddWorker(w)
		}
		return nil
	})
}

// tags sorts out which tags are new, and returns which tag each one is here.
func (a *Adopted) tags(given, known []farm.Tag) map[farm.TagID]farm.TagID {
	same := map[farm.TagID]farm.TagID{}
	for _, tag := range given {
		tag.Name = strings.TrimSpace(tag.Name)
		if i := slices.IndexFunc(known, func(k farm.Tag) bool { return k.ID == tag.ID || k.Name == tag.Name }); i >= 0 {
			same[tag.ID] = known[i].ID
			continue
		}
		if err := checkTagName(tag.Name); err != nil {
			a.Left = append(a.Left, fmt.Sprintf("the tag %q: %v", tag.Name, err))
			continue
		}
		same[tag.ID] = tag.ID
		known = append(known[:len(known):len(known)], tag)
		a.Tags = append(a.Tags, tag)
	}
	return same
}

// worker takes a worker if it is new and can be used.
func (a *Adopted) worker(w farm.Worker, same map[farm.TagID]farm.TagID, known bool) {
	if known || slices.ContainsFunc(a.Workers, func(other farm.Worker) bool { return other.ID == w.ID }) {
		a.Known = append(a.Known, w.Name)
		return
	}
	types, err := taskTypes(w.TaskTypes)
	switch {
	case err != nil:
	case len(w.Name) > maxName || len(w.Platform) > maxName || len(w.Software) > maxName || len(w.Address) > maxName:
		err = farm.Errorf(farm.Invalid, "its name, platform, version or address is longer than %d bytes", maxName)
	case !isForeignHash(w.SecretHash):
		err = farm.Errorf(farm.Invalid, "its secret is kept in a way that is not known, so it registers anew")
	}
	if err != nil {
		a.Left = append(a.Left, fmt.Sprintf("the worker %q: %v", w.Name, err))
		return
	}
	w.TaskTypes = types
	var tags []farm.TagID
	for _, id := range w.Tags {
		if tag, ok := same[id]; ok && !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	w.Tags = tags
	a.Workers = append(a.Workers, w)
}

package farm

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// nobodyHasBlender says that no worker has a Blender for the file.
func (w *Demand) nobodyHasBlender(_, able group) Why {
	reason := fmt.Sprintf("needs Blender %s, and no worker has it or a newer one", w.Need.Version)
	newest := BlenderVersion{}
	on := ""
	for _, c := range able {
		for _, v := range c.Facts.Versions() {
			if v.Compare(newest) > 0 {
				newest, on = v, c.Name
			}
		}
	}
	if on != "" {
		reason += fmt.Sprintf("; the newest is %s on %s", newest, on)
	}
	return Why{Reason: reason, Advice: w.installBlender()}
}

// installBlender is what makes a Blender available.
func (w *Demand) installBlender() string { return installBlender(w.Need.Version) }

func installBlender(v BlenderVersion) string {
	return fmt.Sprintf("install Blender %s on a worker, or put an archive of it into the folder blenders of the manager's home", v)
}

// nobodyLarger says that all workers have too little memory.
func (w *Demand) nobodyLarger(_, able group) Why {
	var most int64
	for _, c := range able {
		if c.Facts != nil {
			most = max(most, c.Facts.Memory)
		}
	}
	return Why{Reason: fmt.Sprintf("it did not fit into the memory of a worker, and no worker that could do it has more than %s", Size(most)),
		Advice: "start a worker with more memory", Actions: []Action{w.Job.requeue("or let them try again with")}}
}

// nobodyHasCard says that no worker can render on a graphics card.
func (w *Demand) nobodyHasCard(_, able group) Why {
	reason := "needs a graphics card that Cycles can use; "
	switch len(able) {
	case 1:
		reason += "worker " + able[0].Name + ", the only one that could do it, has none"
	case 2:
		reason += "neither of the 2 workers has one"
	default:
		reason += fmt.Sprintf("none of the %d workers has one", len(able))
	}
	why := Why{Reason: reason, Advice: findCard}
	for _, c := range able {
		if c.Facts.Untried() {
			why.Details = append(why.Details, "worker "+c.Name+" is still finding out what its Blenders can render with")
		}
	}
	return why
}

// findCard is what makes a graphics card available, or makes do without.
const findCard = "start a worker with one, or submit it again without gpu=require"

// nobodyHasStorage says that the job's files are only where they were submitted.
func (w *Demand) nobodyHasStorage(_, able group) Why {
	reason := "its files were submitted where they are in the shared storage, and no worker that could do it has the storage"
	if len(able) == 1 {
		reason = "its files were submitted where they are in the shared storage, which worker " + able[0].Name + ", the only one that could do it, does not have"
	}
	return Why{Reason: reason, Advice: packIt}
}

// storageFirst says that somebody who has the storage comes first.
func storageFirst(_, _ group) Why {
	return Why{Reason: "it reads many files, so workers with the farm's shared storage come first"}
}

// packIt is what lets workers without the shared storage do a job.
const packIt = "submit it again with --pack, which lets workers without the storage fetch its files, or start a worker that has the storage"

// unsuited says that others have what jobs wait for, or have it nearer.
func (w *WorkerDiagnosis) unsuited() (reasons []Why) {
	if len(w.OtherBlenders) > 0 {
		reasons = append(reasons, w.otherBlenders())
	}
	if w.StorageFirst {
		reasons = append(reasons, Why{Reason: "the tasks that wait read many files, and workers with the farm's shared storage do those first"})
	}
	return reasons
}

// otherBlenders says that jobs wait for Blenders that the worker does not have, or for
// graphics cards.
func (w *WorkerDiagnosis) otherBlenders() Why {
	var versions []string
	version, stored := BlenderVersion{}, false
	for _, n := range w.OtherBlenders {
		if n.Storage && w.Facts.mirrors() {
			stored = true
			continue
		}
		if n.GPU && !w.Facts.GPU() {
			continue
		}
		if text := n.Version.String(); !slices.Contains(versions, text) {
			versions, version = append(versions, text), cmp.Or(version, n.Version)
		}
	}
	if len(versions) == 0 && stored {
		return Why{Reason: "jobs wait for workers with the farm's shared storage, which this one does not have", Advice: packIt}
	}
	if len(versions) == 0 {
		return Why{Reason: "jobs wait for workers with a graphics card that Cycles can use, and Blender finds none here",
			Actions: []Action{w.show("look at what it finds with")}}
	}
	has := "none that it tells of"
	if mine := w.Facts.Versions(); len(mine) > 0 {
		var texts []string
		for _, v := range mine {
			texts = append(texts, v.String())
		}
		has = strings.Join(texts, " and ")
	}
	return Why{Reason: fmt.Sprintf("jobs wait for workers with Blender %s; it has %s", strings.Join(versions, " or "), has),
		Advice: installBlender(version)}
}

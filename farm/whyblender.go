package farm

import (
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
	return Why{Reason: reason, Next: w.installBlender()}
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
		Next: "start a worker with more memory, or let them try again with: farm jobs requeue " + w.Job}
}

// otherBlenders says that jobs wait for Blenders that the worker does not have.
func (w *WorkerDiagnosis) otherBlenders() Why {
	var versions []string
	for _, n := range w.OtherBlenders {
		if text := n.Version.String(); !slices.Contains(versions, text) {
			versions = append(versions, text)
		}
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
		Next: installBlender(w.OtherBlenders[0].Version)}
}

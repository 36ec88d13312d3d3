package worker

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/programs"
)

// A worker knows all Blenders of its computer, and takes the right one for each file.
// It starts each once to learn its version before it signs on, and once more, when it has
// no task, to learn what it can render with: that takes longer than many frames. What it
// learned it keeps on disk for the next start.

const (
	blendersFile = "blenders.json" // in Options.Dir
	lookAgain    = time.Minute     // for Blenders that were installed or removed, here or in the farm
	lookLimit    = 20 * time.Second
	probeAfter   = 30 * time.Second   // of work, so that a worker that was just started answers soon
	probeKept    = 7 * 24 * time.Hour // then drivers may have changed
)

// An installed is a Blender, and how its file looked when it was asked.
type installed struct {
	farm.WorkerBlender
	Modified time.Time `json:"modified"`
	Size     int64     `json:"size"`
	Probed   time.Time `json:"probed,omitzero"` // when its devices were found out; zero if they were not
	Spare    bool      `json:"spare,omitempty"` // another of the same version comes first: it is never used
}

// An inventory is the Blenders that were found. One goroutine looks for them, run; the
// others ask for what it knows.
type inventory struct {
	w     *Worker
	ready chan struct{} // closed when they were looked for once
	wake  chan struct{} // look again

	mu     sync.Mutex // guards what follows, which is replaced, never changed
	known  []installed
	offers []farm.BlenderOffer // of the farm, for this computer

	broken map[string]fileState // executables that do not say which Blender they are; run's goroutine only
}

func newInventory(w *Worker) *inventory {
	return &inventory{w: w, ready: make(chan struct{}), wake: make(chan struct{}, 1), broken: map[string]fileState{}}
}

// run looks for Blenders now and again until ctx is canceled, finds out what they can
// do, and has the manager told what is news.
func (v *inventory) run(ctx context.Context) {
	v.set(v.load())
	v.clean()
	v.look(ctx)
	close(v.ready)
	next := time.NewTimer(probeAfter)
	defer next.Stop()
	for {
		idle := false
		select {
		case <-ctx.Done():
			return
		case <-v.wake:
		case <-next.C:
			idle = true
			v.clean()
		}
		v.ask(ctx)
		v.look(ctx)
		v.w.tellFacts(ctx)
		if idle {
			v.w.lull.use(ctx, v.probe)
			v.w.tellFacts(ctx)
			next.Reset(lookAgain)
		}
	}
}

// again has them looked for now.
func (v *inventory) again() {
	select {
	case v.wake <- struct{}{}:
	default: // it will
	}
}

// list returns what is known, in the order of preference. It waits for the first look,
// unless that hangs.
func (v *inventory) list(ctx context.Context) []installed {
	limit := time.NewTimer(lookLimit)
	defer limit.Stop()
	select {
	case <-v.ready:
	case <-limit.C:
	case <-ctx.Done():
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known
}

func (v *inventory) set(known []installed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known = known
}

// look finds the Blenders of the computer. It starts those that are new, or changed.
func (v *inventory) look(ctx context.Context) {
	was := v.known // which only this goroutine replaces
	var found []installed
	listed := slices.Concat(v.w.options.Blenders, v.fetched())
	for _, path := range programs.Blenders(listed, v.w.options.FindBlenders) {
		now := stateOf(path)
		i := slices.IndexFunc(was, func(b installed) bool {
			return b.Path == path && b.Modified.Equal(now.modified) && b.Size == now.size
		})
		var b installed
		switch {
		case i >= 0:
			b = was[i]
		case v.broken[path] == now:
			continue
		default:
			text, err := v.w.versions.of(ctx, path)
			if ctx.Err() != nil {
				return
			}
			if _, ok := farm.ParseBlenderVersion(text); err != nil || !ok {
				v.broken[path] = now
				v.w.log.Debug("a program is not used as Blender", "path", path, "error", err)
				continue
			}
			b = installed{WorkerBlender: farm.WorkerBlender{Version: text, Path: path}, Modified: now.modified, Size: now.size}
			v.w.log.Info("Blender found", "version", text, "path", path)
		}
		b.Spare = slices.ContainsFunc(found, func(o installed) bool { return o.Version == b.Version })
		found = append(found, b)
	}
	v.set(found)
	if !slices.EqualFunc(was, found, func(a, b installed) bool {
		return a.Path == b.Path && a.Spare == b.Spare && a.Size == b.Size && a.Modified.Equal(b.Modified)
	}) {
		v.save()
	}
}

// probe finds out what each Blender can render with, one after the other, until ctx is
// canceled. The one at which that happened is asked again the next time.
func (v *inventory) probe(ctx context.Context) {
	for i, b := range v.known {
		if b.Spare || !b.Probed.IsZero() && time.Since(b.Probed) < probeKept {
			continue
		}
		devices, eevee := v.w.probeBlender(ctx, b.Path)
		if ctx.Err() != nil {
			return
		}
		known := slices.Clone(v.known)
		known[i].Devices, known[i].EEVEE, known[i].Probed = devices, &eevee, time.Now()
		v.set(known)
		v.save()
	}
}

// load reads what was known at the last start. What cannot be read is found out anew.
func (v *inventory) load() (known []installed) {
	raw, err := os.ReadFile(filepath.Join(v.w.options.Dir, blendersFile))
	if err == nil {
		err = json.Unmarshal(raw, &known)
	}
	if err != nil {
		return nil
	}
	return known
}

// save keeps what is known. It can be found out again, so no error matters.
func (v *inventory) save() {
	raw, err := json.MarshalIndent(v.known, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(v.w.options.Dir, blendersFile), raw, 0o600)
	}
	if err != nil {
		v.w.log.Debug("what is known of the Blenders here cannot be kept", "error", err)
	}
}

// bestBlender returns which of the Blenders a file of the version is for: one of that
// version, the present one if it is; else the oldest that is newer, which is nearest to
// it. Of Blenders that are alike the first is taken. ok is false if all are older.
func bestBlender(of farm.BlenderVersion, present string, all []installed) (path string, ok bool) {
	var best farm.BlenderVersion
	for _, b := range all {
		is, _ := farm.ParseBlenderVersion(b.Version)
		if is.Compare(of) < 0 {
			continue
		}
		if nearer := is.Compare(best); !ok || nearer < 0 || nearer == 0 && b.Path == present {
			path, best, ok = b.Path, is, true
		}
	}
	return path, ok
}

// otherBlenders reports whether a task can be given another Blender than it calls for.
func (w *Worker) otherBlenders(ctx context.Context) bool {
	return w.inventory != nil && len(w.inventory.list(ctx)) > 0
}

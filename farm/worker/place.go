package worker

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// What a worker is told of the farm's shared storage.
const (
	StorageAuto   = "auto"   // look whether it is on this computer, and have a mirror if not
	StorageShared = "shared" // it is on this computer, or has to be mounted
	StorageMirror = "mirror" // fetch and send files, wherever it is
)

// CheckStorage says what is wrong with Options.Storage.
func CheckStorage(rule string) error {
	switch rule {
	case "", StorageAuto, StorageShared, StorageMirror:
		return nil
	}
	return farm.Errorf(farm.Invalid, "storage is %q: choose auto, shared or mirror", rule)
}

// A storagePlace is where the farm's shared storage is for this worker.
type storagePlace struct {
	storage string // what the manager calls it for this platform; "" while that is not known
	here    string // its path on this computer; "" for a mirror
	mirror  bool
}

// moved reports whether paths of tasks have to be translated.
func (p storagePlace) moved() bool {
	return p.storage != "" && (p.mirror || filepath.Clean(filepath.FromSlash(p.storage)) != p.here)
}

// findStorage finds out where the storage is. It is the farm's if the file in it says so
// that the manager made there.
func (w *Worker) findStorage(ctx context.Context, needs api.WorkerNeeds) storagePlace {
	p := storagePlace{storage: needs.Storage, here: filepath.Clean(filepath.FromSlash(needs.Storage))}
	if needs.Foreign || needs.Storage == "" {
		return storagePlace{}
	}
	switch rule := w.options.Storage; {
	case rule == StorageMirror && needs.Mirror:
		return storagePlace{storage: needs.Storage, mirror: true}
	case rule != StorageAuto || needs.StorageID == "":
		return p
	}
	here, err := unlessCanceled(ctx, func() (string, error) { return findMarked(p.here, needs.StorageID), nil })
	switch {
	case err != nil:
		return p
	case here != "":
		p.here = here
	case needs.Mirror:
		return storagePlace{storage: needs.Storage, mirror: true}
	}
	return p
}

// findMarked returns the folder with the storage whose mark this is: where it should
// be, or else, by the last names of its path, on another mount; "" if it is nowhere.
func findMarked(path, mark string) string {
	if isMarked(path, mark) {
		return path
	}
	names := strings.FieldsFunc(filepath.ToSlash(path), func(r rune) bool { return r == '/' || r == ':' })
	for _, mount := range mountPoints() {
		for i := range len(names) + 1 {
			if dir := filepath.Join(append([]string{mount}, names[i:]...)...); isMarked(dir, mark) {
				return dir
			}
		}
	}
	return ""
}

func isMarked(dir, mark string) bool {
	text, err := os.ReadFile(filepath.Join(dir, api.StorageMark))
	return err == nil && strings.TrimSpace(string(text)) == mark
}

// place returns where the storage is, as far as it is known.
func (w *Worker) place() storagePlace {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.storage
}

// placeNow looks for the storage anew. The manager is told if it is another place now.
func (w *Worker) placeNow(ctx context.Context, needs api.WorkerNeeds) storagePlace {
	before := w.place()
	p := w.findStorage(ctx, needs)
	if p != before && ctx.Err() == nil {
		w.setPlace(p)
		w.tellFacts(ctx)
	}
	return p
}

// setPlace notes where the storage is, and says so when that changes.
func (w *Worker) setPlace(p storagePlace) {
	w.mu.Lock()
	before := w.storage
	w.storage = p
	w.mu.Unlock()
	switch {
	case p == before:
	case p.mirror:
		w.log.Info("the farm's shared storage is not on this computer: files are fetched from the manager and sent to it", "storage", p.storage, "mirror", w.mirror.dir)
	case p.moved():
		w.log.Info("the farm's shared storage is on this computer under another path", "storage", p.storage, "path", p.here)
	}
}

// translate returns commands with the paths of the storage as they are at root, as a
// two-way variable does it.
func (p storagePlace) translate(commands []farm.Command, root string) []farm.Command {
	const name = "\x00" // nobody can mean it
	variables := farm.Variables{name: {IsTwoWay: true, Values: []farm.VariableValue{
		{Platform: "manager", Value: p.storage}, {Platform: platform, Value: root}}}}
	e := farm.NewExpander(variables, farm.AudienceWorkers, platform, "manager", "")
	moved := make([]farm.Command, len(commands))
	for i, c := range commands {
		moved[i] = e.Command(c)
	}
	return moved
}

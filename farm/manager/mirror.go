package manager

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"path"
	"path/filepath"

	"renderfarm/farm"
	"renderfarm/store/blobs"
	"renderfarm/store/share"
)

// A worker without the shared storage has a mirror of it: it fetches what its tasks
// read there, and sends what they save. Which files these are is told by the commands
// of the task that it holds (farm.StorageUses); nobody gets or sends another file.

// maxMirrorFiles bounds the files that one task reads.
const maxMirrorFiles = 200_000

// mirrorTask is a task with what it does in the storage.
type mirrorTask struct {
	farm.Task
	uses     []farm.StorageUse
	keep     string // see farm.KeptAs
	checkout string // the folder of the job's own files below the storage; "" for none
	c        *configured
}

// mirrored returns a task that the worker holds, or whose second run it does: that one
// may not save yet.
func (m *Manager) mirrored(id farm.WorkerID, task farm.TaskID, saves bool) (t mirrorTask, err error) {
	t.c = m.config.Load()
	if !t.c.Mirrors {
		return t, farm.Errorf(farm.PreconditionFailed, "this farm has no mirrors of its shared storage (mirrors in its farm.yaml): mount the storage on the worker's computer")
	}
	if t.Task, err = m.heldTask(id, task, saves); err != nil {
		return t, err
	}
	a := AssignedTask{ID: task, redo: t.Redo}
	if err := m.fillIn(&a, recipient{platform: m.goos}); err != nil {
		return t, err
	}
	_, detail, err := m.Job(t.Job)
	if err != nil {
		return t, err
	}
	t.checkout, t.keep = checkoutBelow(t.c, detail), farm.KeptAs(a.Commands)
	var needs string
	if t.uses, needs = farm.StorageUses(a.Commands, filepath.ToSlash(t.c.shared), t.checkout); needs != "" {
		return t, m.leaveToStorage(id, task, needs)
	}
	return t, nil
}

// leaveToStorage refuses a task to a worker with a mirror. A job of which that was not
// known (an earlier version took it in, or the first task of the type is another one) is
// for workers with the storage from now on, and the task goes back to the queue: it did
// nothing wrong, and nor did the worker.
func (m *Manager) leaveToStorage(id farm.WorkerID, task farm.TaskID, needs string) error {
	refused := farm.Errorf(farm.PreconditionFailed, "this task is for workers with the farm's shared storage only: %s", needs)
	err := m.update(func(u *unit) error {
		t, err := u.Task(task)
		if err != nil || t.Type() == farm.TypeMisc || t.Job.Blender.Storage || t.Status() != farm.TaskActive || t.State().Worker != id {
			return err
		}
		t.Job.Blender.Storage = true
		u.touch(t.Job)
		u.returnTask(t, "it is for workers with the farm's shared storage only: "+needs)
		refused = farm.Errorf(farm.Conflict, "task %s goes to a worker with the farm's shared storage: stop working on it", task)
		return nil
	})
	return cmp.Or(err, refused)
}

// needsStorage reports whether a job is for workers with the shared storage only, which
// the first task of each type tells.
func (m *Manager) needsStorage(plan *farm.Plan) bool {
	c := m.config.Load()
	checkout := checkoutBelow(c, farm.JobDetail{ShamanCheckout: plan.ShamanCheckout, Metadata: plan.Metadata})
	seen := map[string]bool{}
	for i := range plan.Tasks {
		t := &plan.Tasks[i]
		if seen[t.Type] || t.Type == farm.TypeMisc {
			continue
		}
		seen[t.Type] = true
		commands := make([]farm.Command, len(t.Commands))
		for i := range t.Commands {
			commands[i] = c.expander(m.goos).Command(t.Commands[i].Decoded())
		}
		if _, needs := farm.StorageUses(commands, filepath.ToSlash(c.shared), checkout); needs != "" {
			return true
		}
	}
	return false
}

// heldTask returns a task if it is the worker's now.
func (m *Manager) heldTask(id farm.WorkerID, task farm.TaskID, saves bool) (farm.Task, error) {
	t, _, err := m.Task(task)
	if err != nil {
		return t, err
	}
	if t.Worker == id && t.Status == farm.TaskActive {
		m.heartbeats.note(task)
		return t, nil
	}
	if r := m.seconds.by(id); !saves && r != nil && r.task == task {
		return t, nil
	}
	return t, farm.Errorf(farm.Conflict, "task %s is not assigned to this worker, so its files are not for it: stop working on it", task)
}

// checkoutBelow returns the folder of a job's own files below the storage, "" for none.
func checkoutBelow(c *configured, detail farm.JobDetail) string {
	if copies := copiesOf(detail.Metadata); copies != "" {
		return copies[1:]
	}
	checkout := path.Clean("/" + detail.ShamanCheckout)
	if checkout == "/" || c.storage == c.shared {
		return ""
	}
	return "jobs" + checkout
}

// MirrorFiles returns the files that a task reads in the shared storage.
//
// NotFound, Conflict: no such task, or not the worker's. PreconditionFailed: it cannot
// be done without the storage. TooLarge: there are too many files.
func (m *Manager) MirrorFiles(ctx context.Context, id farm.WorkerID, task farm.TaskID) (files []farm.MirrorFile, err error) {
	t, err := m.mirrored(id, task, false)
	if err != nil {
		return nil, err
	}
	var known map[string]blobs.Key
	if rest, ok := cutFolder(t.checkout, "jobs"); ok {
		if known, err = t.c.blobs.Contents(rest); err != nil {
			m.log.Debug("the manifest of a checkout cannot be read, so its files are hashed", "checkout", rest, "error", err)
		}
	}
	sum := func(file string) string {
		rest, _ := cutFolder(file, "jobs")
		return known[rest].SHA
	}
	told := map[string]bool{}
	for _, u := range t.uses {
		l := share.Listing{Path: u.Path, Sum: sum, Most: maxMirrorFiles - len(files), Below: u.Kind == farm.UseFile,
			Wanted: func(file string) bool { return farm.MayRead([]farm.StorageUse{u}, t.checkout, file) }}
		switch {
		case u.Kind == farm.UseSaves:
			continue
		case u.Kind == farm.UseFile && t.checkout != "" && farm.Inside(t.checkout, u.Path):
			l.Path = t.checkout
		}
		if told[l.Path] && l.Below {
			continue
		}
		told[l.Path] = true
		err := t.c.share.Walk(ctx, l, func(f farm.MirrorFile) {
			if !told[f.Path+"\x00"] {
				told[f.Path+"\x00"] = true
				f.Optional = u.Kind == farm.UseFrames
				files = append(files, f)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// cutFolder returns the path below a folder.
func cutFolder(file, folder string) (string, bool) {
	if !farm.Inside(folder, file) || file == folder {
		return "", false
	}
	return file[len(folder)+1:], true
}

// MirrorOpened is a file of the storage to be sent. The caller closes it.
type MirrorOpened = share.Opened

// OpenMirrorFile opens a file that a task reads.
//
// NotFound, Conflict: see MirrorFiles, also for a file that is not there. Forbidden: it
// is none of the task's files.
func (m *Manager) OpenMirrorFile(ctx context.Context, id farm.WorkerID, task farm.TaskID, file string) (MirrorOpened, error) {
	t, err := m.mirrored(id, task, false)
	if err != nil {
		return MirrorOpened{}, err
	}
	if !fs.ValidPath(file) || !farm.MayRead(t.uses, t.checkout, file) {
		return MirrorOpened{}, farm.Errorf(farm.Forbidden, "%.200q is no file that task %s reads in the farm's shared storage", file, task)
	}
	return t.c.share.Open(ctx, file)
}

// A MirrorUpload is a file that a task saved, or the rest of one.
type MirrorUpload struct {
	Key    FileKey
	Path   string      // below the storage
	Offset int64       // where in the file Body begins
	Mode   fs.FileMode // permissions; 0: the manager's usual ones
	Body   io.Reader
}

// MirrorOffsetError is what SaveMirrorFile returns for an upload that wants to go on
// where the file is not.
type MirrorOffsetError = share.OffsetError

// MirrorOffset returns how many bytes of a file the manager has; whole says that it has
// its place already.
func (m *Manager) MirrorOffset(id farm.WorkerID, task farm.TaskID, u MirrorUpload) (have int64, whole bool, err error) {
	t, up, err := m.mayUpload(id, task, u)
	if err != nil {
		return 0, false, err
	}
	return t.c.share.Have(up)
}

// SaveMirrorFile puts a file that a task saved into its place in the shared storage, if
// the task is still the worker's when all of it is there. See share.Receive.
//
// Forbidden: a path at which the task saves nothing. TooLarge: larger than mirror_max_file.
func (m *Manager) SaveMirrorFile(ctx context.Context, id farm.WorkerID, task farm.TaskID, u MirrorUpload) error {
	t, up, err := m.mayUpload(id, task, u)
	if err != nil {
		return err
	}
	up.May = func() error {
		_, err := m.heldTask(id, task, true)
		return err
	}
	return t.c.share.Receive(ctx, up)
}

func (m *Manager) mayUpload(id farm.WorkerID, task farm.TaskID, u MirrorUpload) (t mirrorTask, up share.Upload, err error) {
	if t, err = m.mirrored(id, task, true); err != nil {
		return t, up, err
	}
	clean, err := blobs.CheckFiles([]blobs.File{{Key: u.Key, Path: u.Path}})
	if err != nil {
		return t, up, err
	}
	file := clean[0].Path
	if file != u.Path || !farm.MaySave(t.uses, t.checkout, file) {
		return t, up, farm.Errorf(farm.Forbidden, "task %s saves nothing at %.200q in the farm's shared storage, so it is not taken", task, u.Path)
	}
	if most := t.c.MirrorMaxFile; most > 0 && u.Key.Size > int64(most) {
		return t, up, farm.Errorf(farm.TooLarge, "%s has %s, and a worker with a mirror may send at most %s (mirror_max_file in farm.yaml)", file, farm.Size(u.Key.Size), most)
	}
	if rest, ok := cutFolder(file, t.checkout); ok && t.checkout != "" {
		if in, _ := cutFolder(t.checkout, "jobs"); in != "" {
			if files, err := t.c.blobs.Contents(in); err != nil || files[path.Join(in, rest)].SHA != "" {
				return t, up, farm.Errorf(farm.Forbidden, "%.200q is a file that the job was submitted with, and stays as it is", file)
			}
		}
	}
	return t, share.Upload{Path: file, SHA256: u.Key.SHA, Size: u.Key.Size, Offset: u.Offset, Mode: u.Mode & 0o777, Keep: t.keep, Body: u.Body}, nil
}

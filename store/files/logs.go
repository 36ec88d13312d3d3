package files

import (
	"bytes"
	"container/list"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"unicode/utf8"

	"renderfarm/farm"
)

// TailSize is how much of the end of a log Tail returns at most, in bytes.
const TailSize = 2048

// Bounds on what is kept open. A task appends a handful of times in quick
// succession, and opening costs more than writing; a file is opened in its
// job's folder, because each folder on the way costs another call.
const (
	maxOpen = 512 // log files between appends
	maxDirs = 64  // folders of jobs
)

// logs appends to task logs, keeping the recently used ones open.
type logs struct {
	root  *os.Root
	spare spare

	mu   sync.Mutex // guards the maps and the list; never held during I/O on a log
	open map[farm.TaskID]*list.Element
	used list.List // of *logFile, most recently used first
	dirs map[farm.JobID]*os.Root
}

// logFile is one open log. Its mutex orders appends, closing and rotating,
// and is taken before logs.mu, never after it. A log leaves the map after it was
// closed, under its mutex: nobody can have the same file open through another.
type logFile struct {
	job  farm.JobID
	task farm.TaskID

	mu     sync.Mutex // guards what follows
	file   *os.File   // nil until first used, and again once closed
	torn   bool       // its last line has no end: a crash, or a full disk
	size   int64      // bytes
	closed bool       // leaves the map: whoever still waits for mu must look it up again
}

func (l *logs) init(root *os.Root) {
	l.root, l.spare.dir = root, root.Name()
	l.open = map[farm.TaskID]*list.Element{}
	l.dirs = map[farm.JobID]*os.Root{}
}

// LogPath returns the path of a task's log, relative and with forward slashes.
func LogPath(job farm.JobID, task farm.TaskID) string {
	return Dir(job) + "/" + logName(task)
}

func logName(task farm.TaskID) string { return "task-" + string(task) + ".txt" }

// AppendLog appends text to the log of a task, ending it with a newline if it
// has none. After an error nothing of the text is in the log, so that it can be
// appended again; where even that fails, it is on lines of its own.
func (f *Files) AppendLog(job farm.JobID, task farm.TaskID, text string) error {
	if text == "" {
		return nil
	}
	if text[len(text)-1] != '\n' {
		text += "\n"
	}
	for {
		lf := f.logs.use(job, task)
		retry, err := lf.append(&f.logs, text)
		if retry {
			continue
		}
		if err != nil {
			return fmt.Errorf("append to the log of task %s: %w", task, err)
		}
		return nil
	}
}

// append writes text, or asks its caller to look the log up again because it
// was closed in between.
func (lf *logFile) append(l *logs, text string) (retry bool, err error) {
	lf.mu.Lock()
	defer lf.mu.Unlock()
	if lf.closed {
		return true, nil
	}
	if err := l.spare.check(); err != nil {
		return false, err
	}
	if err := lf.ready(l); err != nil {
		return false, err
	}
	if lf.size > maxLog { // before it gets more: if that fails, nothing was appended
		if err := errors.Join(lf.shorten(l), lf.ready(l)); err != nil {
			return false, err
		}
	}
	if lf.torn {
		text = "\n" + text
	}
	n, err := lf.file.WriteString(text)
	if err != nil {
		return false, lf.drop(errors.Join(err, takeOff(lf.file, n)))
	}
	lf.torn = false
	lf.size += int64(n)
	return false, nil
}

// ready opens the log if it is not open.
func (lf *logFile) ready(l *logs) (err error) {
	if lf.file != nil {
		return nil
	}
	if lf.file, err = l.openFile(lf.job, lf.task); err != nil {
		return err
	}
	if lf.size, lf.torn, err = endOf(lf.file); err != nil {
		return lf.drop(err)
	}
	return nil
}

// drop closes a file that could not be used, so that the next append looks at it anew.
func (lf *logFile) drop(why error) error {
	lf.file.Close()
	lf.file = nil
	return why
}

// takeOff shortens a file by the last n bytes, a write that was cut short.
func takeOff(file *os.File, n int) error {
	if n == 0 {
		return nil
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return file.Truncate(info.Size() - int64(n))
}

// endOf returns the size of a log, and whether its last line has no end.
func endOf(file *os.File) (size int64, torn bool, err error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return 0, false, err
	}
	var last [1]byte
	_, err = file.ReadAt(last[:], info.Size()-1)
	return info.Size(), last[0] != '\n', err
}

// openFile opens a log, in a folder that is made if it is not there: a new job
// has none, and somebody may have cleaned up.
func (l *logs) openFile(job farm.JobID, task farm.TaskID) (*os.File, error) {
	for first := true; ; first = false {
		dir, err := l.dir(job)
		if err != nil {
			return nil, err
		}
		file, err := dir.OpenFile(logName(task), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
		// Another goroutine may close the folder as often as it likes, to open
		// others; one that was removed behind our back is made again once.
		if err == nil || !first && !errors.Is(err, fs.ErrClosed) {
			return file, err
		}
		l.closeDir(job, dir)
	}
}

// dir returns the folder of a job, opened.
func (l *logs) dir(job farm.JobID) (*os.Root, error) {
	l.mu.Lock()
	dir := l.dirs[job]
	l.mu.Unlock()
	if dir != nil {
		return dir, nil
	}
	path := filepath.FromSlash(Dir(job))
	if err := l.root.MkdirAll(path, 0o755); err != nil {
		return nil, err
	}
	dir, err := l.root.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if other := l.dirs[job]; other != nil {
		dir.Close() // another goroutine was quicker
		return other, nil
	}
	for old, root := range l.dirs {
		if len(l.dirs) < maxDirs {
			break
		}
		delete(l.dirs, old)
		root.Close() // who is about to use it opens it again
	}
	l.dirs[job] = dir
	return dir, nil
}

// closeDir closes the folder of a job, if it is still the given one; nil is any.
func (l *logs) closeDir(job farm.JobID, dir *os.Root) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.dirs[job]; now != nil && (dir == nil || dir == now) {
		delete(l.dirs, job)
		now.Close() // only forgets the folder; there is nothing to lose
	}
}

// use returns the log of a task as the most recently used one, closing the
// least recently used one if too many are open.
func (l *logs) use(job farm.JobID, task farm.TaskID) *logFile {
	l.mu.Lock()
	e, ok := l.open[task]
	if ok {
		l.used.MoveToFront(e)
		l.mu.Unlock()
		return e.Value.(*logFile)
	}
	lf := &logFile{job: job, task: task}
	l.open[task] = l.used.PushFront(lf)
	for l.used.Len() > maxOpen {
		oldest := l.used.Back().Value.(*logFile)
		l.mu.Unlock()
		oldest.close(l, nothing)
		l.mu.Lock()
	}
	l.mu.Unlock()
	return lf
}

// close closes the log, calls then while nobody can open it again, and takes it
// out of the map. It returns false, and does nothing, if somebody else closed it.
func (lf *logFile) close(l *logs, then func()) bool {
	lf.mu.Lock()
	defer lf.mu.Unlock()
	if lf.closed {
		return false
	}
	lf.closed = true
	if lf.file != nil {
		lf.file.Close() // written through O_APPEND, nothing is buffered here
		lf.file = nil
	}
	then()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used.Remove(l.open[lf.task])
	delete(l.open, lf.task)
	return true
}

// nothing is what most who close a log do with it.
func nothing() {}

// CloseLog closes the log of a task that will not be appended to for a while.
func (f *Files) CloseLog(task farm.TaskID) {
	f.logs.mu.Lock()
	e, ok := f.logs.open[task]
	f.logs.mu.Unlock()
	if ok {
		e.Value.(*logFile).close(&f.logs, nothing)
	}
}

func (l *logs) closeJob(job farm.JobID) {
	l.closeWhere(func(lf *logFile) bool { return lf.job == job })
	l.closeDir(job, nil)
}

func (l *logs) closeAll() {
	l.closeWhere(func(*logFile) bool { return true })
	for job := range l.dirs { // nobody else uses the logs any more
		l.closeDir(job, nil)
	}
}

func (l *logs) closeWhere(which func(*logFile) bool) {
	l.mu.Lock()
	var found []*logFile
	for e := l.used.Front(); e != nil; e = e.Next() {
		if lf := e.Value.(*logFile); which(lf) {
			found = append(found, lf)
		}
	}
	l.mu.Unlock()
	for _, lf := range found {
		lf.close(l, nothing)
	}
}

// RotateLog renames the log of a task's run to ".1" before the task runs again;
// the one before that is removed. What is appended meanwhile goes to
// either log, and what is appended afterwards to the new one.
func (f *Files) RotateLog(job farm.JobID, task farm.TaskID) error {
	path := filepath.FromSlash(LogPath(job, task))
	var err error
	aside := func() { err = f.root.Rename(path, path+".1") }
	for !f.logs.use(job, task).close(&f.logs, aside) {
		// Closed by somebody else in between: it may be open again.
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// LogSize returns the size of a task's log in bytes, and whether there is one. An error
// says that it cannot be known at present.
func (f *Files) LogSize(job farm.JobID, task farm.TaskID) (size int64, ok bool, err error) {
	info, err := f.root.Stat(filepath.FromSlash(LogPath(job, task)))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	}
	return info.Size(), true, nil
}

// Tail returns at most the last TailSize bytes of a task's log, beginning with
// a whole line, and whether there is a log. An error says that it cannot be read at present.
func (f *Files) Tail(job farm.JobID, task farm.TaskID) (text string, ok bool, err error) {
	tail, from, err := f.end(job, task, TailSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", false, nil
	case err != nil:
		return "", false, err
	}
	if from > 0 {
		// A last line longer than the window is better cut than left out.
		if nl := bytes.IndexByte(tail, '\n'); nl >= 0 && nl < len(tail)-1 {
			tail = tail[nl+1:]
		}
		for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
			tail = tail[1:] // the rest of a character
		}
	}
	return string(tail), true, nil
}

// End returns at most so many of the last bytes of a task's log; nothing if there
// is no log that can be read.
func (f *Files) End(job farm.JobID, task farm.TaskID, most int64) []byte {
	end, _, _ := f.end(job, task, most)
	return end
}

// end returns the last bytes of a log, and where in it they begin.
func (f *Files) end(job farm.JobID, task farm.TaskID, most int64) (end []byte, from int64, err error) {
	file, err := f.root.Open(filepath.FromSlash(LogPath(job, task)))
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	from = max(0, info.Size()-most)
	end = make([]byte, info.Size()-from)
	n, err := file.ReadAt(end, from)
	if err != nil && err != io.EOF {
		return nil, 0, err
	}
	return end[:n], from, nil
}

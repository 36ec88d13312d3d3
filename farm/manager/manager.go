// Package manager is every use case of the manager: what a worker, a user or
// the clock can ask of the farm is a method here. A method checks what it is
// given, applies the rules of package farm inside one transaction of the store,
// and returns when the change is on the disk.
//
// Every change goes through update (unit.go), and every change of a task through
// change (change.go). Events are published after the commit, in commit order;
// effects outside the store (log lines, files) follow it, may be repeated, and
// nothing depends on them.
package manager

import (
	"context"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/diagnosis"
	"renderfarm/farm/events"
	"renderfarm/store"
	"renderfarm/store/files"
)

// JobTypes lists the job types and plans jobs with them. Errors of scripts are
// farm.Invalid with a message for their author.
type JobTypes interface {
	Types(ctx context.Context) ([]farm.JobType, error)
	Type(ctx context.Context, name string) (farm.JobType, error)
	Broken(ctx context.Context) []farm.BrokenType
	Source(name string) (file, source string, err error) // file is "" for a script that comes with the program
	Plan(ctx context.Context, sub farm.Submission) (*farm.Plan, error)
}

// Options configures New. All fields are required unless they say otherwise.
type Options struct {
	Store      *store.Store
	Types      JobTypes
	Files      *files.Files
	Events     *events.Log
	Config     farm.Config
	SaveConfig func(now, next farm.Config) error // writes to farm.yaml what is different
	// LoadConfig reads farm.yaml again, and what goes before it. From says of each key
	// where its value comes from. It may be nil.
	LoadConfig func() (c farm.Config, from map[string]string, err error)
	ConfigPath string // of farm.yaml; it need not exist
	Home       string // absolute; holds the shared storage until one is configured
	Version    string
	Commit     string // of the source; may be empty
	Log        *slog.Logger
	Platform   string // GOOS; "" means this machine's

	// BlenderVersion says which Blender saved a file; nil: nobody knows. It fails for
	// what is no such file, and returns when ctx ends.
	BlenderVersion func(ctx context.Context, file string) (farm.BlenderVersion, error)

	// Changed says when a file was changed last; nil: nobody knows. It fails for what is
	// no file, and returns when ctx ends.
	Changed func(ctx context.Context, file string) (time.Time, error)

	// Examine looks for what is wrong with the manager's computer; nil: nobody does.
	Examine func(context.Context) []farm.Finding
}

// Manager keeps the jobs and hands out tasks. Its methods may be called from
// any goroutine.
type Manager struct {
	store   *store.Store
	types   JobTypes
	files   *files.Files
	events  *events.Log
	log     *slog.Logger
	home    string
	version string
	commit  string
	goos    string
	id      farm.UUID

	blenderVersion func(ctx context.Context, file string) (farm.BlenderVersion, error)
	changed        func(ctx context.Context, file string) (time.Time, error)

	config     atomic.Pointer[configured]
	saveMu     sync.Mutex // one change of the configuration at a time; taken before nothing else
	saveConfig func(now, next farm.Config) error
	loadConfig func() (farm.Config, map[string]string, error)
	configPath string
	started    farm.Config // what is in effect of keys that need a restart; guarded by saveMu

	offers     offers
	stopping   context.Context // ends with Close
	wakeups    wakeups
	roster     roster
	foreign    foreignSecrets
	idle       idlers
	tally      tally
	runs       runs
	looks      looks
	bulky      turn
	heartbeats heartbeats
	slow       slowTasks
	frameRate  frameRate
	frameDays  frameDays
	loads      loadsTold
	seconds    secondRuns
	shares     shares
	tried      tried
	sweeper    *sweeper
	backups    backups
	verifying  chan struct{} // holds a token when the period of checks may have changed
	blocks     blocks
	retries    retries
	errors     diagnosis.File
	diagnosing chan struct{} // holds a token for each log that is being looked through
	zones      zones
	previews   chan preview
	passes     passes
	deletes    chan struct{} // holds a token while jobs may wait for deletion
	checkouts  checkouts
	commentsMu sync.Mutex // one change of comments at a time; the store's is taken while it is held
	namesakes  namesakes
	schedules  chan struct{} // holds a token while schedules may be due
	notices    chan struct{} // holds a token while notices may be stored
	findings   atomic.Pointer[Findings]
	rollout    rollout
	stop       context.CancelFunc
	done       sync.WaitGroup
}

// New returns a running manager; Close ends it.
func New(o Options) (*Manager, error) {
	m := &Manager{
		store: o.Store, types: o.Types, files: o.Files, events: o.Events, log: o.Log,
		home: o.Home, version: o.Version, commit: o.Commit, goos: o.Platform, saveConfig: o.SaveConfig, loadConfig: o.LoadConfig, configPath: o.ConfigPath, started: o.Config, blenderVersion: o.BlenderVersion, changed: o.Changed,
		previews:   make(chan preview, previewQueue),
		deletes:    make(chan struct{}, 1),
		diagnosing: make(chan struct{}, runtime.GOMAXPROCS(0)),
		passes:     passes{wake: make(chan struct{}, 1)},
		schedules:  make(chan struct{}, 1),
		notices:    make(chan struct{}, 1),
		bulky:      make(turn, 1),
		sweeper:    newSweeper(),
		tally:      tally{jobs: map[farm.JobStatus]int{}, workers: map[farm.WorkerStatus]int{}},
	}
	m.errors.Path = filepath.Join(o.Home, diagnosis.FileName)
	m.errors.Mistake = func(err error) {
		m.log.Warn("a rule about failures is not used; \"farm config errors\" checks the file", "error", err)
	}
	m.checkouts.init()
	m.backups.wake, m.verifying = make(chan struct{}, 1), make(chan struct{}, 1)
	if m.goos == "" {
		m.goos = runtime.GOOS
	}
	if err := o.Config.Check(); err != nil {
		return nil, err
	}
	m.configure(o.Config)
	if err := m.makeStorage(); err != nil {
		return nil, err
	}
	if err := m.load(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	m.stop, m.stopping = stop, ctx
	m.done.Go(func() { m.makePreviews(ctx) })
	m.done.Go(func() { m.deleteJobs(ctx) })
	m.done.Go(func() { m.runPasses(ctx) })
	m.done.Go(func() { m.saveSeenTimes(ctx) })
	m.done.Go(func() { m.saveFrameDays(ctx) })
	m.done.Go(func() { m.runSchedules(ctx) })
	m.done.Go(func() { m.collectFiles(ctx) })
	m.done.Go(func() { m.keepBackups(ctx) })
	m.done.Go(func() { m.verifyDatabase(ctx) })
	m.done.Go(func() { m.sweep(ctx) })
	if o.Examine != nil {
		m.done.Go(func() { m.examine(ctx, o.Examine) })
	}
	return m, nil
}

// load reads what the manager keeps in memory: who the workers are, and how
// many jobs and workers are in each status.
func (m *Manager) load() error {
	err := m.store.View(func(v *store.View) error {
		m.id = v.ID()
		workers, err := v.Workers()
		if err != nil {
			return err
		}
		for _, w := range workers {
			m.roster.put(w)
			m.tally.worker(w, farm.WorkerUnknown, true)
		}
		if len(v.JobsDeleting()) > 0 {
			m.deletes <- struct{}{}
		}
		m.blocks.all, err = v.Blocks()
		return err
	})
	if err != nil {
		return err
	}
	if err := m.watchActive(); err != nil {
		return err
	}
	m.loadFrameDays()
	return m.allJobs(func(jobs []farm.Job) error {
		for _, j := range jobs {
			m.tally.count([]statusChange{{now: j.Status(), isNew: true}}, j.Counts)
			if time.Since(j.Created) < restart {
				m.namesakes.number(j.Name, j.Created)
			}
			if !j.RetryAt.IsZero() {
				m.retries.add(j.ID, j.RetryAt)
			}
			if j.Pass.InProgress() && j.Deleting.IsZero() {
				m.passes.add(j.ID)
			}
		}
		return nil
	})
}

// watchActive watches the tasks that were active before the start. Their time-outs,
// and those of the workers, start again.
func (m *Manager) watchActive() error {
	return m.store.Update(func(tx *store.Tx) error {
		for w := range tx.Workers() {
			for _, t := range tx.Active(w) {
				m.heartbeats.watch([]farm.TaskID{t.ID()}, nil)
				m.slow.watch([]runningTask{asRunning(t)}, nil, nil)
			}
		}
		return nil
	})
}

// Close ends the background work. Every answered change is on the disk already.
func (m *Manager) Close() {
	m.stop()
	m.done.Wait()
	m.config.Load().blobs.Close()
}

// Storage returns where jobs' files and frames go: the shared storage, or the
// folder jobs in it if the file store is in use.
func (m *Manager) Storage() string { return m.config.Load().storage }

// seenEvery is how often the times at which workers were last seen are saved. If
// they are lost in a crash, time-outs start again.
const seenEvery = 30 * time.Second

// saveSeenTimes saves regularly when workers were last seen. It also notices when
// the clock was set, which timers do not.
func (m *Manager) saveSeenTimes(ctx context.Context) {
	tick := time.NewTicker(seenEvery)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := time.Now()
			if clockJumped(now.Round(0).Sub(last.Round(0)), now.Sub(last)) {
				m.wakeSchedules()
			}
			last = now
			if err := m.saveSeen(); err != nil {
				m.log.Error("cannot save when workers were last seen", "error", err)
			}
		}
	}
}

func (m *Manager) saveSeen() error {
	seen := m.roster.seenSince()
	if len(seen) == 0 {
		return nil
	}
	return m.update(func(u *unit) error {
		for id, at := range seen {
			if w, err := u.Worker(id); err == nil && at.After(w.LastSeen) {
				w.LastSeen = at
				u.SaveWorker(w)
			}
		}
		return nil
	})
}

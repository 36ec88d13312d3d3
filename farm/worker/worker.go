// Package worker takes tasks from a manager, runs their commands in process
// groups, and reports what became of them.
//
// A worker is always in one state, a function that returns the next one:
//
//	signOn ──▶ awake ──▶ take ⇄ work        asks for a task, runs it
//	             ▲         │
//	             ▼         ▼
//	           asleep ──▶ signOff           asks whether to wake up; ends
//
// Any state goes back to signOn when the manager does not know the worker.
// Reports about tasks do not wait for the network: they are put into a durable
// outbox, and a sender delivers them in order, for as long as it takes. The next
// task is asked for once all of them are delivered, so the manager never hands
// out what it does not know to be finished.
//
// A Blender that stays open gets its next task before the one at hand is over (next.go):
//
//	           asks              Blender is done with the task at hand
//	no task ───────▶ held ──────────────────────────────────────────▶ begun
//	                  │ the manager wants it back, or the task at hand was stopped
//	                  ▼
//	                 given back: reported as queued
//
// So two runs may overlap: of the first, frames are read back and reported; of the
// second, they are rendered. Only one run at a time has a Blender that renders.
package worker

import (
	"cmp"
	"context"
	"crypto/rand"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/procgroup"
	"renderfarm/farm/selfupdate"
	"renderfarm/store/outbox"
)

// Options say what a worker is. Only Manager (or Client) and Dir are required.
type Options struct {
	Manager         string              // address of the manager; any form that api.New takes
	Fingerprint     string              // of the manager's certificate; "" believes those that the system does
	Client          *api.Client         // instead of Manager and Fingerprint
	Name            string              // "" means $FARM_WORKER_NAME, $FLAMENCO_WORKER_NAME or the host's name
	TaskTypes       []string            // kinds of tasks it takes; nil means DefaultTaskTypes
	Dir             string              // its folder: identity, outbox. Made if missing; one worker each
	Home            string              // the program's home folder, looked at with the computer at each sign-on and daily, see findings.go; "": nothing is
	Version         string              // of the program, told to the manager
	RestartExitCode int                 // not 0: something starts the program again when it ends with this
	Program         *selfupdate.Program // that runs, if it may be replaced by the manager's, see ErrUpdate; nil: it stays
	UpdateTrouble   string              // why Program is nil, or what went wrong the last time, for people
	NoChecks        bool                // take tasks without looking for Blender, FFmpeg and the storage first
	Blenders        []string            // files and folders with Blenders that are preferred to others
	FindBlenders    bool                // look for Blenders in the usual folders, and not only there and on the PATH
	StalledAfter    time.Duration       // a program that does nothing for so long has failed, see stall; 0: never
	MaxTime         time.Duration       // what a task may take; 0: any time
	FileMode        fs.FileMode         // permissions of the frames that Blender saves; 0: those that the umask leaves
	NoWarm          bool                // start a Blender for every task
	Watts           float64             // what the computer takes while it renders, for the energy of frames; 0: not known
	Limits          procgroup.Limits    // what the programs of tasks may use
	Scripts         fs.FS               // the Python package "pack", see package addon; nil: no preflight, and no choice of a device
	Log             *slog.Logger

	// SignedOn is called each time the manager took the worker in, with the id of its farm, ""
	// if it does not say. Optional.
	SignedOn func(farmID string)

	// JoinCode is sent when the worker registers, see api.JoinCodeHeader; "" for none.
	JoinCode string
	// Key returns the farm key, "" for none: a new worker sends it when it registers. Optional.
	Key func() (string, error)

	// InUse calls change with why the computer is in use, "" for that it is free,
	// whenever that changes, until ctx is canceled. nil: nobody is watched.
	InUse         func(ctx context.Context, change func(inUse string))
	GiveBackAfter time.Duration // how long a task stands still before it is given back; 0: 5 minutes
	StartPaused   bool          // wait for Resume

	// Ends is when the worker has to have ended: it takes no task that would not be done
	// by then, gives back what is not, and signs off a little earlier. Zero: never.
	Ends time.Time
	// Wake is the MAC address by which the computer can be waked; "" for none.
	Wake string
	// Temporary says that the worker does not come back: the manager deletes it when it
	// signs off.
	Temporary bool
	// ExitWhenIdle ends the worker when it had no task for so long; 0: never.
	ExitWhenIdle time.Duration

	// Storage says where the farm's shared storage is: StorageAuto, StorageShared or
	// StorageMirror; "" is StorageShared.
	Storage     string
	MirrorFiles string // folder for the files of a mirror, which workers of one program may share; "": in Dir
	MirrorQuota int64  // bytes that the files of a mirror may take; 0: as many as the disk has
	MirrorRate  int64  // bytes per second that it may fetch and send; 0: no bound
	MirrorLines int    // connections that it uses at a time; 0: one

	// GPU is the graphics card that the worker's programs see; nil: all there are.
	GPU       *GPU
	Variables map[string]string // values of variables that hold on this computer only, by name
	// GPURule is what the worker says of graphics cards: auto, prefer or never; "" is auto.
	GPURule string
}

// DefaultTaskTypes are the kinds of tasks that a worker takes unless it is told
// which: all that the built-in job types use. They are those of Flamenco's workers.
var DefaultTaskTypes = []string{"blender", "ffmpeg", "file-management", "misc"}

// deletedError is the type of ErrDeleted.
type deletedError struct{}

// Error returns the message for users.
func (deletedError) Error() string {
	return "this worker was deleted from the farm, and ends; the next start registers it as a new one"
}

// Is makes it an ErrShutdown for those who start workers again.
func (deletedError) Is(target error) bool { return target == ErrShutdown }

// Worker is a worker of the farm. Run may be called once.
type Worker struct {
	options Options
	client  *api.Client // without credentials
	log     *slog.Logger

	outbox   *outbox.Outbox
	sender   *sender
	previews *previews
	versions *versions // of programs
	warm     warmKeeper
	gate     gate // all that runs for tasks passes it
	owner    *owner
	renderer chan struct{} // has room for one: held by the run whose Blender renders
	meter    *loadMeter    // of the computer
	checkup  *checkup      // nil with Options.NoChecks
	examiner *examiner     // nil without Options.Home
	temp     string        // where programs get their temporary folders; set when Run begins
	series   frameSeries

	preflights preflights
	lull       lull // while there is no task

	mirror    *mirror
	inventory *inventory // nil with Options.NoChecks, and for a worker that takes no blender tasks

	// Used by Run's goroutine only.
	signedOn   bool
	hadNoTask  bool      // for as long as it waits for one
	idleSince  time.Time // when it had its last task, or began
	noRoom     bool      // at the last look, see hasRoom
	toldOfRoom bool      // the manager knows, and gives it no tasks
	end        error     // why the state functions ended
	unapproved bool      // the manager said so
	ahead      bool      // the manager hands out next tasks
	newSecret  string    // of the registration that is being tried; "" if none is

	mu      sync.Mutex // guards what follows; held for moments only, with no other lock
	session session
	doing   string       // for StatusLine
	storage storagePlace // where the farm's shared storage is
}

// A session is whom the worker is to its manager. The zero value is nobody yet.
type session struct {
	id      farm.WorkerID
	manager Manager
	facts   *api.WorkerFacts // what the manager was told of the computer; nil before the first sign-on
}

// New checks the options and returns a worker that does nothing before Run.
func New(o Options) (*Worker, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Client == nil {
		client, err := api.NewPinned(o.Manager, o.Fingerprint)
		if err != nil {
			return nil, err
		}
		o.Client = client
	}
	if o.Dir == "" {
		return nil, farm.Errorf(farm.Invalid, "the worker has no folder for its identity: give it a home")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, farm.Errorf(farm.Invalid, "the worker's folder %q cannot be used: %w", o.Dir, err)
	}
	o.Dir = dir
	if o.Name, err = chooseName(o.Name); err != nil {
		return nil, err
	}
	if o.TaskTypes, err = cleanTaskTypes(o.TaskTypes); err != nil {
		return nil, err
	}
	if o.RestartExitCode < 0 || o.RestartExitCode > 255 {
		return nil, farm.Errorf(farm.Invalid, "the restart exit code is %d: exit codes are 1 to 255, and 0 means that nothing restarts the worker", o.RestartExitCode)
	}
	if err := CheckStorage(o.Storage); err != nil {
		return nil, err
	}
	if a := o.Limits.OOM; a != nil && (*a < 0 || *a > 1000) {
		return nil, farm.Errorf(farm.Invalid, "the OOM score adjustment is %d: it is 0 to 1000", *a)
	}
	o.Version = cmp.Or(o.Version, "unknown")
	client := *o.Client
	client.UserAgent = cmp.Or(client.UserAgent, "Farm/"+o.Version)
	meter := newLoadMeter()
	client.Session, client.Seconds, client.Temporary, client.Load = rand.Text(), true, o.Temporary, meter.load
	if err := o.checkEnd(&client, time.Now()); err != nil {
		return nil, err
	}
	o.GiveBackAfter = cmp.Or(o.GiveBackAfter, defaultGiveBack)
	w := &Worker{options: o, client: &client, log: o.Log, versions: new(versions), meter: meter, doing: "starting", renderer: make(chan struct{}, 1)}
	w.owner, w.mirror = newOwner(w), newMirror(o)
	return w, nil
}

// What a manager accepts of a worker; it refuses more (400).
const (
	maxName      = 128 // bytes of its name, and of the name of a task type
	maxTaskTypes = 64
)

// chooseName returns the name given, or the first of the environment's and the
// host's. FLAMENCO_WORKER_NAME is read so that a service set up for Flamenco's
// worker keeps its name.
func chooseName(given string) (string, error) {
	host, _ := os.Hostname() // "" if unknown
	name := strings.TrimSpace(cmp.Or(given, os.Getenv("FARM_WORKER_NAME"), os.Getenv("FLAMENCO_WORKER_NAME"), host))
	switch {
	case name == "":
		return "", farm.Errorf(farm.Invalid, "this computer has no host name: give the worker a name")
	case len(name) > maxName:
		return "", farm.Errorf(farm.Invalid, "the worker's name has %d bytes: at most %d are possible, so give it a shorter one", len(name), maxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", farm.Errorf(farm.Invalid, "the worker's name %q contains control characters: choose another", name)
	}
	return name, nil
}

// cleanTaskTypes returns the types trimmed, in lower case and once each.
func cleanTaskTypes(given []string) ([]string, error) {
	if given == nil {
		return slices.Clone(DefaultTaskTypes), nil
	}
	var types []string
	for _, t := range given {
		if t = strings.ToLower(strings.TrimSpace(t)); t != "" && !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	if i := slices.IndexFunc(types, func(t string) bool { return len(t) > maxName }); i >= 0 {
		return nil, farm.Errorf(farm.Invalid, "the task type %q has %d bytes: at most %d are possible", clip(types[i], 20), len(types[i]), maxName)
	}
	if len(types) > maxTaskTypes {
		return nil, farm.Errorf(farm.Invalid, "the worker has %d task types: at most %d are possible", len(types), maxTaskTypes)
	}
	if len(types) == 0 {
		return nil, farm.Errorf(farm.Invalid, "the worker takes no task types, so it would never do anything: name some of %s", strings.Join(DefaultTaskTypes, ", "))
	}
	return types, nil
}

// Run works until ctx is canceled, or the manager asks for the worker's end.
// It returns nil, ErrShutdown, ErrRestart or ErrUpdate after it signed off; another error
// if its folder cannot be used, or if the manager refuses what the worker says
// of itself. A manager that cannot be reached is waited for.
//
// On cancellation the running command is killed, what can be is still reported
// within 5 seconds, and the manager is told within 3. What could not be
// reported is at the next start.
func (w *Worker) Run(ctx context.Context) error { return w.RunWith(ctx, nil) }

// RunWith is Run with something beside it that needs the worker's folder: begin is
// called once that is the worker's own, and what it returns at the end. nil is nothing.
func (w *Worker) RunWith(ctx context.Context, begin func() (end func())) error {
	if err := os.MkdirAll(w.options.Dir, 0o700); err != nil {
		return farm.Errorf(farm.Invalid, "the worker's folder cannot be made: %w", err)
	}
	unlock, err := lockDir(w.options.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	known, err := loadIdentity(w.options.Dir, w.log)
	if err != nil {
		return err
	}
	if n := procgroup.EndOrphans(w.options.Dir); n > 0 {
		w.log.Warn("programs were still running that a worker left behind which crashed; they were ended", "processes", n)
	}
	w.become(known)
	w.outbox, err = outbox.Open(filepath.Join(w.options.Dir, "outbox"), w.log)
	if err != nil {
		return err
	}
	defer w.outbox.Close()

	ctx, ended := w.untilEnd(ctx)
	defer ended()

	// The helpers outlive ctx: what happened until then is still reported.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.sender = newSender(w.outbox, w.manager, w.log)
	w.previews = newPreviews(w.manager, w.log)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer stop()
	helpers.Go(func() { w.sender.run(background) })
	helpers.Go(func() { w.previews.run(background) })
	w.owner.loadPause()
	if begin != nil {
		defer begin()()
	}
	helpers.Go(func() { w.owner.watch(background) })
	helpers.Go(func() { w.meter.watchCards(background, w.options.GPU, w.lull.isOver) })
	w.startChecks(background, &helpers)

	w.mirror.clear()
	removeAside(ctx, w.options.Dir, w.log)
	w.temp = openTemp(w.options.Dir, w.log)
	defer closeTemp(w.options.Dir, w.temp)
	defer w.warm.close()
	for state := w.signOn; state != nil; {
		state = state(ctx)
	}
	w.say("ended")
	return w.end
}

// startChecks starts what looks at the computer, unless the worker takes tasks unseen.
func (w *Worker) startChecks(ctx context.Context, helpers *sync.WaitGroup) {
	if w.options.NoChecks {
		return
	}
	if w.options.Home != "" { // the first, as the others read what it found
		w.examiner = newExaminer(w)
		helpers.Go(func() { w.examiner.run(ctx) })
	}
	w.checkup = newCheckup(w)
	helpers.Go(func() { w.checkup.run(ctx) })
	if slices.Contains(w.options.TaskTypes, typeBlender) {
		w.inventory = newInventory(w)
		helpers.Go(func() { w.inventory.run(ctx) })
	}
}

// become makes the worker the one of that identity in all later calls.
func (w *Worker) become(known identity) {
	if known.ID == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session = session{id: known.ID, manager: w.client.WithCredentials(known.ID, known.Secret)}
}

// manager returns the manager as the present session sees it, nil before there is one.
func (w *Worker) manager() Manager {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.session.manager
}

// say sets what StatusLine returns.
func (w *Worker) say(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.doing = what
}

// StatusLine says in a few words what the worker is doing now.
func (w *Worker) StatusLine() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.options.Name + ": " + w.doing
}

// platform is what the worker registers as; it decides the values of variables.
const platform = runtime.GOOS

package cmd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"renderfarm/docs"
	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
	"renderfarm/farm/fsync"
	"renderfarm/farm/manager"
	"renderfarm/farm/server"
	"renderfarm/farm/yamlfile"
	"renderfarm/jsjobs"
	"renderfarm/store"
	"renderfarm/store/files"
	"renderfarm/ui"
)

// serveOptions are the options of serve and all that the configuration does not have.
type serveOptions struct {
	readyFile string // gets the URL once requests are answered; "" for none
	pprof     string // address of the profiler; "" for none
}

// A host is the manager's half of the program: database, manager and HTTP
// server. start builds it up from the ground; stop takes it down in the
// opposite order, so that nothing loses what it stands on.
type host struct {
	s            *session
	config       *settled
	url          string
	listener     *movable      // isOpen tells for whom it is
	workAnew     chan struct{} // holds a token if the worker of this program is to start again
	found        found
	isNew        bool        // nobody has set up the farm yet
	tls          *tls.Config // nil: HTTP only
	fingerprint  string      // of the certificate; "" without one
	discoverable func()      // begins to answer workers that look for a manager; nil if it shall not
	failed       chan error  // gets the error if the server ends by itself
	stops        []func() error
}

// eventsKept is how many events readers may be behind: at the most that 300
// workers can make, a second or so.
const eventsKept = 1 << 14

// tune sets Go's runtime for a manager; what the environment says is left as it is.
//
// The scheduler gets two processors more than there are: the database's writer
// waits for the disk much of the time, and logs create files, and such a call
// keeps a processor busy until the scheduler notices.
func tune() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2)
	}
	tuneHeap()
}

// startHost returns a running manager that answers requests. The caller stops it.
func startHost(ctx context.Context, s *session, o serveOptions) (_ *host, err error) {
	h := &host{s: s, failed: make(chan error, 1), workAnew: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.stop())
		}
	}()
	tune()
	if err := prepareHome(s.home); err != nil {
		return nil, err
	}
	if h.config, err = s.config(); err != nil {
		return nil, err
	}
	if text := aboutForeignFiles(s.home); text != "" {
		s.log.Warn(text)
	}
	if o.readyFile != "" { // one from an earlier run would be a lie
		if err := os.Remove(o.readyFile); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	// The port first: that another program has it is the likeliest mistake,
	// and clients that come early wait in its queue instead of failing.
	l, err := listen(ctx, h.config.Listen)
	if err != nil {
		return nil, err
	}
	h.listener = newMovable(l)
	h.later(ignoreClosed(h.listener.Close))
	h.url, _ = urlOf(l.Addr())
	if err := h.encrypt(); err != nil {
		return nil, err
	}
	handler, err := h.build()
	if err != nil {
		return nil, err
	}
	h.serve(h.listener, handler)
	if err := debugServer(h, o.pprof); err != nil {
		return nil, err
	}
	if err := h.announce(ctx, o.readyFile); err != nil {
		return nil, err
	}
	if h.discoverable != nil {
		h.discoverable()
	}
	return h, h.watchFolder()
}

// later has stop call f, before everything that was started earlier.
func (h *host) later(f func() error) { h.stops = append(h.stops, f) }

// stop ends everything, the last started first.
func (h *host) stop() error {
	var errs []error
	for _, f := range slices.Backward(h.stops) {
		errs = append(errs, f())
	}
	h.stops = nil
	return errors.Join(errs...)
}

// build opens the database and puts the manager on it, and the routes on the manager.
func (h *host) build() (*server.Server, error) {
	s, c := h.s, h.config
	db, kept, err := h.openStores()
	if err != nil {
		return nil, err
	}
	// Events go on with the number that the last run stored, so that readers who
	// missed some before the restart are told, and fetch everything again.
	var number uint64
	if err := db.Update(func(tx *store.Tx) error { number = tx.EventNumber(); return nil }); err != nil {
		return nil, err
	}
	timeline := events.NewLog(eventsKept, number)
	types := jsjobs.New(jsjobs.Options{Dir: filepath.Join(s.home, "scripts"), Timeout: time.Duration(c.ScriptTimeout), Log: s.log, Encoded: true})
	h.readAhead(types)
	reader := newFileReader()
	m, err := manager.New(manager.Options{
		Store:      db,
		Types:      types,
		Files:      kept,
		Events:     timeline,
		Config:     c.Config,
		SaveConfig: c.save,
		LoadConfig: c.load,
		ConfigPath: c.path,
		Home:       s.home,
		Version:    version,
		Commit:     thisBuild().Commit,
		Log:        s.log,

		BlenderVersion: reader.version,
		Changed:        reader.changed,
		Examine:        func(ctx context.Context) []farm.Finding { return s.managerComputer(c).Examine(ctx) },
	})
	if err != nil {
		return nil, err
	}
	h.later(func() error { m.Close(); return nil })
	h.isNew = m.FirstRun()
	if err := h.publishEvents(m, timeline); err != nil {
		return nil, err
	}
	return h.routes(m, timeline)
}

// routes puts on the manager what people and programs reach it by.
func (h *host) routes(m *manager.Manager, timeline *events.Log) (*server.Server, error) {
	s := h.s
	notifier, err := h.notifications(m, timeline)
	if err != nil {
		return nil, err
	}
	keys, err := s.keySource()
	if err != nil {
		return nil, err
	}
	describe := func() ([]byte, error) { return yamlfile.ToJSON(api.OpenAPI) }
	o := server.Options{Manager: m, Notifier: notifier, Events: timeline, UI: ui.Files(), Docs: docs.Pages, OpenAPI: describe, Addon: h.addonZip, Key: keys.Key, Host: h, Log: s.log}
	if o.Submissions, err = h.submissions(m); err != nil {
		return nil, err
	}
	if o.Join, err = h.joining(); err != nil {
		return nil, err
	}
	if service, ok := h.service(m.FarmID()); ok {
		o.Description = service.Description()
		h.discoverable = func() { h.letBeFound(service) }
	}
	return server.New(o), nil
}

// openStores opens the database, and the folder for logs and previews.
func (h *host) openStores() (*store.Store, *files.Files, error) {
	db, err := store.Open(store.Options{Path: filepath.Join(h.s.home, h.config.Database), Program: version, Log: h.s.log, Fatal: h.s.storeFailed})
	if err != nil {
		return nil, nil, inUse(err)
	}
	h.later(db.Close)
	local := h.config.LocalManagerStoragePath
	if local == "" {
		local = filepath.Join(h.s.home, "job-files")
	}
	kept, err := files.Open(local)
	if err != nil {
		return nil, nil, err
	}
	h.later(kept.Close)
	return db, kept, nil
}

// readAhead has the job types read, and the process that runs their scripts
// started, so that the first who asks need not wait for it.
func (h *host) readAhead(types *jsjobs.Library) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, broken := range types.Broken(ctx) {
			h.s.log.Warn("a job type cannot be used", "script", broken.File, "error", broken.Error)
		}
	}()
	h.later(func() error {
		cancel()
		<-done
		return nil
	})
}

// storeFailed ends the process at once: after a failed write nobody may be
// told that anything is stored.
func (s *session) storeFailed(err error) {
	s.log.Error(whyStoreFailed(err), "error", err)
	os.Exit(exitFailed)
}

// whyStoreFailed says what ended the manager and what to do about it.
func whyStoreFailed(err error) string {
	if errors.Is(err, store.ErrFault) {
		return "a fault in the program stopped the manager; nothing that was confirmed is lost, and workers keep their results until it is back. Start it again, and please report this with the error"
	}
	return "the database cannot be written, so the manager ends at once; what it confirmed is on the disk, and workers keep their results until it is back. Make room on the disk or repair it, then start the manager again"
}

// Bounds on one connection. There is no limit on writing an answer: streams
// last, and what waits has its own bounds.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
	stopTimeout   = 10 * time.Second // for requests under way when the manager is to end
)

// announce waits until the server answers, and then tells everybody where it is.
func (h *host) announce(ctx context.Context, readyFile string) error {
	client, err := api.NewPinned(h.url, h.fingerprint)
	if err != nil {
		return err
	}
	if _, err := client.GetVersion(ctx); err != nil {
		return err
	}
	client.HTTP.CloseIdleConnections()
	if err := fsync.Replace(h.s.urlFile(), []byte(running{h.url, h.fingerprint, h.joinLine()}.String())); err != nil {
		return err
	}
	// Other commands on this computer find the manager by this file. One that a crash leaves behind
	// leads to an address where nobody answers.
	h.later(func() error { return os.Remove(h.s.urlFile()) })
	if readyFile != "" {
		return fsync.Replace(readyFile, []byte(h.url+"\n"))
	}
	return nil
}

// serve starts to answer requests.
func (h *host) serve(l listener, handler *server.Server) {
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          h.s.httpLog(),
		ConnContext:       server.ConnContext,
		TLSConfig:         h.tls,
	}
	// Shutdown waits for requests under way, and streams of events would never end.
	srv.RegisterOnShutdown(handler.EndStreams)
	done := make(chan struct{})
	go func() {
		defer close(done)
		bounded := server.Bounded(l, h.tls != nil)
		answer := srv.Serve
		if h.tls != nil {
			answer = func(l net.Listener) error { return srv.ServeTLS(l, "", "") }
		}
		if err := answer(bounded); !errors.Is(err, http.ErrServerClosed) {
			h.failed <- fmt.Errorf("answer requests at %s: %w", h.url, err)
		}
	}()
	h.later(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		// New connections are refused from here on; requests under way get the time to end.
		err := srv.Shutdown(ctx)
		if err != nil { // somebody takes very long: cut it off
			err = srv.Close()
		}
		<-done
		return err
	})
}

// inBackground runs f until the host stops.
func (h *host) inBackground(f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ctx)
	}()
	h.later(func() error {
		cancel()
		<-done
		return nil
	})
}

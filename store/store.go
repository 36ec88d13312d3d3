package store

import (
	"cmp"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Options configures Open. Zero values are defaults; Path is needed.
type Options struct {
	Path    string           // the database file; it is made if it does not exist
	Program string           // the version of this program, for one that is too old for the file
	Clock   func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: nothing is logged

	// Fatal is called, in the writer goroutine, when the database cannot be
	// written any more or an operation broke a rule (ErrFault). It must end the
	// process and not return. nil panics.
	Fatal func(error)
}

// Store is an open database. All its methods can be called by any goroutine.
type Store struct {
	path  string
	db    *bolt.DB
	clock func() time.Time
	log   *slog.Logger
	fatal func(error)

	queue chan *op
	pool  sync.Pool     // of *op
	ended chan struct{} // closed when the writer has ended
	died  chan struct{} // closed when it ended because of a fault
	dead  atomic.Bool   // the same, for readers

	// closing guards closed, and is held for reading while something is put
	// into queue, so that Close can close it.
	closing sync.RWMutex
	closed  bool

	// gate is held for writing during a commit, and for reading while a
	// reader begins. It is never held together with closing.
	gate sync.RWMutex

	x      *index    // the writer's
	now    time.Time // likewise: of the present group
	chunks *chunkCache

	quarantine *quarantine
	work       work
}

// Open opens the database, or makes one, and rebuilds the scheduler's index.
// It fails with a farm.Error that says what to do if another process uses the
// file, if it is damaged or of a newer version, or on a network file system.
// A file of an older version is upgraded: see migrate.go.
func Open(o Options) (*Store, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	s := &Store{path: path, clock: o.Clock, fatal: o.Fatal, log: o.Log,
		queue: make(chan *op, maxQueued), ended: make(chan struct{}), died: make(chan struct{})}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.fatal == nil {
		s.fatal = func(err error) { panic(err) }
	}
	s.pool.New = func() any { return &op{done: make(chan struct{}, 1)} }

	began := time.Now()
	if s.db, err = openFile(path, o); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		s.db.Close()
		return nil, openError(path, err)
	}
	s.chunks, s.quarantine = s.x.chunks, s.x.quarantine
	s.log.Debug("database opened", "path", path, "jobs", len(s.x.jobs), "took", time.Since(began))
	go s.write()
	return s, nil
}

// load repairs what must be and can be, and builds the index.
func (s *Store) load() error {
	repaired, err := repairAtStart(s.db, s.clock().UTC())
	for _, words := range repaired {
		s.log.Error("a record of the database was damaged; check the disk the database is on", "what", words)
	}
	if err != nil {
		return err
	}
	if s.x, err = loadIndex(s.db, s.log); err != nil {
		return err
	}
	n, err := repairIDs(s.db)
	if n > 0 {
		s.log.Warn("records that lead from ids to jobs were damaged and have been made again from the jobs; check the disk the database is on", "records", n)
	}
	return err
}

// Close waits for what is queued, ends the writer and closes the file. Update
// and View fail with farm.NotDurable afterwards.
func (s *Store) Close() error {
	s.closing.Lock()
	if s.closed {
		s.closing.Unlock()
		return nil
	}
	s.closed = true
	close(s.queue)
	s.closing.Unlock()
	<-s.ended
	return s.db.Close()
}

// View runs fn on committed and durable data. What fn gets is copied and may be
// kept; the View itself ends with fn. fn should be quick, because pages that
// are replaced meanwhile cannot be used again, and must not call Update.
func (s *Store) View(fn func(*View) error) error {
	var met []*damage
	err := s.view(func(v *View) error {
		err := fn(v)
		met = v.met
		return err
	})
	for _, d := range met {
		s.heal(d)
	}
	return s.explain(err)
}

func (s *Store) view(fn func(*View) error) error {
	tx, err := s.begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return fn(&View{s: s, tx: tx})
}

// begin begins a read transaction, after a commit that is under way.
func (s *Store) begin() (*bolt.Tx, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.dead.Load() {
		return nil, errDead
	}
	tx, err := s.db.Begin(false)
	if err != nil {
		return nil, errClosed
	}
	return tx, nil
}

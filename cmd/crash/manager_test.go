package crash

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"renderfarm/farm/api"
)

// jobType plans tasks that are never run here: this program's workers only say that
// they do. Each has one frame. A job of the kind "shelf" has tasks for nobody.
const jobType = `
var JOB_TYPE = {
    label: "Crash",
    settings: [
        { key: "kind", type: "string", default: "crash" },
        { key: "tasks", type: "int32", default: 1 },
    ],
};

function compileJob(job) {
    for (var i = 1; i <= job.settings.tasks; i++) {
        var task = author.Task("task " + i, job.settings.kind);
        task.addCommand(author.Command("blender-render", {
            exe: "blender", exeArgs: "", argsBefore: [], blendfile: "/nothing.blend", args: ["-f", "" + i], frames: "" + i,
        }, 1));
        job.addTask(task);
    }
}
`

// A manager is a farm's manager on one home folder, which is ended and started again at
// the same address.
type manager struct {
	t       *testing.T
	home    string
	address string
	binary  string
	env     []string // on top of this program's
	prefix  []string // command that runs the binary, such as ip netns exec
	args    []string // further arguments

	up gate

	cmd    *exec.Cmd
	ended  chan struct{}
	log    syncBuffer
	starts int
}

// newManager makes a home folder in a folder, and starts nothing.
func newManager(t *testing.T, dir string) *manager {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{t: t, home: filepath.Join(dir, "home"), address: freeAddress(t), binary: path,
		env: []string{"FARM_SHAMAN_KEEP_FREE=0"}} // the disks here are small
	scripts := filepath.Join(m.home, "scripts")
	if err := os.MkdirAll(scripts, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(scripts, "crash.js"), []byte(jobType), 0o600); err != nil {
		t.Fatal(err)
	}
	// Nothing but what is done to it changes a task: nobody is lost for being silent.
	config := "_meta: {version: 3}\nworker_timeout: 1h\ntask_timeout: 1h\nbackup_period: 0\nautodiscoverable: false\n"
	if err := os.WriteFile(filepath.Join(m.home, "farm.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.kill()
		if t.Failed() {
			t.Logf("end of the manager's log:\n%s", m.log.tail(4000))
		}
	})
	return m
}

// freeAddress returns an address of this computer that nobody uses.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// launch starts the program, without waiting for it.
func (m *manager) launch() error {
	line := append(m.prefix[:len(m.prefix):len(m.prefix)], m.binary, "serve", "--home", m.home, "--listen", m.address)
	line = append(line, m.args...)
	m.cmd = exec.Command(line[0], line[1:]...)
	m.cmd.Env = append(append(os.Environ(), "NO_COLOR=1"), m.env...)
	m.cmd.Stdout, m.cmd.Stderr = &m.log, &m.log
	if err := m.cmd.Start(); err != nil {
		return err
	}
	ended, cmd := make(chan struct{}), m.cmd
	m.ended = ended
	m.starts++
	go func() {
		cmd.Wait()
		close(ended)
	}()
	return nil
}

// start starts the program, and lets clients ask it when it answers.
func (m *manager) start() error {
	if err := m.launch(); err != nil {
		return err
	}
	if err := m.answers(); err != nil {
		return err
	}
	m.up.open()
	return nil
}

// answers waits until the manager answers.
func (m *manager) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := m.client()
	defer client.HTTP.CloseIdleConnections()
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		if _, err := client.GetVersion(ctx); err == nil {
			return nil
		}
		select {
		case <-m.ended:
			return fmt.Errorf("the manager ended at its start:\n%s", m.log.tail(2000))
		case <-ctx.Done():
			return fmt.Errorf("the manager does not answer:\n%s", m.log.tail(2000))
		case <-tick.C:
		}
	}
}

// kill ends the manager with SIGKILL, if it runs.
func (m *manager) kill() {
	m.up.close()
	if m.cmd == nil {
		return
	}
	m.cmd.Process.Kill()
	<-m.ended
}

// restart starts a killed manager again, after its database was checked while it is down.
func (m *manager) restart() error {
	if err := m.checkDatabase(); err != nil {
		return err
	}
	return m.start()
}

// checkDatabase runs farm check.
func (m *manager) checkDatabase() error {
	out, err := exec.Command(m.binary, "check", "--home", m.home).CombinedOutput()
	if err != nil {
		return fmt.Errorf("farm check: %w: %s", err, out)
	}
	return nil
}

// client returns a client of the manager with connections of its own.
func (m *manager) client() *api.Client {
	c, err := api.New("http://" + m.address)
	if err != nil {
		m.t.Fatal(err)
	}
	c.Timeout = 10 * time.Second
	return c
}

// A gate holds clients back while the manager is known to be away.
type gate struct {
	mu     sync.Mutex // guards opened
	opened chan struct{}
}

func (g *gate) channel() chan struct{} {
	if g.opened == nil {
		g.opened = make(chan struct{})
	}
	return g.opened
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.channel():
	default:
		close(g.opened)
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.channel():
		g.opened = make(chan struct{})
	default:
	}
}

// pass waits until the gate is open, or the context ends.
func (g *gate) pass(ctx context.Context) {
	g.mu.Lock()
	opened := g.channel()
	g.mu.Unlock()
	select {
	case <-opened:
	case <-ctx.Done():
	}
}

// A syncBuffer keeps what a process writes.
type syncBuffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// tail returns the last n bytes.
func (b *syncBuffer) tail(n int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.text.Bytes()
	return string(all[max(0, len(all)-n):])
}

package cmd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"renderfarm/farm/procgroup"
	"renderfarm/jsjobs"
)

// TestMain makes the test's own executable the farm that scripts run, so that
// no build is needed and coverage counts.
func TestMain(m *testing.M) {
	procgroup.RunKeeper(os.Args) // of a task's program, if a worker started this process for that
	if jsjobs.RunChild(os.Args) {
		return
	}
	testscript.Main(m, map[string]func(){"farm": func() { os.Exit(Main()) }})
}

// TestScripts runs testdata/script, the command line as its users see it. Its
// own commands are
//
//	start NAME ARGS...           run farm in the background until it greets; $FARM_MANAGER
//	                             is then its URL, and $ADDRESS that without the scheme
//	launch NAME ARGS...          the same, without waiting
//	await NAME TEXT              wait until it has written the text
//	signal NAME interrupt|kill   send a signal
//	ended NAME STATUS            wait for its end, and check the exit status
//	said NAME                    make what it wrote the standard output, for stdout to match
//	status STATUS ARGS...        run farm, and check the exit status
//	until TEXT ARGS...           run farm again and again until what it prints matches the text
//	submit FILE                  post the job to $FARM_MANAGER; $JOB is its id, $JOB8 the beginning of it
//	hang NAME                    begin a request to $FARM_MANAGER and never finish it
//	proxy                        pass on to $FARM_MANAGER as a proxy for other computers; $PROXY is its address
//	fingerprint FILE             make $FINGERPRINT that of a certificate
//	occupy                       listen on a port; $OCCUPIED is the address
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setUpScript,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": scriptStart, "launch": scriptLaunch, "await": scriptAwait, "signal": scriptSignal, "ended": scriptEnded,
			"said": scriptSaid, "status": scriptStatus, "until": scriptUntil, "submit": scriptSubmit, "hang": scriptHang, "occupy": scriptOccupy, "proxy": scriptProxy, "fingerprint": scriptFingerprint,
		},
	})
}

// processesKey is where a script keeps its processes.
type processesKey struct{}

func setUpScript(e *testscript.Env) error {
	started := map[string]*process{}
	e.Values[processesKey{}] = started
	e.Defer(func() {
		for _, p := range started {
			if err := p.kill(); err != nil {
				e.T().Log(err)
			}
		}
	})
	e.Setenv("FARM_HOME", e.WorkDir+"/home")
	e.Setenv("NO_COLOR", "1")
	logs, err := filepath.Abs(filepath.Join("..", "testdata", "blender", "4.3"))
	e.Setenv("BLENDER_LOGS", logs) // what a Blender printed, by what was wrong
	if err != nil {
		return err
	}
	scenes, err := filepath.Abs(filepath.Join("..", "testdata", "scenes"))
	e.Setenv("SCENES", scenes)
	return err
}

func processes(ts *testscript.TestScript) map[string]*process {
	return ts.Value(processesKey{}).(map[string]*process)
}

func named(ts *testscript.TestScript, name string) *process {
	p, ok := processes(ts)[name]
	if !ok {
		ts.Fatalf("no process %q was started", name)
	}
	return p
}

func scriptLaunch(ts *testscript.TestScript, _ bool, args []string) {
	if p, ok := processes(ts)[args[0]]; ok {
		ts.Check(p.kill())
	}
	p, err := startProcess(args[0], ts.MkAbs("."), scriptEnviron(ts), args[1:]...)
	ts.Check(err)
	processes(ts)[args[0]] = p
}

// scriptEnviron is the environment that the script has made for its programs.
func scriptEnviron(ts *testscript.TestScript) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "FARM_") })
	env = append(env, "FARM_FIND_BLENDERS=false")
	for _, name := range []string{"TZ", "HOME", "TMPDIR", "NO_COLOR", "FARM_HOME", "FARM_LISTEN", "FARM_MANAGER", "FARM_MANAGER_NAME", "FARM_WORKER_NAME", "FARM_WORKER_CHECKS", "FARM_KEY", "FARM_FINGERPRINT", "FARM_TLS", "FARM_APPROVE_WORKERS", "FARM_WATTS", "FARM_PRICE_PER_KWH", "PATH"} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// scriptStart also tells the script's later commands where the manager is.
func scriptStart(ts *testscript.TestScript, neg bool, args []string) {
	scriptLaunch(ts, neg, args)
	p := named(ts, args[0])
	ts.Check(p.await("is ready: "))
	written, _ := p.out.look()
	_, after, _ := strings.Cut(written, "is ready: ")
	address := strings.TrimSuffix(strings.Fields(after)[0], "/")
	ts.Setenv("ADDRESS", address[strings.Index(address, "://")+3:])
	ts.Setenv("FARM_MANAGER", address)
}

func scriptAwait(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(named(ts, args[0]).await(args[1]))
}

func scriptSignal(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]os.Signal{"interrupt": os.Interrupt, "kill": os.Kill, "terminate": syscall.SIGTERM}
	ts.Check(named(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

func scriptEnded(ts *testscript.TestScript, _ bool, args []string) {
	p := named(ts, args[0])
	status, err := p.end()
	ts.Check(err)
	if strconv.Itoa(status) != args[1] {
		written, _ := p.out.look()
		ts.Fatalf("%s ended with status %d, and not %s:\n%s", args[0], status, args[1], written)
	}
}

func scriptSaid(ts *testscript.TestScript, _ bool, args []string) {
	written, _ := named(ts, args[0]).out.look()
	io.WriteString(ts.Stdout(), written)
}

func scriptStatus(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("farm", args[1:]...)
	status := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("farm ended with status %d, and not %s", status, args[0])
	}
}

func scriptUntil(ts *testscript.TestScript, _ bool, args []string) {
	text := regexp.MustCompile("(?m)" + args[0])
	for end := time.Now().Add(patienceOfTests); ; {
		ts.Check(ts.Exec("farm", args[1:]...))
		if text.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("no match for %q", args[0])
		}
	}
}

func scriptSubmit(ts *testscript.TestScript, neg bool, args []string) {
	res, err := http.Post(ts.Getenv("FARM_MANAGER")+"/api/v3/jobs", "application/json", strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	ts.Stdout().Write(body)
	if ok := res.StatusCode == http.StatusOK; ok == neg {
		ts.Fatalf("the manager answered %d: %s", res.StatusCode, bytes.TrimSpace(body))
	}
	var job struct{ ID string }
	if !neg {
		ts.Check(json.Unmarshal(body, &job))
		ts.Setenv("JOB", job.ID)
		ts.Setenv("JOB8", shortID(job.ID))
	}
}

func scriptHang(ts *testscript.TestScript, _ bool, _ []string) {
	address := strings.TrimPrefix(ts.Getenv("FARM_MANAGER"), "http://")
	conn, err := net.Dial("tcp", address)
	ts.Check(err)
	ts.Defer(func() { conn.Close() })
	_, err = io.WriteString(conn, "POST /api/v3/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n")
	ts.Check(err)
	// The server says "100 Continue" once it is reading the body: from here on
	// the request is under way.
	if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 100"))); err != nil {
		ts.Fatalf("the manager does not read the request: %v", err)
	}
}

func scriptProxy(ts *testscript.TestScript, _ bool, _ []string) {
	to, err := url.Parse(ts.Getenv("FARM_MANAGER"))
	ts.Check(err)
	s := httptest.NewServer(httputil.NewSingleHostReverseProxy(to)) // which tells for whom, in X-Forwarded-For
	ts.Defer(func() {
		s.CloseClientConnections() // a worker may wait for a task
		s.Close()
	})
	ts.Setenv("PROXY", s.URL)
}

func scriptFingerprint(ts *testscript.TestScript, _ bool, args []string) {
	block, _ := pem.Decode([]byte(ts.ReadFile(args[0])))
	if block == nil {
		ts.Fatalf("%s is no certificate", args[0])
	}
	sum := sha256.Sum256(block.Bytes)
	ts.Setenv("FINGERPRINT", hex.EncodeToString(sum[:]))
}

func scriptOccupy(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv("OCCUPIED", l.Addr().String())
}

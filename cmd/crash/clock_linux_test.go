package crash

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// turnedClock is Go's own time.Now with a clock that goes wrong: CRASH_CLOCK is a list of
// how many seconds after the start it is off from then on by how many, as in 0:3600,5:-3600.
// Only what a wall clock shows is changed, as a user or a time server does it.
const turnedClock = `
type crashTurn struct{ after, off int64 }

var crashTurns = readCrashTurns()

func readCrashTurns() (turns []crashTurn) {
	text, _ := syscall.Getenv("CRASH_CLOCK")
	n, sign, after := int64(0), int64(1), int64(0)
	for i := 0; text != "" && i <= len(text); i++ {
		switch {
		case i == len(text) || text[i] == ',':
			turns = append(turns, crashTurn{after * 1e9, sign * n})
			n, sign = 0, 1
		case text[i] == ':':
			after, n, sign = n, 0, 1
		case text[i] == '-':
			sign = -1
		default:
			n = n*10 + int64(text[i]-'0')
		}
	}
	return turns
}

func crashOff(mono int64) (off int64) {
	for _, t := range crashTurns {
		if mono-startNano >= t.after {
			off = t.off
		}
	}
	return off
}
`

// buildTurned builds the program with the turned clock. The reason is not empty if this
// version of Go has another time.Now.
func buildTurned(t *testing.T) (path, reason string) {
	t.Helper()
	original := filepath.Join(strings.TrimSpace(command(t, "go", "env", "GOROOT")), "src", "time", "time.go")
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err.Error()
	}
	const begin = "\tsec, nsec, mono := runtimeNow()\n"
	if strings.Count(string(text), "func Now() Time {\n"+begin) != 1 || !strings.Contains(string(text), "import (\n") {
		return "", "the clock of " + runtime.Version() + " is not the one that can be turned here"
	}
	turned := strings.Replace(string(text), "func Now() Time {\n"+begin, "func Now() Time {\n"+begin+"\tsec += crashOff(mono)\n", 1)
	turned = strings.Replace(turned, "import (\n", "import (\n\t\"syscall\"\n", 1) + turnedClock
	replacement := filepath.Join(scratch, "time.go")
	overlay := filepath.Join(scratch, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: replacement}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{replacement: []byte(turned), overlay: list} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if path, err = build("farm-turned", overlay); err != nil {
		t.Fatal(err)
	}
	return path, ""
}

// turnClock turns the manager's clock an hour on and back, while it runs and between two
// starts: no worker is lost for it, no task taken back, nothing is in another order.
func turnClock(t *testing.T) {
	n := times(t, 3)
	const name = "manager's clock turned by an hour"
	path, reason := buildTurned(t)
	skipUnless(t, name, reason)
	m := newManager(t, t.TempDir())
	m.binary = path
	// The usual limits, of a minute and ten: an hour is beyond both.
	m.env = append(m.env, "FARM_WORKER_TIMEOUT=1m", "FARM_TASK_TIMEOUT=10m", "CRASH_CLOCK=0:0,1:3600,3:-3600")
	p := newPart(t, name, m, usual)
	p.repeat(n, func() error {
		wait(5 * time.Second)
		p.m.kill()
		p.m.env[len(p.m.env)-1] = fmt.Sprintf("CRASH_CLOCK=0:%d,2:%d", []int{3600, -3600, 0}[p.runs%3], []int{-3600, 0, 3600}[p.runs%3])
		return p.m.restart()
	})
	p.finish()
}

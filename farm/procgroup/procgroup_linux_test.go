package procgroup

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// workerRole makes this test's own binary a worker that runs a script of the shell
// and waits, to be killed. Its value is the owner.
const workerRole = "PROCGROUP_TEST_WORKER"

// noCgroups lets such a worker do without cgroups.
const noCgroups = "PROCGROUP_TEST_NO_CGROUPS"

// runs is how often each script is killed.
func runs() int {
	if os.Getenv("FARM_SOAK") != "" {
		return 20
	}
	return 2
}

func TestMain(m *testing.M) {
	RunKeeper(os.Args)
	if os.Getenv(noCgroups) != "" {
		cgroupBase = func() string { return "" }
	}
	if owner := os.Getenv(workerRole); owner != "" {
		g, err := Start(Spec{Exe: "sh", Args: []string{"-c", os.Args[1]}, Owner: owner, Output: os.Stdout})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		g.Wait()
		select {}
	}
	os.Exit(m.Run())
}

// scripts print a process id for each process that they start, and wait. Each is
// a way to get out of a simple process group, or to be missed when it is killed.
var scripts = map[string]string{
	"plain":        `echo $$; exec sleep 100`,
	"wrapper":      `echo $$; sh -c 'echo $$; sleep 100; :'; :`,
	"helper":       `echo $$; sleep 100 & echo $!; wait`,
	"session":      `echo $$; setsid sh -c 'echo $$; exec sleep 100' & wait`,
	"double fork":  `echo $$; (sh -c 'sh -c "echo \$\$; exec sleep 100" &'); sleep 100`,
	"daemon":       `echo $$; setsid sh -c '(setsid sh -c "echo \$\$; exec sleep 100" &)'; sleep 100`,
	"stubborn":     `trap '' TERM HUP INT; echo $$; setsid sh -c 'trap "" TERM HUP; echo $$; while :; do sleep 1; done'`,
	"no variables": `echo $$; env -i setsid /bin/sh -c 'echo $$; exec sleep 100' & wait`,
}

// pids is how many each of them prints.
func pids(script string) int { return strings.Count(script, "echo") }

// modes runs the test with a cgroup where there is one, and without.
func modes(t *testing.T, test func(t *testing.T)) {
	t.Run("tree", func(t *testing.T) {
		was := cgroupBase
		cgroupBase = func() string { return "" }
		defer func() { cgroupBase = was }()
		t.Setenv(noCgroups, "1")
		test(t)
	})
	t.Run("cgroup", func(t *testing.T) {
		if cgroupBase() == "" {
			t.Skip("there is no writable cgroup v2 here")
		}
		test(t)
	})
}

// started starts a script and returns the ids it prints.
func started(t *testing.T, script string) (*Group, []int) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	g, err := Start(Spec{Exe: "sh", Args: []string{"-c", script}, Output: w})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g, readIDs(t, bufio.NewScanner(r), pids(script))
}

func readIDs(t *testing.T, lines *bufio.Scanner, n int) (ids []int) {
	t.Helper()
	for len(ids) < n && lines.Scan() {
		id, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if len(ids) < n {
		t.Fatalf("the script printed %d ids, not %d", len(ids), n)
	}
	return ids
}

// gone fails unless all have ended within the time.
func gone(t *testing.T, within time.Duration, ids ...int) {
	t.Helper()
	end := time.Now().Add(within)
	for _, id := range ids {
		fd, err := unix.PidfdOpen(id, 0)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for err = unix.EINTR; err == unix.EINTR; {
			left := max(0, time.Until(end))
			n, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left/time.Millisecond))
		}
		if n != 1 {
			t.Errorf("process %d still runs (%v)", id, err)
			unix.Kill(id, unix.SIGKILL)
		}
		unix.Close(fd)
	}
}

// A program ends as it ends, and its keeper with it.
func TestExit(t *testing.T) {
	cases := []struct {
		script string
		want   Exit
	}{{"exit 0", Exit{}}, {"exit 3", Exit{Code: 3}}, {"kill -9 $$", Exit{-1, "signal: killed"}}, {"kill -TERM $$", Exit{-1, "signal: terminated"}}}
	modes(t, func(t *testing.T) {
		for _, c := range cases {
			g, _ := started(t, c.script)
			if got, err := g.Wait(); got != c.want || err != nil {
				t.Errorf("%s: %+v %v", c.script, got, err)
			}
			g.Close()
			if _, err := os.Stat("/proc/" + strconv.Itoa(g.keeper.Process.Pid)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: its keeper is still there (%v)", c.script, err)
			}
		}
	})
}

// What cannot be started says why.
func TestNotStarted(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program"), 0o700); err != nil {
		t.Fatal(err)
	}
	for exe, want := range map[string]error{"no-such-program-here": exec.ErrNotFound, "/no/such": fs.ErrNotExist, "/etc/passwd": fs.ErrPermission, text: syscall.ENOEXEC} {
		if _, err := Start(Spec{Exe: exe}); !errors.Is(err, want) {
			t.Errorf("%s: %v", exe, err)
		}
	}
}

// Close leaves nothing, wherever a process went.
func TestCloseEndsAll(t *testing.T) {
	modes(t, func(t *testing.T) {
		for name, script := range scripts {
			t.Run(name, func(t *testing.T) {
				g, ids := started(t, script)
				if ids[0] != g.PID() {
					t.Errorf("it is process %d, and says %d", g.PID(), ids[0])
				}
				g.Close()
				gone(t, 0, ids...)
			})
		}
	})
}

// stat is what /proc/ID/stat says of a process after its name, the state first.
func stat(t *testing.T, id int) []string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+2:]))
}

// used is the processor time of processes, in ticks.
func used(t *testing.T, ids []int) (total int) {
	t.Helper()
	for _, id := range ids {
		fields := stat(t, id)
		user, _ := strconv.Atoi(fields[11])
		system, _ := strconv.Atoi(fields[12])
		total += user + system
	}
	return total
}

// A frozen group uses no processor, goes on when it is thawed, and can be ended while
// it is frozen.
func TestFreeze(t *testing.T) {
	const script = `echo $$; setsid sh -c 'echo $$; while :; do :; done' & sh -c 'echo $$; while :; do :; done' & wait`
	modes(t, func(t *testing.T) {
		g, ids := started(t, script)
		busy := func(want bool) {
			t.Helper()
			begun := used(t, ids)
			for end := time.Now().Add(time.Minute); want && used(t, ids) == begun && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			}
			if !want {
				time.Sleep(300 * time.Millisecond) // 30 ticks of each that would run
			}
			if now := used(t, ids); (now > begun) != want {
				t.Errorf("%d ticks were used, wanted some: %v", now-begun, want)
			}
		}
		busy(true)
		for range 3 {
			g.Freeze()
			stands(t, ids)
			busy(false)
			g.Thaw()
			busy(true)
		}
		g.Freeze()
		g.Interrupt()
		if exit, err := g.Wait(); exit.How != "signal: killed" || err != nil {
			t.Errorf("%+v %v", exit, err)
		}
		g.Close()
		gone(t, 0, ids...)
	})
}

// stands waits until none of the processes runs or waits for a processor. On a busy
// computer one that is stopped may still have to run to notice it.
func stands(t *testing.T, ids []int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if !slices.ContainsFunc(ids, func(id int) bool { return stat(t, id)[0] == "R" }) {
			return
		}
	}
	t.Error("it does not stand still")
}

// A worker that is killed while its group is frozen takes it along.
func TestKilledWhileFrozen(t *testing.T) {
	modes(t, func(t *testing.T) {
		g, ids := started(t, scripts["daemon"])
		g.Freeze()
		g.Close() // closes the pipe, as the end of the worker does
		gone(t, 0, ids...)
	})
}

// What had stopped by itself is not continued.
func TestThawLeavesTheStopped(t *testing.T) {
	g, ids := started(t, `sh -c 'echo $$; kill -STOP $$; :' & wait`)
	state := func() (s byte) {
		for _, p := range processes() {
			if p.pid == ids[0] {
				s = p.state
			}
		}
		return s
	}
	for end := time.Now().Add(5 * time.Second); state() != 'T' && time.Now().Before(end); time.Sleep(time.Millisecond) {
	}
	g.Freeze()
	g.Thaw()
	g.Freeze()
	g.Thaw()
	if got := state(); got != 'T' {
		t.Errorf("its state is %c", got)
	}
}

// Limits are the program's and its children's, and Used tells how.
func TestLimits(t *testing.T) {
	score := 300
	limits := Limits{Nice: 7, IO: IOIdle, CPUs: 1, Memory: 1 << 30, OOM: &score}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	g, err := Start(Spec{Exe: "sh", Args: []string{"-c", `sh -c 'nice; nproc; ionice; ulimit -d'; sleep 0.1; cat /proc/$$/oom_score_adj`}, Output: w, Limits: limits})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	lines := bufio.NewScanner(r)
	want := []string{"7", "1", "idle", strconv.Itoa(1 << 20), "300"}
	if strings.Contains(g.Used(), "cgroup") {
		want[3] = "unlimited"
	}
	for i := range want {
		if lines.Scan(); lines.Text() != want[i] {
			t.Errorf("line %d is %q, want %q", i, lines.Text(), want[i])
		}
	}
	if !strings.HasPrefix(g.Used(), "nice 7, disk idle, processors by affinity, memory ") {
		t.Errorf("used: %q", g.Used())
	}
}

// The time of children counts, also of those that have ended.
func TestReadStat(t *testing.T) {
	p, ok := readStat([]byte("12 (a) b (c) S 1 77 77 0 -1 4194560 1 2 3 4 100 20 3 4 20 0 1 0 5 6 7"))
	if !ok || p.parent != 1 || p.state != 'S' || p.used != 1270*time.Millisecond {
		t.Errorf("%+v %v", p, ok)
	}
	for _, bad := range []string{"", "12", "12 (a", "12 (a) S 1 77", "12 (a) S x x x x x x x x x x x x x x x x"} {
		if _, ok := readStat([]byte(bad)); ok {
			t.Errorf("%q is read", bad)
		}
	}
}

// Whatever a program started counts, in whichever session, and when it has ended.
func TestSpent(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	const burn = `i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done`
	g, err := Start(Spec{Exe: "sh", Args: []string{"-c", `setsid sh -c '` + burn + `' & wait; setsid sh -c '(` + burn + `; echo burnt) &'; sleep 1000`}, Output: w})
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, known := g.Spent(); !known {
		t.Error("a group that runs is not known")
	}
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || line != "burnt\n" {
		t.Fatalf("%q %v", line, err)
	}
	if used, known := g.Spent(); !known || used < 100*time.Millisecond {
		t.Errorf("it used %s, %v", used, known)
	}
	g.Close()
	if used, known := g.Spent(); known {
		t.Errorf("when it has ended it used %s", used)
	}
}

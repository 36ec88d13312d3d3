package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// shell returns a process that runs the script and collects its lines. Each
// line is sent to said, too, which must be read or have room.
func shell(script string, said chan<- string) (process, *[]string) {
	var lines []string
	return process{exe: "/bin/sh", args: []string{"-c", script}, line: func(_ int, text string) {
		lines = append(lines, text)
		if said != nil {
			said <- text
		}
	}, killAfter: 300 * time.Millisecond, drainFor: 300 * time.Millisecond}, &lines
}

// gone waits until a process has ended; whether somebody reaps it is not ours.
func gone(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 10_000); n != 1 {
		t.Errorf("process %d still runs (%v)", pid, err)
	}
}

func TestOutputIsMergedInOrder(t *testing.T) {
	p, lines := shell(`for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf 'a\rb\r\nc\n\nend'`, nil)
	if err := p.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"out 1", "err 1", "out 2", "err 2", "out 3", "err 3", "a", "b", "c", "", "end"}
	if !slices.Equal(*lines, want) {
		t.Errorf("lines %q, want %q", *lines, want)
	}
}

func TestExitCodes(t *testing.T) {
	cases := []struct{ script, want string }{
		{"exit 0", ""},
		{"exit 3", "command exited abnormally with code 3"},
		{"kill -9 $$", "command exited abnormally with code -1 (signal: killed)"},
	}
	for _, c := range cases {
		p, _ := shell(c.script, nil)
		got := ""
		if err := p.run(t.Context()); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.script, got, c.want)
		}
	}
}

func TestCannotStart(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for exe, want := range map[string]string{
		"no-such-program-here": "Install it, or correct the path",
		"/no/such/program":     "Install it, or correct the path",
		plain:                  "permissions",
	} {
		p := process{exe: exe, line: func(int, string) {}}
		if err := p.run(t.Context()); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), exe) {
			t.Errorf("%s: %v", exe, err)
		}
	}
}

// Canceling ends the whole group: what tells it to end may be ignored, and its
// children have children.
func TestCancelEndsTheGroup(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"polite":     `sleep 100 & echo $!; wait`,
		"stubborn":   `trap '' TERM; (trap '' TERM; sleep 100 & echo $!; wait); sleep 100`,
		"deep":       `sh -c 'sh -c "sleep 100 & echo \$!; wait"'`,
		"no pipe":    `sleep 100 >/dev/null 2>&1 & echo $!; sleep 100`,
		"leader out": `trap 'exit 0' TERM; sh -c 'trap "" TERM; echo $$; while :; do sleep 1; done' & wait`,
	} {
		t.Run(name, func(t *testing.T) {
			said := make(chan string, 10)
			p, _ := shell(script, said)
			ctx, cancel := context.WithCancelCause(t.Context())
			result := make(chan error)
			go func() { result <- p.run(ctx) }()
			pid, err := strconv.Atoi(<-said)
			if err != nil {
				t.Fatal(err)
			}
			cancel(errTest)
			if err := <-result; name != "leader out" && !errors.Is(err, errTest) {
				t.Errorf("run: %v", err)
			}
			gone(t, pid)
		})
	}
}

// A program that ends and leaves a child behind which holds its output open
// does not hold up the task, and the child goes.
func TestPipeHeldOpenByGrandchild(t *testing.T) {
	t.Parallel()
	said := make(chan string, 10)
	p, _ := shell(`sleep 100 & echo $!`, said)
	begun := time.Now()
	if err := p.run(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	pid, err := strconv.Atoi(<-said)
	if err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
}

// So does one that also left the process group.
func TestPipeHeldOpenFromOutsideTheGroup(t *testing.T) {
	t.Parallel()
	said := make(chan string, 10)
	p, _ := shell(`setsid sh -c 'echo $$; exec sleep 100' & sleep 0.2`, said)
	if err := p.run(t.Context()); err != nil {
		t.Error(err)
	}
	pid, err := strconv.Atoi(<-said)
	if err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
}

func TestNotStartedWhenCanceled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	p, lines := shell("echo no", nil)
	if err := p.run(ctx); !errors.Is(err, errTest) || len(*lines) > 0 {
		t.Errorf("%v %q", err, *lines)
	}
}

// Many at once, and garbage-collected threads in between, must not end children early.
func TestManyChildren(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			p, lines := shell(fmt.Sprintf("echo %d; sleep 0.05; echo end", i), nil)
			if err := p.run(t.Context()); err != nil || len(*lines) != 2 {
				t.Errorf("child %d: %v %q", i, err, *lines)
			}
		})
	}
	all.Wait()
}

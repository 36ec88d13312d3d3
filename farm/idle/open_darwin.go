package idle

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// idleTime is how ioreg shows nanoseconds since the last input.
var idleTime = regexp.MustCompile(`"HIDIdleTime" = ([0-9]+)`)

// open asks macOS through its own program ioreg, which needs no permission.
func open(context.Context) (source, error) {
	return &polled{who: "macOS", ask: func(ctx context.Context) (time.Duration, error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		text, err := exec.CommandContext(ctx, "/usr/sbin/ioreg", "-c", "IOHIDSystem", "-d", "4").Output()
		if err != nil {
			return 0, err
		}
		found := idleTime.FindSubmatch(text)
		if found == nil {
			return 0, errors.New("ioreg tells no HIDIdleTime")
		}
		ns, err := strconv.ParseInt(string(found[1]), 10, 64)
		return time.Duration(ns), err
	}}, nil
}

// programs returns all that run, without their processor time.
func programs() (all []program) {
	text, err := exec.Command("/bin/ps", "-axo", "pid=,ppid=,comm=").Output()
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		pid, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		parent, name, _ := strings.Cut(strings.TrimSpace(rest), " ")
		p, err1 := strconv.Atoi(pid)
		pp, err2 := strconv.Atoi(parent)
		if err1 == nil && err2 == nil {
			all = append(all, program{pid: p, parent: pp, name: filepath.Base(strings.TrimSpace(name))})
		}
	}
	return all
}

func ownName() string {
	exe, _ := os.Executable()
	return filepath.Base(exe)
}

func processors() int { return runtime.NumCPU() }

package service

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
)

func worker() *Spec {
	return &Spec{Name: "farm-worker", About: "worker of 100 % of the farm", Executable: `/opt/my farm/farm`, RunAs: "render",
		Args: []string{"work", "--home", `/srv/a "b" $c 50%`, "--restart-exit-code", "75"}, Home: `/srv/a "b" $c 50%`}
}

// TestUnit has systemd itself judge the units, where it is installed.
func TestUnit(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"worker":          func(*Spec) {},
		"manager":         func(s *Spec) { s.Manager = true },
		"of a user":       func(s *Spec) { s.OfUser = true },
		"user's manager":  func(s *Spec) { s.OfUser, s.Manager = true, true },
		"administrator's": func(s *Spec) { s.RunAs = "" },
	} {
		t.Run(name, func(t *testing.T) {
			s := worker()
			change(s)
			text := s.File("linux")
			for _, line := range []string{`ExecStart="/opt/my farm/farm" "work" "--home" "/srv/a \"b\" $$c 50%%" "--restart-exit-code" "75"`,
				"Description=worker of 100 %% of the farm", "Restart=on-failure", "RestartPreventExitStatus=2", "NoNewPrivileges=yes", "StartLimitIntervalSec=0"} {
				if !strings.Contains(text, line+"\n") {
					t.Errorf("there is no line %s in\n%s", line, text)
				}
			}
			for line, is := range map[string]bool{"User=render": !s.OfUser && s.RunAs != "", "ProtectSystem=full": !s.OfUser, "PrivateDevices=yes": s.Manager && !s.OfUser,
				"Delegate=yes": !s.Manager, "WantedBy=default.target": s.OfUser, "CapabilityBoundingSet=\n": !s.Manager && !s.OfUser && s.RunAs != ""} {
				if strings.Contains(text, line) != is {
					t.Errorf("%q is expected: %t, in\n%s", line, is, text)
				}
			}
			verify(t, s)
		})
	}
}

// verify has "systemd-analyze verify" read a unit, with a program that is there.
func verify(t *testing.T, s *Spec) {
	t.Helper()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("not judged by systemd: ", err)
		return
	}
	dir := t.TempDir()
	s.Executable = filepath.Join(dir, "my farm")
	file := filepath.Join(dir, "farm-test-of-units.service")
	if err := errors.Join(os.WriteFile(s.Executable, []byte("#!/bin/sh\n"), 0o755), os.WriteFile(file, []byte(s.File("linux")), 0o600)); err != nil {
		t.Fatal(err)
	}
	args := []string{"verify", file}
	if s.OfUser {
		args = append([]string{"--user"}, args...)
	}
	c := exec.CommandContext(t.Context(), analyze, args...)
	c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+dir)
	if out, err := c.CombinedOutput(); err != nil || strings.Contains(string(out), "farm-test-of-units") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestJob reads the job of launchd as XML. No launchd has judged it.
func TestJob(t *testing.T) {
	s := worker()
	s.Args = append(s.Args, "a<b&c")
	text := s.File("darwin")
	d := xml.NewDecoder(strings.NewReader(text))
	var words []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if data, ok := token.(xml.CharData); ok && strings.TrimSpace(string(data)) != "" {
			words = append(words, string(data))
		}
	}
	all := strings.Join(words, "|")
	for _, part := range []string{"|/opt/my farm/farm|work|--home|" + s.Home + "|", "|a<b&c|", "|KeepAlive|SuccessfulExit|", "|UserName|render|", "|ProcessType|Interactive|"} {
		if !strings.Contains(all, part) {
			t.Errorf("%s is not in %s", part, all)
		}
	}
	if s.File("windows") != "" {
		t.Error("Windows has no such file")
	}
}

func TestCheck(t *testing.T) {
	for _, change := range []func(*Spec){
		func(s *Spec) { s.Name = "" },
		func(s *Spec) { s.Name = "../farm" },
		func(s *Spec) { s.Name = "-farm" },
		func(s *Spec) { s.Home = "/srv/x\nUser=root" },
		func(s *Spec) { s.Executable = "/opt/{{Name}}" },
		func(s *Spec) { s.RunAs = "a\r" },
	} {
		s := worker()
		if change(s); farm.KindOf(s.Check()) != farm.Invalid {
			t.Errorf("%+v is not refused", s)
		}
	}
	if err := worker().Check(); err != nil {
		t.Error(err)
	}
}

func TestRun(t *testing.T) {
	if status := Run(t.Context(), func(context.Context) int { return 7 }); status != 7 {
		t.Errorf("the status is %d", status)
	}
}

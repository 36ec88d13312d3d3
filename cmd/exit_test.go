package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want int
		says string // part of what the user reads
	}{
		{"nothing wrong", nil, exitOK, ""},
		{"something", errors.New("disk full"), exitFailed, "disk full"},
		{"a refusal", &api.Error{Status: 409, Message: "not now"}, exitFailed, "not now"},
		{"wrong usage", fmt.Errorf("x: %w", usageErrorf("no such flag")), exitUsage, `no such flag. See "farm help"`},
		{"a failed job", &statusError{exitJobFailed, "1 of 1 jobs did not complete"}, exitJobFailed, "did not complete"},
		{"a restart", &statusError{status: 42}, 42, ""},
		{"unknown to the manager", &api.Error{Status: 404, Message: "no such job"}, exitNotFound, "no such job"},
		{"unknown here", farm.Errorf(farm.NotFound, "there is no worker"), exitNotFound, "there is no worker"},
		{"no manager", farm.Errorf(farm.Unavailable, "cannot reach the manager."), exitUnreachable, "--manager URL or FARM_MANAGER"},
		{"a silent manager", farm.Errorf(farm.Busy, "no answer within 30s: %w", context.DeadlineExceeded), exitUnreachable, "no answer within 30s"},
		{"switched off at the manager", &api.Error{Status: 501, Message: "not in this version"}, exitFailed, "not in this version"},
		{"a signal", fmt.Errorf("wait: %w", errInterrupted), exitInterrupted, "interrupted"},
		{"a canceled call", fmt.Errorf("wait: %w", context.Canceled), exitInterrupted, "interrupted"},
	} {
		if got := exitStatus(c.err); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
		if c.err == nil {
			continue
		}
		if got := errorText(c.err); !strings.Contains(got, c.says) || c.says == "" && got != "" {
			t.Errorf("%s: the user reads %q, without %q", c.name, got, c.says)
		}
	}
}

package cmd

import (
	"strings"
	"testing"
	"time"

	"renderfarm/farm/worker"
)

func TestParseUntil(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 30, 18, 0, 0, 0, berlin)
	for text, want := range map[string]time.Time{
		"02:00":                time.Date(2026, 12, 1, 2, 0, 0, 0, berlin),
		"18:00":                time.Date(2026, 12, 1, 18, 0, 0, 0, berlin),
		"18:01":                time.Date(2026, 11, 30, 18, 1, 0, 0, berlin),
		"2026-12-24T18:00:00Z": time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC),
		"@1780000000":          time.Unix(1780000000, 0),
	} {
		if got, err := parseUntil(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, bad := range []string{"25:00", "tomorrow", "@-1", "@", "1h"} {
		if got, err := parseUntil(bad, now); exitStatus(err) != exitUsage {
			t.Errorf("%s: %v, %v", bad, got, err)
		}
	}
	var o worker.Options
	end := workEnd{left: 2 * time.Hour, idle: time.Minute, temporary: true}
	if err := end.set(&o, now); err != nil || !o.Ends.Equal(now.Add(2*time.Hour)) || o.ExitWhenIdle != time.Minute || !o.Temporary {
		t.Errorf("%+v, %v", o, err)
	}
}

// Workers that do not come back join with one code, each of them once, from one home.
func TestTemporaryWorkersJoin(t *testing.T) {
	f := &testFarm{session: testSession(t, map[string]string{"FARM_LISTEN": ":0"})}
	f.start(t)
	t.Cleanup(func() { f.stop(t) })
	env, err := joinCodes(f.client, "test")(t.Context(), 2)
	if err != nil || len(env) != 1 {
		t.Fatal(env, err)
	}
	_, code, _ := strings.Cut(env[0], "=")
	home := t.TempDir()
	work := func(name string) (int, string) {
		s := testSession(t, map[string]string{joinVariable: code})
		var said strings.Builder
		s.errOut = &said
		status := run(t.Context(), s, []string{"work", "--temporary", "--exit-when-idle", "1s", "--task-types", "misc", "--name", name, "--manager", f.host.url, "--home", home})
		return status, said.String()
	}
	for _, name := range []string{"a", "b"} {
		if status, said := work(name); status != exitOK || !strings.Contains(said, "signed off") {
			t.Errorf("%s: %d: %s", name, status, said)
		}
	}
	if status, said := work("c"); status == exitOK || !strings.Contains(said, "this join code was used already") {
		t.Errorf("the code is used once more: %d: %s", status, said)
	}
	codes, err := f.client.FetchJoinCodes(t.Context())
	if err != nil || len(codes.Codes) != 1 || len(codes.Codes[0].Used) != 2 {
		t.Errorf("%+v, %v", codes, err)
	}
	workers, err := f.client.FetchWorkers(t.Context())
	if err != nil || len(workers.Workers) != 0 {
		t.Errorf("workers that are left: %+v, %v", workers, err)
	}
}

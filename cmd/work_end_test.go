package cmd

import (
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

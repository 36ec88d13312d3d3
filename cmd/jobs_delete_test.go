package cmd

import (
	"testing"
	"time"
)

func TestParseBefore(t *testing.T) {
	zone := time.FixedZone("here", 3600)
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, zone)
	for text, want := range map[string]time.Time{
		"2026-10-01":                now.AddDate(0, -1, -24).Add(-12 * time.Hour),
		"2026-10-01T18:00:00":       now.AddDate(0, -1, -24).Add(6 * time.Hour),
		"2026-10-01 18:00:00":       now.AddDate(0, -1, -24).Add(6 * time.Hour),
		"2026-11-25T00:00:00+01:00": now.Add(-12 * time.Hour),
		"30d":                       now.AddDate(0, 0, -30),
		"0d":                        now,
		"90m":                       now.Add(-90 * time.Minute),
		"1h30m":                     now.Add(-90 * time.Minute),
	} {
		if got, err := parseBefore(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "-3d", "-1h", "3 d", "3dx", "d", "2026-13-01", "5"} {
		if got, err := parseBefore(text, now); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

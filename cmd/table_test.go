package cmd

import (
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	var out strings.Builder
	s := &session{out: &out, getenv: func(string) string { return "" }}
	table := s.table("id", "status", "name")
	table.row("1f2e3d4c", status("active"), "Übersicht")
	table.row("99", status("failed"), "evil\x1b[2Jname\n")
	if err := table.print(); err != nil {
		t.Fatal(err)
	}
	want := "ID        STATUS  NAME\n1f2e3d4c  active  Übersicht\n99        failed  evil?[2Jname?\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// TestTableColors checks that colours do not move columns.
func TestTableColors(t *testing.T) {
	var out strings.Builder
	table := &table{out: &out, colors: true, rows: [][]cell{{{"S", faint}, {"N", faint}}}}
	table.row(status("failed"), 1)
	table.row(status("queued"), 2)
	if err := table.print(); err != nil {
		t.Fatal(err)
	}
	want := "\x1b[2mS\x1b[0m       \x1b[2mN\x1b[0m\n\x1b[91mfailed\x1b[0m  1\nqueued  2\n"
	if out.String() != want {
		t.Errorf("got\n%q\nwant\n%q", out.String(), want)
	}
}

func TestTableEmpty(t *testing.T) {
	var out strings.Builder
	s := &session{out: &out, getenv: func(string) string { return "" }}
	if err := s.table("id").print(); err != nil || out.Len() > 0 {
		t.Errorf("an empty table printed %q, %v", out.String(), err)
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		before time.Duration
		want   string
	}{
		{0, "now"},
		{-time.Hour, "now"}, // the manager's clock is ahead of ours
		{12 * time.Second, "12s ago"},
		{59*time.Minute + 59*time.Second, "59m ago"},
		{47 * time.Hour, "47h ago"},
		{72 * time.Hour, "3 days ago"},
	} {
		if got := ago(now.Add(-c.before), now); got != c.want {
			t.Errorf("%s before: got %q, want %q", c.before, got, c.want)
		}
	}
	if got := ago(time.Time{}, now); got != "never" {
		t.Errorf("the zero time: got %q", got)
	}
}

func TestProgress(t *testing.T) {
	for _, c := range []struct {
		done, total int
		want        string
	}{{0, 0, "-"}, {0, 3, "0%"}, {999, 1000, "99%"}, {3, 3, "100%"}} {
		if got := progress(c.done, c.total); got != c.want {
			t.Errorf("%d of %d: got %q, want %q", c.done, c.total, got, c.want)
		}
	}
}

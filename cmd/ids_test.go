package cmd

import (
	"strings"
	"testing"
)

func TestOnly(t *testing.T) {
	for _, c := range []struct {
		found  []string
		want   string
		status int
		says   string
	}{
		{nil, "", exitNotFound, `there is no job "1f": "farm jobs list" shows them all`},
		{[]string{"1f2e"}, "1f2e", exitOK, ""},
		{[]string{"1f2e", "1f3e", "1f4e"}, "", exitUsage, `"1f" matches 3 jobs (1f2e and 1f3e and 1 more): give more of the id`},
	} {
		got, err := only("job", "1f", c.found)
		if got != c.want || exitStatus(err) != c.status {
			t.Errorf("%v: got %q, %v", c.found, got, err)
		}
		if err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: got %q, want %q", c.found, err, c.says)
		}
	}
}

func TestIsPrefix(t *testing.T) {
	for text, want := range map[string]bool{"": false, "1f2e": true, "1F2E3D4C-5a": true, "render07": false, "..": false} {
		if got := isPrefix(text); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

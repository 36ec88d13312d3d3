package ui_test

import (
	"io/fs"
	"path"
	"regexp"
	"testing"

	"renderfarm/ui"
)

// What the page writes for people, case by case, in the page's own words.
func TestFormat(t *testing.T) {
	p := open(t, startFarm(t, "serve"), "/app/")
	const noon = "Date.parse('2026-03-01T12:00:00Z')"
	for _, c := range []struct{ call, want string }{
		{"ago('2026-03-01T11:59:58Z', " + noon + ")", "just now"},
		{"ago('2026-03-01T12:00:09Z', " + noon + ")", "just now"},
		{"ago('2026-03-01T11:59:48Z', " + noon + ")", "10 s ago"},
		{"ago('2026-03-01T11:58:30.5Z', " + noon + ")", "1 min ago"},
		{"ago('2026-03-01T09:30:00Z', " + noon + ")", "2 h ago"},
		{"ago('2026-02-20T12:00:00Z', " + noon + ")", "9 d ago"},
		{"ago('2025-12-24T12:00:00Z', " + noon + ")", "2025-12-24"},
		{"ago('0001-01-01T00:00:00Z', " + noon + ")", "never"},
		{"ago(undefined, " + noon + ")", "never"},
		{"exactly('0001-01-01T00:00:00Z')", ""},
		{"between(new Date(2026, 2, 1, 9, 5), new Date(2026, 2, 1, 14, 20), new Date(2026, 2, 1))", "09:05–14:20"},
		{"between(new Date(2026, 2, 1, 23), new Date(2026, 2, 2, 1), new Date(2026, 2, 1))", "23:00–Mon 01:00"},
		{"between(new Date(2026, 2, 1, 9, 5), new Date(2026, 2, 1, 9, 5), new Date(2026, 2, 1))", "09:05"},
		{"percent(0, 0)", "0"},
		{"percent(999, 1000)", "99"},
		{"percent(1000, 1000)", "100"},
		{"percent(12, 10)", "100"},
		{"bytes(999)", "999 B"},
		{"bytes(15300)", "15.3 kB"},
		{"bytes(2500000)", "2.5 MB"},
		{"bytes(56377600000)", "56 GB"},
		{"bytes(1500000000000)", "1.5 TB"},
		{"count(1, 'job')", "1 job"},
		{"count(1234, 'job')", "1,234 jobs"},
		{"word('pause-requested')", "pausing"},
		{"word('active')", "active"},
		{"word('')", "new"},
		{"text('a')", "a"},
		{"text({a: [1, null]})", `{"a":[1,null]}`},
		{"text(['--frames', 1, []])", "--frames\n1\n[]"},
	} {
		var got string
		p.eval("import('/app/format.js').then((format) => String(format."+c.call+"))", &got)
		if got != c.want {
			t.Errorf("%s is %q, want %q", c.call, got, c.want)
		}
	}
}

// The page needs nothing but the manager, and makes no markup of data.
func TestFiles(t *testing.T) {
	files := ui.Files()
	imports := regexp.MustCompile(`(?m)^import .* from '\./([^']+)';$`)
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|https?:`)
	names, err := fs.Glob(files, "app/*.*")
	if err != nil || len(names) < 10 {
		t.Fatalf("files of the page: %v, %v", names, err)
	}
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		switch path.Ext(name) {
		case ".png", ".svg":
			continue
		}
		if bad := forbidden.Find(content); bad != nil {
			t.Errorf("%s has %q", name, bad)
		}
		for _, found := range imports.FindAllSubmatch(content, -1) {
			if _, err := fs.Stat(files, "app/"+string(found[1])); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

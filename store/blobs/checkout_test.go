package blobs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"renderfarm/farm"
)

func (s *Store) read(t *testing.T, name string) string {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(s.o.Dir, "jobs", filepath.FromSlash(name)))
	if err != nil {
		t.Error(err)
	}
	return string(got)
}

// age makes everything in the store old.
func (s *Store) age(t *testing.T, by time.Duration) {
	t.Helper()
	s.Close()
	then := time.Now().Add(-by)
	for _, name := range s.tree(t, "file-store") {
		if err := os.Chtimes(filepath.Join(s.o.Dir, "file-store", name), then, then); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWaysOfLinking makes the same checkout by links and by copies, and removes it again.
func TestWaysOfLinking(t *testing.T) {
	for method, name := range linkMethods {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.linkMethod.Store(int32(method))
			got := s.mustCheckout(t, "films/shot 010", "shot.blend", "BLEND", "tex/été/wood.png", "wood", "tex/copy.png", "wood", "empty", "")
			if got != "films/shot 010" {
				t.Errorf("at %q", got)
			}
			for name, want := range map[string]string{"shot.blend": "BLEND", "tex/été/wood.png": "wood", "tex/copy.png": "wood", "empty": ""} {
				if content := s.read(t, got+"/"+name); content != want {
					t.Errorf("%s is %q", name, content)
				}
			}
			info, err := os.Lstat(filepath.Join(s.o.Dir, "jobs", got, "shot.blend"))
			if err != nil || (info.Mode()&os.ModeSymlink != 0) != (method == 0) || int(s.linkMethod.Load()) != method {
				t.Errorf("made by another way: %v, %v", info.Mode(), err)
			}
			if is, err := s.IsCheckout(got); !is || err != nil {
				t.Errorf("it is no checkout: %v", err)
			}
			if in, err := s.CheckoutOf(got + "/tex/été/wood.png"); in != got || err != nil {
				t.Errorf("a file in it is in %q, %v", in, err)
			}
			if err := errors.Join(s.Remove(got), s.Remove(got)); err != nil {
				t.Error(err)
			}
			if left := s.tree(t, "jobs"); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if is, err := s.IsCheckout(got); is || err != nil {
				t.Errorf("it is still a checkout, %v", err)
			}
			if status, _, _ := s.Status(t.Context(), keyOf("wood")); status != Present {
				t.Error("the stored file went with the checkout")
			}
		})
	}
}

func TestLinksAreRelative(t *testing.T) {
	s := newStore(t)
	s.mustCheckout(t, "a/b", "c/d.png", "D")
	target, err := os.Readlink(filepath.Join(s.o.Dir, "jobs", "a", "b", "c", "d.png"))
	k := keyOf("D")
	if want := filepath.FromSlash("../../../../file-store/stored/" + k.SHA[:2] + "/" + k.SHA[2:] + "/1.blob"); err != nil || target != want {
		t.Errorf("%q, %v; want %q", target, err, want)
	}
}

// TestUniqueNames asks for the same path again and again, at once, and for paths
// that some computer takes for the same, or that are in another checkout.
func TestUniqueNames(t *testing.T) {
	s := newStore(t)
	k := s.mustPut(t, "x")
	var all sync.Map
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			got, err := s.Checkout(t.Context(), "my job", []File{{k, "x.blend"}})
			if err != nil {
				t.Error(err)
			}
			if _, twice := all.LoadOrStore(got, true); twice {
				t.Errorf("%q was given twice", got)
			}
			if got != "my job" && !regexp.MustCompile(`^my job-[a-z0-9]{4}$`).MatchString(got) {
				t.Errorf("at %q", got)
			}
		})
	}
	wait.Wait()
	for wanted, like := range map[string]string{
		"My Job": `^My Job-[a-z0-9]{4}$`, "my job/inside": `^my job-[a-z0-9]{4}/inside$`, "my job.": `^my job-[a-z0-9]{4}$`,
		"nul": `^_nul$`, "a|b": `^a_b$`, "x//y/": `^x/y$`, strings.Repeat("é", 200): `^(é){125}$`,
	} {
		if got := s.mustCheckout(t, wanted, "x.blend", "x"); !regexp.MustCompile(like).MatchString(got) {
			t.Errorf("%q is at %q", wanted, got)
		}
	}
	if err := os.Mkdir(filepath.Join(s.o.Dir, "jobs", "by hand"), 0o777); err != nil {
		t.Fatal(err)
	}
	if got := s.mustCheckout(t, "by hand", "x.blend", "x"); !strings.HasPrefix(got, "by hand-") {
		t.Errorf("a folder that was there is used: %q", got)
	}
}

func TestWrongCheckoutPaths(t *testing.T) {
	s := newStore(t)
	k := s.mustPut(t, "x")
	for _, wanted := range []string{"", " ", "/a", "a?", "a*b", "a:b", "a;b", "{jobs}", `a\b`, "..", "../a", "a/../b", "a/..", "a../b", ".", "///", strings.Repeat("a/", 3000)} {
		if got, err := s.Checkout(t.Context(), wanted, []File{{k, "x"}}); farm.KindOf(err) != farm.Invalid {
			t.Errorf("%q: %q, %v", clip(wanted), got, err)
		}
	}
	if left := s.tree(t, "jobs"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestWrongFiles has paths that leave the checkout, or that not every computer can have.
func TestWrongFiles(t *testing.T) {
	s := newStore(t)
	x, y := s.mustPut(t, "x"), s.mustPut(t, "y")
	one := func(path string) []File { return []File{{x, path}} }
	tests := []struct {
		files []File
		says  string
	}{
		{one(""), "empty"}, {one("/etc/passwd"), "absolute"}, {one("../x"), "leave"}, {one("a/../../x"), "leave"}, {one("a/.."), "leave"}, {one("."), "names no file"},
		{one(`..\x`), "backslash"}, {one(`a\b`), "backslash"}, {one("C:/x"), "drive letter"}, {one("c:x"), "drive letter"}, {one("//server/x"), "absolute"},
		{one("a/NUL"), "device"}, {one("con.png"), "device"}, {one("Com1/x"), "device"}, {one("lpt³"), "device"}, {one("aux .tar.gz"), "device"},
		{one("a\x00b"), "control"}, {one("a\nb"), "control"}, {one("a\xffb"), "UTF-8"}, {one("a\ufffdb"), "UTF-8"},
		{one(strings.Repeat("n", 256)), "longer than 255"}, {one(strings.Repeat("long/", 800) + "x"), "too long"},
		{[]File{{x, "a"}, {y, "a"}}, "given twice"}, {[]File{{x, "Wood.png"}, {y, "wood.png"}}, "Windows and macOS"},
		{[]File{{x, "\u00e9.png"}, {y, "e\u0301.png"}}, "Windows and macOS"}, {[]File{{x, "tex"}, {y, "tex/a"}}, "a file, and the folder"},
		{[]File{{x, "Tex"}, {y, "tex/b/a"}}, "a file, and the folder"},
		{[]File{{Key{"12", 1}, "a"}}, "64 hexadecimal digits"}, {[]File{{Key{x.SHA, -1}, "a"}}, "negative"},
	}
	for _, test := range tests {
		_, err := s.Checkout(t.Context(), "job", test.files)
		if farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: %v, want %q", test.files, err, test.says)
		}
	}
	if left := append(s.tree(t, "jobs"), s.tree(t, "file-store/checkouts")...); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	// Names with which nothing is wrong.
	got := s.mustCheckout(t, "job", "a..b", "x", "...", "x", "./tex//wood.png", "x", "tex/wood.png", "x", "nulls.png", "x", "console", "x", "com10", "x", "日本語.png", "x")
	if s.read(t, got+"/tex/wood.png") != "x" || s.read(t, got+"/日本語.png") != "x" {
		t.Error("good names are not there")
	}
}

// TestLongPaths asks for paths that no file system has: that is no reason to do
// without links from then on.
func TestLongPaths(t *testing.T) {
	s := newStore(t)
	k := s.mustPut(t, "x")
	long := strings.Repeat(strings.Repeat("n", 199)+"/", 13)
	for checkout, name := range map[string]string{"deep": strings.Repeat("a/", 1500) + "x", long + "x": long + "x"} {
		if at, err := s.Checkout(t.Context(), checkout, []File{{k, name}}); farm.KindOf(err) != farm.Invalid {
			t.Errorf("%.20s: at %.20q, %v", checkout, at, err)
		}
	}
	if method := s.linkMethod.Load(); method != bySymlink {
		t.Errorf("files are put by %s now", linkMethods[method])
	}
	if left := s.tree(t, "jobs"); len(left) > 0 {
		t.Errorf("left: %.200v", left)
	}
}

// TestErrorsKeepLinks fails for reasons that say nothing of links, and makes a
// checkout below a folder that is a link: the next files are linked all the same.
func TestErrorsKeepLinks(t *testing.T) {
	s := newStore(t)
	k := s.mustPut(t, "x")
	s.Close()
	d, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	if method, err := s.put(t.Context(), d, strings.Repeat("n", 300), k, time.Now()); err == nil {
		t.Errorf("put by %s", method)
	}
	if err := d.jobs.MkdirAll("real/deep/inside", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := d.jobs.Symlink("real/deep/inside", "films"); err != nil {
		t.Skip("no symbolic links here: ", err)
	}
	if got := s.mustCheckout(t, "films/one", "x", "x"); s.read(t, got+"/x") != "x" {
		t.Error("a link below a link leads nowhere")
	}
	if method := s.linkMethod.Load(); method != bySymlink {
		t.Errorf("files are put by %s now", linkMethods[method])
	}
}

func TestMissingFiles(t *testing.T) {
	s := newStore(t)
	k := s.mustPut(t, "there")
	files := []File{{k, "there"}}
	for i := range 7 {
		files = append(files, File{keyOf(fmt.Sprint("missing", i)), fmt.Sprint("missing ", i)})
	}
	_, err := s.Checkout(t.Context(), "a/b/c", files)
	if farm.KindOf(err) != farm.Missing || !strings.Contains(err.Error(), `"missing 4" and 2 more`) || strings.Contains(err.Error(), `"there"`) {
		t.Errorf("%v", err)
	}
	if left := s.tree(t, "jobs"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestFailedCheckout fails in the middle: what was made is removed, what was there stays.
func TestFailedCheckout(t *testing.T) {
	s := newStore(t)
	s.mustCheckout(t, "films/other", "x", "x")
	a, b := s.mustPut(t, "a"), s.mustPut(t, "b")
	s.Close()
	d, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	m := &manifest{Time: time.Now(), Files: []manifestFile{{"dir/a", a.SHA, a.Size}, {"b", b.SHA, b.Size}}}
	if err := s.takeName(d, m, "films/new/one"); err != nil {
		t.Fatal(err)
	}
	theirs := filepath.Join(s.o.Dir, "jobs", "films", "new", "one", "b") // somebody is in the way
	if err := os.WriteFile(theirs, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.fill(t.Context(), d, m); farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("%v", err)
	}
	if err := s.undo(d, m); err != nil {
		t.Fatal(err)
	}
	if left := s.tree(t, "jobs"); !slices.Equal(left, []string{"films", "films/new", "films/new/one", "films/new/one/b", "films/other", "films/other/x"}) {
		t.Errorf("left: %v", left)
	}
}

// TestRemoveKeepsOthers removes a checkout to which things were added: frames, a
// file in place of a link, and another checkout beside it.
func TestRemoveKeepsOthers(t *testing.T) {
	for method, name := range linkMethods {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.linkMethod.Store(int32(method))
			got := s.mustCheckout(t, "p/job", "a.blend", "a", "tex/w.png", "w", "tex/deep/v.png", "v", "changed", "old content")
			s.mustCheckout(t, "p/second", "a.blend", "a")
			at := func(name string) string { return filepath.Join(s.o.Dir, "jobs", got, name) }
			if err := errors.Join(os.Mkdir(at("render"), 0o777), os.WriteFile(at("render/0001.png"), []byte("frame"), 0o600),
				os.Remove(at("changed")), os.WriteFile(at("changed"), []byte("new"), 0o600)); err != nil {
				t.Fatal(err)
			}
			if err := s.Remove(got); err != nil {
				t.Fatal(err)
			}
			want := []string{"p", "p/job", "p/job/changed", "p/job/render", "p/job/render/0001.png", "p/second", "p/second/a.blend"}
			if left := s.tree(t, "jobs"); !slices.Equal(left, want) {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// TestRemoveKeepsFolders leaves an empty folder that was there before the checkout.
func TestRemoveKeepsFolders(t *testing.T) {
	s := newStore(t)
	s.mustPut(t, "a")
	if err := os.MkdirAll(filepath.Join(s.o.Dir, "jobs", "mine"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(s.mustCheckout(t, "mine/new/job", "a", "a")); err != nil {
		t.Fatal(err)
	}
	if left := s.tree(t, "jobs"); !slices.Equal(left, []string{"mine"}) {
		t.Errorf("left: %v", left)
	}
}

// TestRemoveIsConfined asks for the removal of what is no checkout.
func TestRemoveIsConfined(t *testing.T) {
	s := newStore(t)
	s.mustCheckout(t, "a", "x", "x")
	s.mustCheckout(t, "Case", "x", "x")
	outside := filepath.Join(s.o.Dir, "precious")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../precious", "a/x", "/", "../jobs/a", "a/../a", "case", "CASE"} {
		if err := s.Remove(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if in, err := s.CheckoutOf("../" + name); in != "" || err != nil {
			t.Errorf("%q is in %q, %v", name, in, err)
		}
		if is, err := s.IsCheckout(name); is || err != nil {
			t.Errorf("%q is a checkout, %v", name, err)
		}
	}
	if _, err := os.Stat(outside); err != nil || s.read(t, "a/x") != "x" || s.read(t, "Case/x") != "x" {
		t.Errorf("something else was removed: %v", err)
	}
}

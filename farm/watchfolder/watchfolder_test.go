package watchfolder

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"renderfarm/farm"
)

func TestFromFileToFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTest(t)
		x.put("a.blend", "BLENDER")
		x.put("notes.txt", "no scene")
		x.put(".hidden.blend", "BLENDER")
		x.submitted(0, 0)
		x.pass(stableFor)
		x.submitted(1, 1)
		x.says("a.blend", "submitted, queued", "a note", "/renders/a")
		x.farm.set("job-1", func(j *Job) { j.Status, j.Done = "active", 4 })
		x.pass(reportEvery)
		x.says("a.blend", "running, 4 of 10 frames")
		x.farm.set("job-1", func(j *Job) { j.Status, j.Over, j.Video = "completed", true, "/renders/a.mp4" })
		x.pass(reportEvery)
		x.says("a.blend", "a.blend: finished", "/renders/a.mp4")
		// Once is enough, also after a restart.
		x.stop()
		x.start()
		x.pass(time.Hour)
		x.submitted(1, 1)
		// A user does it again.
		x.farm.set("job-1", func(j *Job) { j.Status, j.Over, j.Done = "active", false, 1 })
		x.pass(reportEvery)
		x.says("a.blend", "running, 1 of 10 frames")
		x.farm.set("job-1", func(j *Job) { j.Status, j.Over, j.Problem = "failed", true, "Blender crashed" })
		x.pass(reportEvery)
		x.says("a.blend", "a.blend: FAILED", "Blender crashed")
		x.stop()
	})
}

// A file that is still being copied is not whole; one that is saved again is another.
func TestGrowingFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTest(t)
		for n := range 10 {
			x.put("a.blend", strings.Repeat("x", n+1))
			x.pass(stableFor - time.Second)
		}
		x.submitted(0, 0)
		x.pass(stableFor)
		x.submitted(1, 1)
		x.put("a.blend", "another")
		x.pass(stableFor)
		x.submitted(2, 2)
		// Nobody is told of a change on a network folder.
		if err := os.WriteFile(filepath.Join(x.folder, "b.BLEND"), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		x.pass(rescan + stableFor)
		x.submitted(3, 3)
		x.stop()
	})
}

// A share that is away for a while looks like an empty folder.
func TestFolderThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTest(t)
		x.put("a.blend", "BLENDER")
		x.pass(stableFor)
		x.submitted(1, 1)
		x.farm.set("job-1", func(j *Job) { j.Status, j.Over = "completed", true })
		away := x.folder + ".away"
		for _, empty := range []bool{false, true} {
			if err := os.Rename(x.folder, away); err != nil {
				t.Fatal(err)
			}
			if empty {
				if err := os.Mkdir(x.folder, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			x.pass(10 * rescan)
			if empty {
				if err := os.RemoveAll(x.folder); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Rename(away, x.folder); err != nil {
				t.Fatal(err)
			}
			x.pass(10 * rescan)
			x.submitted(1, 1)
		}
		x.stop()
	})
}

// What has been gone for long is forgotten; what is there never is.
func TestPrune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTest(t)
		x.stop()
		l, err := openRecords(x.records)
		if err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-keep - time.Hour)
		for _, r := range []*record{{Name: "old.blend", State: over, Since: old}, {Name: "new.blend", State: over, Since: time.Now()}, {Name: "running.blend", State: submitted, Job: "j", Since: old}} {
			if err := l.put(r); err != nil {
				t.Fatal(err)
			}
		}
		x.farm.do(func() { x.farm.jobs["j"] = Job{ID: "j", Status: "active"} })
		x.start()
		x.pass(time.Minute)
		x.stop()
		again, err := openRecords(x.records)
		if err != nil || again.records["old.blend"] != nil || len(again.records) != 2 {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

// TestCrash ends the watch at every moment of a submission. After a restart
// there is one job, and nothing is left of what led to none.
func TestCrash(t *testing.T) {
	for name, c := range map[string]struct {
		lose      bool // there was a job
		abandoned int
	}{"before the job": {false, 1}, "after the job": {true, 0}} {
		synctest.Test(t, func(t *testing.T) {
			x := newTest(t)
			x.farm.do(func() { x.farm.hang, x.farm.lose = true, c.lose })
			x.put("a.blend", "BLENDER")
			x.pass(stableFor)
			// What is on the disk now is all that a crash leaves.
			crashed := filepath.Join(t.TempDir(), "records")
			if err := os.CopyFS(crashed, os.DirFS(x.records)); err != nil {
				t.Fatal(err)
			}
			x.stop()
			x.farm.do(func() { x.farm.hang, x.farm.lose, x.records = false, false, crashed })
			x.start()
			x.pass(2 * stableFor)
			x.farm.do(func() {
				if len(x.farm.jobs) != 1 || len(x.farm.abandoned) != c.abandoned {
					t.Errorf("%s: %d jobs, abandoned %q", name, len(x.farm.jobs), x.farm.abandoned)
				}
			})
			x.says("a.blend", "submitted, queued")
			x.pass(time.Hour)
			x.farm.do(func() {
				if len(x.farm.jobs) != 1 {
					t.Errorf("%s: submitted again", name)
				}
			})
			x.stop()
		})
	}
}

// TestLostAnswer finds the job instead of making another.
func TestLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTest(t)
		x.farm.do(func() { x.farm.lose = true })
		x.put("a.blend", "BLENDER")
		x.pass(stableFor)
		x.says("a.blend", "waiting", "no answer")
		x.pass(retry + rescan)
		x.submitted(1, 1)
		x.says("a.blend", "submitted, queued")
		x.stop()
	})
}

// TestAway waits for a manager that cannot be reached.
func TestAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTest(t)
		x.farm.do(func() { x.farm.refuse = farm.Errorf(farm.Unavailable, "the manager is away") })
		x.put("a.blend", "BLENDER")
		x.pass(stableFor)
		x.says("a.blend", "the manager is away", "tries again")
		x.farm.do(func() { x.farm.refuse = nil })
		x.pass(retry + rescan)
		x.submitted(2, 1)
		x.stop()
	})
}

// A refusal stays until there is a reason to try again.
func TestRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTest(t)
		x.farm.do(func() { x.farm.refuse = farm.Errorf(farm.Invalid, "wood.png is missing") })
		x.put("a.blend", "BLENDER")
		x.pass(stableFor)
		x.says("a.blend", "NOT SUBMITTED", "wood.png is missing", "Fix the file and save it again")
		x.pass(time.Hour)
		x.submitted(1, 0)
		x.stop()
		x.start()
		x.pass(time.Hour)
		x.submitted(1, 0)
		x.put(DefaultsName, "allow_missing: true\n")
		x.pass(stableFor)
		x.submitted(2, 0)
		if err := os.Remove(filepath.Join(x.folder, reportName("a.blend"))); err != nil {
			t.Fatal(err)
		}
		x.pass(rescan + stableFor)
		x.submitted(3, 0)
		x.farm.do(func() { x.farm.refuse = nil })
		x.put("a.blend", "BLENDER, corrected")
		x.pass(stableFor)
		x.submitted(4, 1)
		x.says("a.blend", "submitted, queued")
		x.stop()
	})
}

// TestRefusedSilently has a report that cannot be written: that it is not there
// is no reason to try again.
func TestRefusedSilently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTest(t)
		// A folder cannot be replaced, whoever asks.
		if err := os.MkdirAll(filepath.Join(x.folder, reportName("a.blend")+".farm-part", "full"), 0o755); err != nil {
			t.Fatal(err)
		}
		x.farm.do(func() { x.farm.refuse = farm.Errorf(farm.Invalid, "wood.png is missing") })
		x.put("a.blend", "BLENDER")
		x.pass(time.Hour)
		x.submitted(1, 0)
		x.stop()
		x.start()
		x.pass(time.Hour)
		x.submitted(1, 0)
		x.stop()
	})
}

// TestReportLink puts a link where the report is written: what it leads to stays.
func TestReportLink(t *testing.T) {
	dir := t.TempDir()
	other, path := filepath.Join(dir, "other"), filepath.Join(dir, "a.blend.farm.txt")
	if err := os.WriteFile(other, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, path+".farm-part"); err != nil {
		t.Skip(err)
	}
	if err := replace(path, []byte("report"), 0o644); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(other); string(got) != "mine" {
		t.Errorf("%q, %v", got, err)
	}
	if !isText(path, "report") || isText(path, "other") || isText(dir, "report") {
		t.Error("the report is not what was written")
	}
}

// Files are submitted one after the other, and none is forgotten.
func TestMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTest(t)
		for n := range 20 {
			x.put(fmt.Sprintf("%02d.blend", n), "BLENDER")
		}
		x.pass(stableFor + time.Second)
		x.submitted(20, 20)
		x.farm.do(func() { delete(x.farm.jobs, "job-3") })
		x.farm.changed("")
		x.pass(reportEvery)
		found := false
		for n := range 20 {
			text, err := os.ReadFile(filepath.Join(x.folder, reportName(fmt.Sprintf("%02d.blend", n))))
			found = found || err == nil && strings.Contains(string(text), "DELETED")
		}
		if !found {
			t.Error("nothing says that a job was deleted")
		}
		x.stop()
	})
}

func TestRecords(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "half.json.farm-part"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := openRecords(dir)
	if err != nil || len(l.records) > 0 {
		t.Fatal(l, err)
	}
	r := &record{Name: "ü/../x.blend", State: over, Job: "j"}
	if err := l.put(r); err != nil {
		t.Fatal(err)
	}
	again, err := openRecords(dir)
	if err != nil || again.records[r.Name] == nil || again.records[r.Name].Job != "j" {
		t.Error(again, err)
	}
	if err := os.WriteFile(l.path("y"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openRecords(dir); farm.KindOf(err) != farm.Invalid || !strings.Contains(err.Error(), "damaged") {
		t.Error(err)
	}
	if err := Run(t.Context(), Options{Records: dir}); farm.KindOf(err) != farm.Invalid {
		t.Error(err)
	}
}

func TestReportNames(t *testing.T) {
	for _, name := range []string{"a.blend", strings.Repeat("ü", 120) + ".blend", strings.Repeat("x", 249) + ".blend"} {
		got := reportName(name)
		if len(got)+len(".farm-part") > 255 || !strings.HasSuffix(got, reportEnding) || !strings.HasPrefix(name, strings.TrimSuffix(got, reportEnding)) || strings.ToValidUTF8(got, "") != got {
			t.Errorf("%q", got)
		}
	}
}

// TestNotify hears of a real file.
func TestNotify(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	heard := make(chan struct{}, 1)
	done := make(chan error, 1)
	go func() {
		done <- Notify(ctx, dir, func() {
			select {
			case heard <- struct{}{}:
			default:
			}
		})
	}()
	// The watch begins some time after the call: write until it is heard.
	for n := 0; ; n++ {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(n)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		select {
		case <-heard:
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if err := Notify(t.Context(), filepath.Join(dir, "gone"), nil); err == nil {
				t.Error("a folder that is not there is watched")
			}
			return
		case err := <-done:
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

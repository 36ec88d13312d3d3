package flamenco

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

// example is made by testdata/flamenco/make.py.
const example = "../../testdata/flamenco/home"

// folder returns a copy of the example, and a function that fails if anything in it changed.
func folder(t *testing.T) (dir string, unchanged func()) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "a home?") // which in the URL of a database would end its path
	if err := os.CopyFS(dir, os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	before := listing(t, dir)
	return dir, func() {
		t.Helper()
		if after := listing(t, dir); !slices.Equal(before, after) {
			t.Errorf("the folder was\n%s\nand is\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
		}
	}
}

// listing tells names, sizes and times of all that is in a folder.
func listing(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		list = append(list, fmt.Sprint(path, info.Size(), info.ModTime(), info.Mode()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// open opens the database of a folder as its manager does.
func open(t *testing.T, dir string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dataSource(filepath.Join(dir, databaseName), false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	mustExec(t, db, "PRAGMA query_only = 0; PRAGMA wal_autocheckpoint = 0")
	return db
}

func mustExec(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatal(err)
	}
}

func TestRead(t *testing.T) {
	dir, unchanged := folder(t)
	h, err := Read(t.Context(), dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	unchanged()
	gpu, night := farm.TagID("00000002-0000-4000-8000-000000000001"), farm.TagID("00000002-0000-4000-8000-000000000002")
	if want := []farm.Tag{{ID: gpu, Name: "gpu", Description: "Has a GPU"}, {ID: night, Name: "night", Description: "Only at night"}}; !slices.Equal(h.Tags, want) {
		t.Errorf("the tags are %+v", h.Tags)
	}
	if h.Jobs != 1 || h.Tasks != 3 || !slices.Equal(h.Scripts, []string{"studio_echo.js"}) {
		t.Errorf("%d jobs, %d tasks, scripts %q", h.Jobs, h.Tasks, h.Scripts)
	}
	if len(h.Workers) != 3 {
		t.Fatalf("the workers are %+v", h.Workers)
	}
	render, desk, mac := h.Workers[0], h.Workers[1], h.Workers[2]
	want := farm.Worker{
		ID: "00000001-0000-4000-8000-000000000001", Name: "render", Address: "10.0.0.1", Platform: "linux", Software: "3.8.2",
		TaskTypes: []string{"blender", "ffmpeg", "file-management", "misc"}, Tags: []farm.TagID{gpu}, CanRestart: true,
		Status: farm.WorkerOffline, Request: farm.StatusRequest{Status: farm.WorkerAsleep},
		SecretHash: []byte("$2a$04$abcdefghijklmnopqrstuuS5GgQB0hFfHZlvM1wSfvbUNaCEoE5hu"),
		Created:    time.Date(2026, 11, 30, 7, 21, 5, 108611867, time.UTC), LastSeen: time.Date(2026, 11, 30, 7, 21, 5, 108611867, time.UTC),
	}
	if !reflect.DeepEqual(render, want) {
		t.Errorf("render is\n%+v, and not\n%+v", render, want)
	}
	// Its schedule decides, and not what that wanted last.
	if s := desk.Schedule; !s.Active || len(s.Windows) != 1 || s.Windows[0].Days.String() != "mo tu we th fr" || s.Windows[0].From.String() != "09:00" ||
		s.Windows[0].To.String() != "18:00" || desk.Request.Pending() || !slices.Equal(desk.Tags, []farm.TagID{gpu, night}) {
		t.Errorf("desk is %+v", desk)
	}
	if s := mac.Schedule; s.Active || !s.Defined() || mac.Request.Pending() || mac.Tags != nil {
		t.Errorf("mac is %+v", mac)
	}
	for _, what := range []string{"workers that were deleted: 1", "a_key_of_tomorrow", "local_manager_storage_path"} {
		if !slices.ContainsFunc(h.Left, func(text string) bool { return strings.Contains(text, what) }) {
			t.Errorf("nothing is said of %s: %q", what, h.Left)
		}
	}
}

func TestSettings(t *testing.T) {
	dir, _ := folder(t)
	h, err := Read(t.Context(), dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "storage"); h.Settings.Shared != want {
		t.Errorf("the shared storage is %q, and not %q", h.Settings.Shared, want)
	}
	c := farm.DefaultConfig()
	changes, unusable := h.Settings.Apply(&c)
	if c.ManagerName != "Old Studio" || c.TaskTimeout != farm.Duration(15*time.Minute) || c.BlocklistThreshold != 4 || c.TaskFailAfterSoftfailCount != 2 ||
		c.Listen != "127.0.0.1:18765" || c.Autodiscoverable || c.Shaman.GarbageCollect.MaxAge != farm.Duration(700*time.Hour) || c.Database != "farm.db" {
		t.Errorf("the configuration is %+v", c)
	}
	// The default variable that the file does not have stays.
	if p := c.Variables["project"]; len(c.Variables) != 3 || !p.IsTwoWay || len(p.Values) != 2 || p.Values[1].Value != `P:\` || p.Values[1].Audience != farm.AudienceWorkers ||
		c.Variables["blender"].Values[0].Value != "/opt/blender/blender" {
		t.Errorf("the variables are %+v", c.Variables)
	}
	if len(unusable) > 0 {
		t.Error(unusable)
	}
	said := fmt.Sprint(changes)
	for _, what := range []string{"{task_timeout 10m0s 15m0s}", "{shaman.garbageCollect.maxAge 744h0m0s 700h0m0s}", "windows+darwin for workers P:\\ (two-way)"} {
		if !strings.Contains(said, what) {
			t.Errorf("%s is not in %s", what, said)
		}
	}
	if strings.Contains(said, "not to be shown") || strings.Contains(said, "worker_timeout") {
		t.Error(said)
	}
	if changes, _ = h.Settings.Apply(&c); len(changes) > 0 {
		t.Errorf("again, these change: %v", changes)
	}
}

// TestUnusableSettings takes what is right, and says which value is not.
func TestUnusableSettings(t *testing.T) {
	dir, _ := folder(t)
	write(t, dir, configName, "_meta: {version: 3}\nmanager_name: Kept\ntask_timeout: soon\nblocklist_threshold: -1\nworker_timeout: 0\nmqtt: {client: {broken: 1}}\n")
	h, err := Read(t.Context(), dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := farm.DefaultConfig()
	_, unusable := h.Settings.Apply(&c)
	if c.ManagerName != "Kept" || c.WorkerTimeout != 0 || c.TaskTimeout != farm.DefaultConfig().TaskTimeout || c.BlocklistThreshold != 3 {
		t.Errorf("the configuration is %+v", c)
	}
	said := strings.Join(unusable, "\n")
	for _, what := range []string{`task_timeout stays as it is here: task_timeout: "soon" is not a duration`, "blocklist_threshold stays", "mqtt stays"} {
		if !strings.Contains(said, what) {
			t.Errorf("%q is not in\n%s", what, said)
		}
	}
}

// TestReadWhileRunning reads what a manager wrote and did not move into its database yet.
func TestReadWhileRunning(t *testing.T) {
	dir, _ := folder(t)
	db := open(t, dir)
	mustExec(t, db, "INSERT INTO worker_tags (uuid, name, description) VALUES ('00000002-0000-4000-8000-0000000000ff', 'fresh', '')")
	before := listing(t, dir)
	if len(before) < 6 { // the folders, the settings, the script, the database and its log
		t.Fatalf("the manager has only %q", before)
	}
	h, err := Read(t.Context(), dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Tags) != 3 || h.Tags[2].Name != "fresh" || len(h.Workers) != 3 {
		t.Errorf("%+v, %+v", h.Tags, h.Workers)
	}
	if after := listing(t, dir); !slices.Equal(before, after) {
		t.Errorf("the folder was %q and is %q", before, after)
	}
}

// TestChangingDatabase gives up on a database that is never left alone.
func TestChangingDatabase(t *testing.T) {
	dir, _ := folder(t)
	h := &Home{Dir: dir, Database: filepath.Join(dir, databaseName)}
	n := 0
	err := h.settledCopy(t.Context(), t.TempDir(), func(string, bool) error {
		n++
		return os.Chtimes(h.Database, time.Time{}, time.Unix(int64(n), 0))
	})
	if farm.KindOf(err) != farm.Busy || n != looks {
		t.Errorf("%v after %d looks", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = h.settledCopy(ctx, t.TempDir(), func(string, bool) error { return os.Chtimes(h.Database, time.Time{}, time.Unix(99, 0)) })
	if err != context.Canceled {
		t.Error(err)
	}
}

// TestRefused is what Read must not take for a home that it knows.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		kind   farm.Kind
		says   string
	}{
		"nothing there": {func(t *testing.T, dir string) { os.RemoveAll(dir) }, farm.NotFound, "is not a folder"},
		"another folder": {func(t *testing.T, dir string) {
			os.Remove(filepath.Join(dir, configName))
			os.Remove(filepath.Join(dir, databaseName))
		}, farm.NotFound, "is not the folder of a Flamenco manager"},
		"newer database": {func(t *testing.T, dir string) {
			mustExec(t, open(t, dir), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9, 1)")
		}, farm.Unsupported, "its version is 9, and 8 is known"},
		"older database": {func(t *testing.T, dir string) { mustExec(t, open(t, dir), "DROP TABLE worker_tag_membership") }, farm.Unsupported, "it has no worker_tag_membership"},
		"other database": {func(t *testing.T, dir string) { mustExec(t, open(t, dir), "DROP TABLE goose_db_version") }, farm.Invalid, "cannot be read as the database"},
		"damaged database": {func(t *testing.T, dir string) {
			write(t, dir, databaseName, "SQLite format 3\x00"+strings.Repeat("nonsense", 1000))
		}, farm.Invalid, "cannot be read as the database"},
		"cut database": {func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, databaseName), 5000); err != nil {
				t.Fatal(err)
			}
		}, farm.Invalid, "cannot be read as the database"},
		"no database":     {func(t *testing.T, dir string) { write(t, dir, databaseName, "") }, farm.Invalid, "cannot be read as the database"},
		"newer settings":  {func(t *testing.T, dir string) { write(t, dir, configName, "_meta: {version: 4}\n") }, farm.Unsupported, "has the format 4"},
		"older settings":  {func(t *testing.T, dir string) { write(t, dir, configName, "_meta: {version: 2}\n") }, farm.Unsupported, "older than what can be read"},
		"broken settings": {func(t *testing.T, dir string) { write(t, dir, configName, "_meta: [\n") }, farm.Invalid, configName},
		"a list":          {func(t *testing.T, dir string) { write(t, dir, configName, "- 1\n") }, farm.Invalid, "does not consist of lines"},
		"huge settings":   {func(t *testing.T, dir string) { write(t, dir, configName, strings.Repeat("# x\n", 1<<18)) }, farm.Invalid, "is larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := folder(t)
			c.change(t, dir)
			_, err := Read(t.Context(), dir, t.TempDir())
			if farm.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("kind %v: %v", farm.KindOf(err), err)
			}
		})
	}
}

// TestSettingsAlone takes what there is of a manager without a database.
func TestSettingsAlone(t *testing.T) {
	dir, _ := folder(t)
	os.Remove(filepath.Join(dir, databaseName))
	h, err := Read(t.Context(), dir, t.TempDir())
	if err != nil || h.Database != "" || !strings.Contains(strings.Join(h.Left, "\n"), "there is no database") {
		t.Errorf("%+v, %v", h, err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

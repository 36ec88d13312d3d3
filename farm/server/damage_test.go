package server_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
	"renderfarm/farm/server"
	"renderfarm/jsjobs"
	"renderfarm/store"
	"renderfarm/store/files"
)

// damagedFarms is how many damaged databases a manager is started with, and
// soakDamagedFarms how many when FARM_SOAK is set.
const damagedFarms, soakDamagedFarms = 25, 200

// A manager whose database is damaged anywhere, by a wrong bit or a page of zeros, does
// not start and says how to restore a backup, or it starts and says what is damaged. It
// never answers 500, and nothing that it answers is wrong without a word in the log.
func TestDamagedDatabase(t *testing.T) {
	good := newestFormat(t)
	wanted, log := serveDamaged(t, good)
	if wanted == nil || strings.Contains(log, "damaged") {
		t.Fatalf("it is not in order at the beginning: %s", log)
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	rounds := damagedFarms
	if os.Getenv("FARM_SOAK") != "" {
		rounds = soakDamagedFarms
	}
	const page = 4096
	var refused, named, harmless, zeroed int
	for n := range rounds {
		bad, what := bytes.Clone(good), ""
		if n%10 == 9 {
			zeroed++
			at := (2 + r.IntN(len(good)/page-2)) * page
			clear(bad[at : at+page])
			what = fmt.Sprintf("page %d zeroed", at/page)
		} else {
			bit := 2*page*8 + r.IntN((len(good)-2*page)*8)
			bad[bit/8] ^= 1 << (bit % 8)
			what = fmt.Sprintf("bit %d of page %d", bit%(page*8), bit/8/page)
		}
		got, log := serveDamaged(t, bad)
		if got == nil {
			refused++
			if !strings.Contains(log, "farm restore") {
				t.Errorf("seed %d, %s: refused without a way on: %s", seed, what, log)
			}
			continue
		}
		said := strings.Contains(log, "damaged")
		for path, answer := range got {
			if answer.status >= 500 {
				t.Errorf("seed %d, %s: GET %s answers %d: %s\n%s", seed, what, path, answer.status, answer.body, log)
			}
		}
		for path, want := range wanted {
			if constantOf(got[path].body) != constantOf(want.body) && !said {
				t.Errorf("seed %d, %s: GET %s silently answers\n%s\nand not\n%s", seed, what, path, constantOf(got[path].body), constantOf(want.body))
			}
		}
		if said {
			named++
		} else {
			harmless++
		}
	}
	t.Logf("%d databases, %d with a page of zeros: %d refused with a way on, %d started and named the damage, %d were harmless", rounds, zeroed, refused, named, harmless)
	if refused == 0 || named == 0 {
		t.Error("too little was hit to say anything")
	}
}

// newestFormat returns the database with something of everything of the newest layout,
// without what is spare at its end.
func newestFormat(t *testing.T) []byte {
	t.Helper()
	all, _ := filepath.Glob("../../testdata/db/v*/farm.db.gz")
	slices.SortFunc(all, func(a, b string) int { return len(a)*1000 - len(b)*1000 + strings.Compare(a, b) })
	packed, err := os.Open(all[len(all)-1])
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimRight(raw, "\x00")[:]
}

// serveDamaged starts a manager with a database and asks it for everything twice, with
// a check of all records in between; then a worker asks for tasks. It returns the last
// answers, nil if the manager did not start, and its log.
func serveDamaged(t *testing.T, database []byte) (map[string]answer, string) {
	t.Helper()
	home := t.TempDir()
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil)) // which locks
	path := filepath.Join(home, "farm.db")
	database = append(bytes.Clone(database), make([]byte, 4096-(len(database)-1)%4096-1)...)
	if err := os.WriteFile(path, database, 0o600); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(store.Options{Path: path, Log: log})
	if err != nil {
		return nil, err.Error()
	}
	defer st.Close()
	fl, err := files.Open(filepath.Join(home, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	defer fl.Close()
	config := farm.DefaultConfig()
	config.TaskTimeout, config.WorkerTimeout, config.BackupPeriod, config.DatabaseCheckPeriod = 0, 0, 0, 0
	timeline := events.NewLog(0, 0)
	m, err := manager.New(manager.Options{Store: st, Files: fl, Events: timeline, Config: config, Home: home, Log: log,
		Types:      jsjobs.New(jsjobs.Options{Dir: filepath.Join(home, "scripts"), Timeout: 10 * time.Second, Log: log}),
		SaveConfig: func(_, _ farm.Config) error { return nil }})
	if err != nil {
		return nil, err.Error()
	}
	s := server.New(server.Options{Manager: m, Events: timeline, Log: log})
	hs := httptest.NewServer(s)
	defer func() { s.EndStreams(); hs.Close(); m.Close() }()
	f := &testServer{t: t, url: hs.URL, client: hs.Client(), manager: m}
	first := f.everything()
	if _, _, err := st.Verify(t.Context(), 1e9); err != nil {
		t.Error(err)
	}
	answers := f.everything()
	for path, a := range first {
		if a.status >= 500 {
			answers[path] = a
		}
	}
	f.work()
	s.EndStreams()
	hs.Close()
	m.Close()
	return answers, text.String()
}

// tryGet returns false if the answer is cut off.
func (s *testServer) tryGet(path string) (answer, bool) {
	resp, err := s.client.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body}, err == nil
}

// everything asks for all that there is.
func (s *testServer) everything() map[string]answer {
	all := map[string]answer{}
	ask := func(path string) answer {
		a, ok := s.tryGet(path)
		if !ok { // a list that met damage after its first page is cut off, and the next is refused
			if a, ok = s.tryGet(path); !ok {
				s.t.Errorf("GET %s is cut off twice", path)
			}
		}
		all[path] = a
		return a
	}
	ids := func(a answer, list string) (ids []string) {
		entries, _ := a.get(list).([]any)
		for _, e := range entries {
			if id, ok := e.(map[string]any)["id"].(string); ok {
				ids = append(ids, id)
			}
		}
		return ids
	}
	ask("/api/v3/worker-mgt/tags")
	for _, id := range ids(ask("/api/v3/worker-mgt/workers"), "workers") {
		ask("/api/v3/worker-mgt/workers/" + id)
		ask("/api/v3/worker-mgt/workers/" + id + "/sleep-schedule")
		ask("/api/farm/workers/" + id + "/audit")
	}
	for _, id := range ids(ask("/api/v3/jobs"), "jobs") {
		ask("/api/v3/jobs/" + id)
		ask("/api/v3/jobs/" + id + "/blocklist")
		ask("/api/farm/jobs/" + id + "/audit")
		ask("/api/farm/jobs/" + id + "/frames")
		for i, task := range ids(ask("/api/v3/jobs/"+id+"/tasks"), "tasks") {
			if i%100 < 3 {
				ask("/api/v3/tasks/" + task)
			}
		}
	}
	return all
}

// work has a new worker take tasks until there are none: damage in what they are for
// must neither be an error nor keep it from others.
func (s *testServer) work() {
	s.t.Helper()
	id := s.call("POST", "/api/v3/worker/register-worker", `{"secret":"`+secret+`","platform":"linux","supported_task_types":["blender","ffmpeg","misc"],"name":"new"}`).text("uuid")
	s.user = id
	s.call("POST", "/api/v3/worker/sign-on", `{"name":"new","supported_task_types":["blender","ffmpeg","misc"],"software_version":"1"}`)
	s.call("POST", "/api/v3/worker/state-changed", `{"status":"awake"}`)
	for range 40 {
		a := s.call("POST", "/api/v3/worker/task", "")
		if a.status == http.StatusNoContent {
			return
		}
		if strings.Contains(string(a.body), "which frames the task renders") {
			return // so are the commands in the database of this test, whole or not
		}
		if a.status != http.StatusOK {
			s.t.Errorf("a worker that asks for a task gets %d: %s", a.status, a.body)
			return
		}
		if a = s.call("POST", "/api/v3/worker/task/"+a.text("uuid"), `{"taskStatus":"completed"}`); a.status >= 500 {
			s.t.Errorf("a report is answered with %d: %s", a.status, a.body)
		}
	}
}

// constantOf returns what of an answer does not change while the manager works on it.
func constantOf(body []byte) string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return string(body)
	}
	var keep func(v any) any
	keep = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range []string{"status", "updated", "activity", "last_seen", "etag", "assigned_to", "time_left", "steps_completed", "worker", "current", "active", "failed_by_workers", "last_touched", "time"} {
				delete(v, key)
			}
			for k, e := range v {
				v[k] = keep(e)
			}
		case []any:
			for i := range v {
				v[i] = keep(v[i])
			}
		}
		return v
	}
	text, _ := json.Marshal(keep(v))
	return string(text)
}

package submit

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"renderfarm/addon"
	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
	"renderfarm/farm/server"
	"renderfarm/jsjobs"
	"renderfarm/store"
	"renderfarm/store/files"
)

// TestMain makes the test's own executable the child that runs scripts.
func TestMain(m *testing.M) {
	if !jsjobs.RunChild(os.Args) {
		os.Exit(m.Run())
	}
}

// A testManager is a whole manager on a home of its own.
type testManager struct {
	home, url string
	client    *api.Client
}

// newManager starts a manager that ends with the test.
func newManager(t *testing.T) *testManager {
	t.Helper()
	home := t.TempDir()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	st, err := store.Open(store.Options{Path: filepath.Join(home, "farm.db"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	logs, err := files.Open(filepath.Join(home, "logs"))
	if err != nil {
		t.Fatal(err)
	}
	timeline := events.NewLog(0, 0)
	m, err := manager.New(manager.Options{Store: st, Files: logs, Events: timeline, Config: farm.DefaultConfig(), Home: home, Version: "1.2.3", Log: log,
		Types:      jsjobs.New(jsjobs.Options{Dir: filepath.Join(home, "scripts"), Timeout: 10 * time.Second, Log: log}),
		SaveConfig: func(_, _ farm.Config) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	pages := fstest.MapFS{"app/index.html": {Data: []byte("<!doctype html>")}, "vendor/swagger-ui/index.html": {Data: []byte("<!doctype html>")}}
	description := func() ([]byte, error) { return []byte(`{}`), nil }
	s := server.New(server.Options{Manager: m, Events: timeline, UI: pages, OpenAPI: description, Addon: func(manager string) ([]byte, error) { return addon.Zip(manager, "") }, Log: log})
	hs := httptest.NewServer(s)
	client, err := api.New(hs.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.EndStreams()
		client.HTTP.CloseIdleConnections()
		hs.Close()
		m.Close()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
		logs.Close()
	})
	return &testManager{home, hs.URL, client}
}

// checkout reads a file of a checkout.
func (f *testManager) checkout(t *testing.T, folder, target string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(f.home, "storage", "jobs", folder, target))
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

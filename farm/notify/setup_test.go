package notify

import (
	"crypto/tls"
	"encoding/pem"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/farm/manager"
	"renderfarm/jsjobs"
	"renderfarm/store"
	"renderfarm/store/files"
)

// certificate is one that this process trusts, for 127.0.0.1.
var certificate tls.Certificate

func TestMain(m *testing.M) {
	if jsjobs.RunChild(os.Args) {
		return
	}
	s := httptest.NewTLSServer(nil)
	certificate = s.TLS.Certificates[0]
	root, err := os.CreateTemp("", "notify-root")
	if err != nil {
		panic(err)
	}
	pem.Encode(root, &pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	root.Close()
	s.Close()
	os.Setenv("SSL_CERT_FILE", root.Name())
	status := m.Run()
	os.Remove(root.Name())
	os.Exit(status)
}

// newNotifier returns one with a whole manager, which is configured to notify.
func newNotifier(t *testing.T, c farm.Notifications) *Notifier {
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
	config := farm.DefaultConfig()
	config.Notifications = c
	m, err := manager.New(manager.Options{Store: st, Files: logs, Events: timeline, Config: config, Home: home, Version: "1.2.3", Log: log,
		Types:      jsjobs.New(jsjobs.Options{Dir: filepath.Join(home, "scripts"), Timeout: 10 * time.Second, Log: log}),
		SaveConfig: func(_, _ farm.Config) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.Close()
		st.Close()
		logs.Close()
	})
	n, err := Open(Options{Manager: m, Events: timeline, Home: home, Web: "http://farm.test:8080", Agent: "Farm/1", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// message is one about a failed job.
func message() Message {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	r := &farm.JobReport{Job: farm.Job{ID: "0b7a2e1c-5a34-4b6f-9a51-3f5f1d0c9e01", Name: "shot 7 & <co>", Type: "render", Created: at.Add(-72 * time.Minute),
		JobFacts: farm.JobFacts{Counts: farm.Counts{farm.TaskCompleted: 7, farm.TaskFailed: 3}}}, Frames: 10, Done: 7, Render: 2 * time.Hour, Failed: 3,
		Failures: []farm.TaskFailure{{Task: "t", Name: "render-3", Frames: "3", Worker: "node1", Tries: 3, Status: farm.TaskFailed,
			Cause: &farm.Cause{Class: "gpu-memory", Means: "The graphics card has too little memory.", Next: "Use a larger card.", Line: "Error: Out of memory in CUDA queue"}}}}
	return compose("Lighthouse", "http://farm.test:8080", &farm.Notice{Number: 7, Event: farm.NoticeFailed, Time: at, Job: r.ID}, r)
}

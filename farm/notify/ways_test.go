package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"renderfarm/farm"
)

// A seen is a request that a receiver got.
type seen struct {
	method, path string
	header       http.Header
	body         string
}

// receiver returns the address of a server, and what it gets.
func receiver(t *testing.T, status int) (string, <-chan seen) {
	got := make(chan seen, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- seen{r.Method, r.URL.Path, r.Header, string(body)}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

func TestWebhookIsSigned(t *testing.T) {
	n := newNotifier(t, farm.Notifications{})
	address, got := receiver(t, 204)
	m := message()
	for secret, key := range map[string]string{"hush": "hush", "whsec_" + base64.StdEncoding.EncodeToString([]byte("raw key")): "raw key"} {
		if err := n.deliver(t.Context(), farm.Way{Kind: farm.WayWebhook, URL: address + "/hook", Secret: secret}, &m); err != nil {
			t.Fatal(err)
		}
		r := <-got
		h := hmac.New(sha256.New, []byte(key))
		h.Write([]byte(m.ID + "." + r.header.Get("webhook-timestamp") + "." + r.body))
		if want := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)); r.header.Get("webhook-signature") != want || r.header.Get("webhook-id") != m.ID {
			t.Errorf("%v, want %s", r.header, want)
		}
		var back Message
		if err := json.Unmarshal([]byte(r.body), &back); err != nil || back.Job.Frames != 10 || back.Job.Done != 7 || back.Job.FailedTasks != 3 ||
			back.Failures[0].Class != "gpu-memory" || back.Failures[0].Line != "Error: Out of memory in CUDA queue" || back.Job.Seconds != 72*60 {
			t.Errorf("%v: %s", err, r.body)
		}
	}
}

func TestRefusals(t *testing.T) {
	n := newNotifier(t, farm.Notifications{})
	m := message()
	for status, refused := range map[int]bool{302: true, 400: true, 404: true, 429: false, 500: false, 503: false} {
		address, got := receiver(t, status)
		err := n.deliver(t.Context(), farm.Way{Kind: farm.WayWebhook, URL: address}, &m)
		if err == nil || errors.Is(err, errRefused) != refused {
			t.Errorf("%d: %v", status, err)
		}
		<-got
		select {
		case r := <-got:
			t.Errorf("%d: a redirect to %s was followed", status, r.path)
		default:
		}
	}
	if err := n.deliver(t.Context(), farm.Way{Kind: farm.WaySlack, URL: "http://127.0.0.1:1/T0/secret"}, &m); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the error tells the address: %v", err)
	}
}

// TestChats sends what the services document.
func TestChats(t *testing.T) {
	n := newNotifier(t, farm.Notifications{})
	m := message()
	address, got := receiver(t, 200)
	for _, test := range []struct {
		way                farm.Way
		method, path, auth string
		body               []string
	}{
		{farm.Way{Kind: farm.WaySlack, URL: address + "/services/T/B"}, "POST", "/services/T/B", "", []string{`"text":"*\u003chttp://farm.test:8080/app/jobs/`, `shot 7 \u0026amp; \u0026lt;co\u0026gt; failed`}},
		{farm.Way{Kind: farm.WayDiscord, URL: address + "/api/webhooks/1/x"}, "POST", "/api/webhooks/1/x", "", []string{`"title":"shot 7 \u0026 \u003cco\u003e failed`, `"parse":[]`, `"color":15022389`}},
		{farm.Way{Kind: farm.WayMatrix, URL: address, Room: "!a:b", Token: "tok"}, "PUT", "/_matrix/client/v3/rooms/!a:b/send/m.room.message/" + m.ID, "Bearer tok", []string{`"msgtype":"m.text"`, `"format":"org.matrix.custom.html"`}},
		{farm.Way{Kind: farm.WayNtfy, URL: address + "/sub/alerts", Token: "tk"}, "POST", "/sub", "Bearer tk", []string{`"topic":"alerts"`, `"priority":4`, `"click":"http://farm.test:8080/app/jobs/`}},
		{farm.Way{Kind: farm.WayTelegram, URL: address, Token: "12:ab", Room: "-100"}, "POST", "/bot12:ab/sendMessage", "", []string{`"chat_id":"-100"`, `gpu-memory`}},
	} {
		if err := n.deliver(t.Context(), test.way, &m); err != nil {
			t.Errorf("%s: %v", test.way.Kind, err)
			continue
		}
		r := <-got
		if r.method != test.method || r.path != test.path || r.header.Get("Authorization") != test.auth || !json.Valid([]byte(r.body)) {
			t.Errorf("%s: %+v", test.way.Kind, r)
		}
		for _, part := range test.body {
			if !strings.Contains(r.body, part) {
				t.Errorf("%s: no %s in %s", test.way.Kind, part, r.body)
			}
		}
	}
}

func TestProgram(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it runs a shell script")
	}
	n := newNotifier(t, farm.Notifications{})
	dir := t.TempDir()
	script := filepath.Join(dir, "told")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n{ echo \"$FARM_EVENT $FARM_NOTICE $#:$1\"; cat; } >"+dir+"/out\n[ \"$1\" != fail ] || { echo broken >&2; exit 3; }\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	m := message()
	// No shell looks at the argument.
	if err := n.deliver(t.Context(), farm.Way{Kind: farm.WayProgram, Program: []string{script, "$(id); *"}}, &m); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(filepath.Join(dir, "out"))
	first, rest, _ := strings.Cut(string(out), "\n")
	if err != nil || first != "job-failed "+m.ID+" 1:$(id); *" || !json.Valid([]byte(rest)) {
		t.Errorf("%v: %s", err, out)
	}
	if err := n.deliver(t.Context(), farm.Way{Kind: farm.WayProgram, Program: []string{script, "fail"}}, &m); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %v", err)
	}
}

// TestRestart sends what an earlier run left, with the address that the configuration has now.
func TestRestart(t *testing.T) {
	address, got := receiver(t, 200)
	n := newNotifier(t, farm.Notifications{Ways: []farm.Way{{Name: "page", Kind: farm.WayWebhook, URL: address + "/new"}}})
	m := message()
	if err := n.enqueue([]farm.Way{{Name: "page", Kind: farm.WayWebhook, URL: "http://127.0.0.1:1/old"}, {Name: "gone", Kind: farm.WayWebhook, URL: address}}, m); err != nil {
		t.Fatal(err)
	}
	again, err := Open(n.Options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); again.Run(ctx) }()
	if r := <-got; r.path != "/new" || r.header.Get("Webhook-Id") != m.ID {
		t.Errorf("%+v", r)
	}
	for waiting := -1; waiting != 0; { // the answer is on its way
		_, waiting = again.Deliveries()
		runtime.Gosched()
	}
	cancel()
	<-done
	list, _ := again.Deliveries()
	states := map[string]string{}
	for _, d := range list {
		states[d.Way] = d.State
	}
	if len(list) != 2 || states["page"] != sent || states["gone"] != dropped {
		t.Errorf("%+v", list)
	}
	if last, err := Open(n.Options); err != nil || len(last.queue.list()) != 0 {
		t.Errorf("after a further start: %v", err)
	}
}

func TestReceiversOfJobs(t *testing.T) {
	c := farm.Notifications{Ways: []farm.Way{{Name: "chat", Kind: farm.WaySlack}, {Name: "script", Kind: farm.WayProgram}},
		Mail:   farm.MailServer{Server: "smtp.studio.example:587", From: "farm@studio.example"},
		PerJob: farm.PerJob{Mail: []string{"*@studio.example"}, URLs: []string{"https://hooks.studio.example/farm/"}}}
	for text, ok := range map[string]bool{
		"": true, "chat": true, " chat , me@studio.example": true, "https://hooks.studio.example/farm/7": true,
		"script": false, "nobody": false, "me@elsewhere.example": false, "http://169.254.169.254/latest": false,
		"https://hooks.studio.example.evil/farm/": false, "https://hooks.studio.example/farm/../admin": false, "http://hooks.studio.example/farm/": false,
		"https://me@hooks.studio.example/farm/": false, "https://hooks.studio.example/other": false, "https://hooks.studio.example:8443/farm/": false,
	} {
		if _, err := c.Receivers(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

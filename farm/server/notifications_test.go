package server_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

func (s *testServer) notifications(header ...string) (n api.Notifications) {
	s.t.Helper()
	text := s.want(200, "GET", "/api/farm/notifications", "", header...).body
	if strings.Contains(string(text), "hush") {
		s.t.Errorf("a secret is told: %s", text)
	}
	if err := json.Unmarshal(text, &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *testServer) notificationCalls() {
	s.t.Helper()
	s.want(204, "PUT", "/api/farm/notifications", `{"link":"","digest_at":"","stuck_after":"0s","disk_free":"0","ways":[{"name":"nobody","kind":"webhook","url":"http://127.0.0.1:1/"}],"rules":[],
		"mail":{"server":"","from":"","username":"","password":"","security":""},"per_job":{"mail":[],"urls":[]}}`)
	s.want(200, "GET", "/api/farm/notifications", "")
	s.want(200, "GET", "/api/farm/notifications/deliveries", "")
	if got := string(s.want(200, "POST", "/api/farm/notifications/test", `{"way":"nobody"}`).body); !strings.Contains(got, `"ok":false`) || !strings.Contains(got, "refused") {
		s.t.Error(got)
	}
	s.want(400, "POST", "/api/farm/notifications/test", `{"way":"somebody"}`)
}

// TestNotifications: who owns the farm says who is told, secrets are told to nobody and
// stay, and no program is named over the network.
func TestNotifications(t *testing.T) {
	s := newServer(t)
	n := s.notifications()
	if len(n.Ways) != 0 || len(n.Events) != len(farm.NoticeKinds()) || len(n.Kinds) != len(farm.WayKinds()) || !n.MayChange {
		t.Errorf("%+v", n)
	}
	put := func(status int, n api.Notifications, header ...string) string {
		t.Helper()
		text, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		return string(s.want(status, "PUT", "/api/farm/notifications", string(text), header...).body)
	}
	n.Ways = []api.NotificationWay{{Name: "page", Kind: farm.WayWebhook, URL: "https://studio.example/told", Secret: "hush 1"},
		{Name: "chat", Kind: farm.WaySlack, URL: "https://hooks.slack.com/hush2"}}
	n.Rules = []api.NotificationRule{{Events: []string{farm.NoticeFailed}, Ways: []string{"page"}}}
	n.Mail = api.NotificationMail{Server: "smtp.studio.example:587", From: "farm@studio.example", Password: "hush 3"}
	put(403, n, far...)
	put(204, n)
	n = s.notifications()
	if !slices.Equal(n.Ways[0].Has, []string{"secret"}) || !slices.Equal(n.Ways[1].Has, []string{"url"}) || !slices.Equal(n.Mail.Has, []string{"password"}) || n.Rules[0].Ways[0] != "page" {
		t.Errorf("%+v", n)
	}
	n.DigestAt = "07:30"
	put(204, n)
	kept := s.manager.Config().Notifications
	if kept.DigestAt != "07:30" || kept.Ways[0].Secret != "hush 1" || kept.Ways[1].URL != "https://hooks.slack.com/hush2" || kept.Mail.Password != "hush 3" {
		t.Errorf("%+v", kept)
	}
	// A secret is for the address that it was given for.
	n.Ways[0].URL, n.Mail.Server = "https://evil.example/", "smtp.evil.example:587"
	put(204, n)
	if kept := s.manager.Config().Notifications; kept.Ways[0].Secret != "" || kept.Mail.Password != "" {
		t.Errorf("%+v", kept)
	}
	n.Ways = append(n.Ways, api.NotificationWay{Name: "run", Kind: farm.WayProgram, Program: []string{"/bin/sh", "-c", "id"}})
	if text := put(403, n); !strings.Contains(text, "farm.yaml") {
		t.Error(text)
	}
	n.Ways[2] = api.NotificationWay{Name: "pigeon", Kind: "pigeon"}
	put(400, n)
	// A client of the compatible system that saves the whole file leaves all of it alone.
	file := s.want(200, "GET", "/api/v3/configuration/file", "").body
	if strings.Contains(string(file), "hush") || strings.Contains(string(file), "notifications") {
		t.Errorf("%s", file)
	}
	s.want(204, "PUT", "/api/v3/configuration/file", string(file))
	if kept := s.manager.Config().Notifications; len(kept.Ways) != 2 || kept.Ways[1].URL != "https://hooks.slack.com/hush2" {
		t.Errorf("%+v", kept)
	}
	s.want(403, "POST", "/api/farm/notifications/test", `{}`, far...)
	s.want(200, "GET", "/api/farm/notifications/deliveries", "")
}

// TestJobNamesReceivers: a job cannot have the manager send to any address.
func TestJobNamesReceivers(t *testing.T) {
	s := newServer(t)
	job := func(notify string) string {
		return `{"name":"j","type":"echo-sleep-test","submitter_platform":"linux","settings":{"message":"x","sleep_duration_seconds":0},"metadata":{"farm.notify":"` + notify + `"}}`
	}
	for _, notify := range []string{"http://169.254.169.254/", "me@studio.example", "chat"} {
		if text := string(s.want(400, "POST", "/api/v3/jobs", job(notify)).body); !strings.Contains(text, "farm") {
			t.Error(text)
		}
		s.want(400, "POST", "/api/v3/jobs/check", job(notify))
	}
	s.want(204, "PUT", "/api/farm/notifications", `{"link":"","digest_at":"","stuck_after":"0s","disk_free":"0","ways":[{"name":"chat","kind":"desktop"}],"rules":[],
		"mail":{"server":"smtp.studio.example:587","from":"farm@studio.example","username":"","password":"","security":""},"per_job":{"mail":["*@studio.example"],"urls":[]}}`)
	s.want(200, "POST", "/api/v3/jobs", job("chat, me@studio.example"))
}

package farm

import (
	"strings"
	"testing"
)

func TestNotificationsCheck(t *testing.T) {
	good := Notifications{DigestAt: "07:30", StuckAfter: DefaultStuckAfter, Link: "https://farm.studio.example/",
		Ways:   []Way{{Name: "chat", Kind: WaySlack, URL: "https://hooks.slack.com/services/T/B/x"}, {Name: "td", Kind: WayMail, To: []string{"td@studio.example"}}, {Name: "desk", Kind: WayDesktop}},
		Rules:  []NoticeRule{{Events: []string{NoticeFailed}, Ways: []string{"chat"}, Jobs: "shot_*"}},
		Mail:   MailServer{Server: "smtp.studio.example:587", From: "farm@studio.example"},
		PerJob: PerJob{Mail: []string{"*@studio.example"}, URLs: []string{"https://hooks.studio.example/"}}}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		names string // what the error has to name
		spoil func(n *Notifications)
	}{
		{"digest_at", func(n *Notifications) { n.DigestAt = "8 o'clock" }},
		{"stuck_after", func(n *Notifications) { n.StuckAfter = 1 }},
		{"link", func(n *Notifications) { n.Link = "farm.studio.example" }},
		{`"pigeon"`, func(n *Notifications) { n.Ways[0].Kind = "pigeon" }},
		{"two ways", func(n *Notifications) { n.Ways[1].Name = "chat" }},
		{"way 1", func(n *Notifications) { n.Ways[0].Name = "a,b" }},
		{"needs url", func(n *Notifications) { n.Ways[0].URL = "" }},
		{"has no token", func(n *Notifications) { n.Ways[0].Token = "x" }},
		{"http", func(n *Notifications) { n.Ways[0].URL = "file:///etc/passwd" }},
		{"mail address", func(n *Notifications) { n.Ways[1].To[0] = "td@studio.example\r\nBcc: x@y.example" }},
		{"mail.server", func(n *Notifications) { n.Mail = MailServer{} }},
		{"mail.server", func(n *Notifications) { n.Mail.Server = "smtp.studio.example" }},
		{"mail.from", func(n *Notifications) { n.Mail.From = "" }},
		{"mail.security", func(n *Notifications) { n.Mail.Security = "ssl" }},
		{`"job-done"`, func(n *Notifications) { n.Rules[0].Events[0] = "job-done" }},
		{`"phone"`, func(n *Notifications) { n.Rules[0].Ways[0] = "phone" }},
		{"no pattern", func(n *Notifications) { n.Rules[0].Jobs = "[" }},
		{"rule 1", func(n *Notifications) { n.Rules[0].Ways = nil }},
		{"per_job.mail", func(n *Notifications) { n.PerJob.Mail[0] = "studio.example" }},
		{"per_job.urls", func(n *Notifications) { n.PerJob.URLs[0] = "hooks" }},
	} {
		bad := good
		bad.Ways, bad.Rules = append([]Way(nil), good.Ways...), []NoticeRule{{Events: []string{NoticeFailed}, Ways: []string{"chat"}}}
		bad.Ways[1].To = []string{"td@studio.example"}
		bad.PerJob = PerJob{Mail: []string{"*@studio.example"}, URLs: []string{"https://hooks.studio.example/"}}
		test.spoil(&bad)
		if err := bad.Check(); KindOf(err) != Invalid || !strings.Contains(err.Error(), test.names) {
			t.Errorf("%s: got %v", test.names, err)
		}
	}
}

func TestWaysFor(t *testing.T) {
	n := Notifications{Ways: []Way{{Name: "a"}, {Name: "b"}},
		Rules: []NoticeRule{{[]string{NoticeFailed}, []string{"a"}, "shot_*"}, {[]string{NoticeFailed, NoticeDigest}, []string{"b", "a"}, ""}}}
	names := func(event, job string) (s string) {
		for _, w := range n.WaysFor(event, job) {
			s += w.Name
		}
		return s
	}
	for _, test := range [][3]string{{NoticeFailed, "shot_1", "ab"}, {NoticeFailed, "test", "ba"}, {NoticeDigest, "", "ba"}, {NoticeCompleted, "shot_1", ""}} {
		if got := names(test[0], test[1]); got != test[2] {
			t.Errorf("%s of %q: %q, want %q", test[0], test[1], got, test[2])
		}
	}
}

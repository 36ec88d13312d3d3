package farm

import (
	"net"
	"net/mail"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Check says what of the section cannot work, naming the key.
func (n *Notifications) Check() error {
	if len(n.Ways) > maxWays || len(n.Rules) > maxRules {
		return Errorf(Invalid, "notifications has %d ways and %d rules: at most %d and %d", len(n.Ways), len(n.Rules), maxWays, maxRules)
	}
	if n.Link != "" {
		if err := checkURL("notifications.link", n.Link); err != nil {
			return err
		}
	}
	if _, err := time.Parse("15:04", n.DigestAt); n.DigestAt != "" && err != nil {
		return Errorf(Invalid, "notifications.digest_at is %q: write a time of the day, like 08:00", n.DigestAt)
	}
	if n.StuckAfter < 0 || n.StuckAfter > 0 && n.StuckAfter < Duration(time.Minute) {
		return Errorf(Invalid, "notifications.stuck_after is %s: use a minute or more", n.StuckAfter)
	}
	for i := range n.Ways {
		if err := n.checkWay(i); err != nil {
			return err
		}
	}
	for i := range n.Rules {
		if err := n.checkRule(i); err != nil {
			return err
		}
	}
	if err := n.PerJob.check(); err != nil {
		return err
	}
	return n.Mail.check()
}

func (n *Notifications) checkWay(i int) error {
	w := &n.Ways[i]
	kind := kindOfWay(w.Kind)
	switch {
	case w.Name == "" || strings.ContainsAny(w.Name, ",@\n") || strings.Contains(w.Name, "://") || len(w.Name) > 100:
		return Errorf(Invalid, "notifications.ways: way %d is called %q: give it a short name without commas and @", i+1, CutText(w.Name, 100))
	case slices.ContainsFunc(n.Ways[:i], func(o Way) bool { return o.Name == w.Name }):
		return Errorf(Invalid, "notifications.ways: there are two ways called %q", w.Name)
	case kind == nil:
		return Errorf(Invalid, "notifications.ways: the kind of %q is %q: choose one of %s", w.Name, w.Kind, strings.Join(wayKindNames(), ", "))
	}
	for _, key := range []string{"url", "secret", "token", "room", "to", "program"} {
		if w.has(key) && !slices.Contains(kind.Fields, key) {
			return Errorf(Invalid, "notifications.ways: %q is of kind %s, which has no %s", w.Name, w.Kind, key)
		}
		if !w.has(key) && slices.Contains(kind.Needs, key) {
			return Errorf(Invalid, "notifications.ways: %q needs %s", w.Name, key)
		}
	}
	if w.URL != "" {
		if err := checkURL("notifications.ways: url of "+w.Name, w.URL); err != nil {
			return err
		}
	}
	for _, address := range w.To {
		if err := checkAddress(address); err != nil {
			return err
		}
	}
	if w.Kind == WayMail && n.Mail.Server == "" {
		return Errorf(Invalid, "notifications.ways: %q sends mail, and notifications.mail.server is missing: name your mail server, like smtp.studio.example:587", w.Name)
	}
	return nil
}

func wayKindNames() (names []string) {
	for _, k := range WayKinds() {
		names = append(names, k.Name)
	}
	return names
}

func (n *Notifications) checkRule(i int) error {
	r := n.Rules[i]
	if len(r.Events) == 0 || len(r.Ways) == 0 {
		return Errorf(Invalid, "notifications.rules: rule %d needs events and ways", i+1)
	}
	for _, e := range r.Events {
		if !knownNotice(e) {
			return Errorf(Invalid, "notifications.rules: rule %d has the event %q: choose from %s", i+1, CutText(e, 100), strings.Join(noticeNames(), ", "))
		}
	}
	for _, name := range r.Ways {
		if _, ok := n.Way(name); !ok {
			return Errorf(Invalid, "notifications.rules: rule %d has the way %q, which is not in notifications.ways", i+1, CutText(name, 100))
		}
	}
	if _, err := path.Match(r.Jobs, ""); err != nil {
		return Errorf(Invalid, "notifications.rules: rule %d: %q is no pattern; write it like shot_*", i+1, r.Jobs)
	}
	return nil
}

func noticeNames() (names []string) {
	for _, k := range NoticeKinds() {
		names = append(names, k.Name)
	}
	return names
}

func (p *PerJob) check() error {
	for _, pattern := range p.Mail {
		if _, err := path.Match(pattern, ""); err != nil || !strings.Contains(pattern, "@") {
			return Errorf(Invalid, "notifications.per_job.mail: %q is no pattern of addresses; write it like *@studio.example", pattern)
		}
	}
	for _, u := range p.URLs {
		if err := checkURL("notifications.per_job.urls", u); err != nil {
			return err
		}
	}
	return nil
}

func (m *MailServer) check() error {
	if m.Server == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(m.Server); err != nil {
		return Errorf(Invalid, "notifications.mail.server is %q: write it like smtp.studio.example:587", m.Server)
	}
	if err := checkAddress(m.From); err != nil {
		return Errorf(Invalid, "notifications.mail.from: %w", err)
	}
	if !slices.Contains([]string{"", MailStartTLS, MailTLS, MailPlain}, m.Security) {
		return Errorf(Invalid, "notifications.mail.security is %q: choose starttls, tls or none", m.Security)
	}
	return nil
}

func checkAddress(address string) error {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Name != "" || a.Address != address || strings.ContainsAny(address, "\r\n") {
		return Errorf(Invalid, "%q is no mail address: write it like td@studio.example", CutText(address, 100))
	}
	return nil
}

func checkURL(key, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return Errorf(Invalid, "%s has to be an address that begins with http:// or https://", key)
	}
	return nil
}

package farm

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Notifications says who is told of what, and how. Nothing is sent that is not
// named here.
type Notifications struct {
	Link       string       `yaml:"link,omitempty" json:"link"`               // address of the pages, as receivers reach it; "": as far as the manager knows it
	DigestAt   string       `yaml:"digest_at,omitempty" json:"digest_at"`     // local time, as 08:00; "": DefaultDigestAt
	StuckAfter Duration     `yaml:"stuck_after,omitempty" json:"stuck_after"` // 0: DefaultStuckAfter
	DiskFree   Size         `yaml:"disk_free,omitempty" json:"disk_free"`     // less than this is filling up; 0: DefaultDiskFree
	Ways       []Way        `yaml:"ways,omitempty" json:"ways"`
	Rules      []NoticeRule `yaml:"rules,omitempty" json:"rules"`
	Mail       MailServer   `yaml:"mail,omitempty" json:"mail"`
	PerJob     PerJob       `yaml:"per_job,omitempty" json:"per_job"`
}

// What is meant where Notifications says nothing.
const (
	DefaultDigestAt   = "08:00"
	DefaultStuckAfter = Duration(15 * time.Minute)
	DefaultDiskFree   = Size(10e9)
)

// A Way is one way to reach somebody. Which fields it has depends on its kind, see WayKinds.
type Way struct {
	Name    string   `yaml:"name" json:"name"`
	Kind    string   `yaml:"kind" json:"kind"`
	URL     string   `yaml:"url,omitempty" json:"url,omitempty"`
	Secret  string   `yaml:"secret,omitempty" json:"secret,omitempty"`   // of a webhook, to sign with
	Token   string   `yaml:"token,omitempty" json:"token,omitempty"`     // of a service
	Room    string   `yaml:"room,omitempty" json:"room,omitempty"`       // of Matrix; the chat of Telegram
	To      []string `yaml:"to,omitempty" json:"to,omitempty"`           // mail addresses
	Program []string `yaml:"program,omitempty" json:"program,omitempty"` // and its arguments
}

// A NoticeRule says which events go which ways.
type NoticeRule struct {
	Events []string `yaml:"events" json:"events"`
	Ways   []string `yaml:"ways" json:"ways"`
	Jobs   string   `yaml:"jobs,omitempty" json:"jobs,omitempty"` // pattern of the jobs' names, as shot_*; "": all
}

// MailServer is where mail is handed in.
type MailServer struct {
	Server   string `yaml:"server,omitempty" json:"server"` // HOST:PORT; "": no mail
	From     string `yaml:"from,omitempty" json:"from"`
	Username string `yaml:"username,omitempty" json:"username"`
	Password string `yaml:"password,omitempty" json:"password"`
	Security string `yaml:"security,omitempty" json:"security"` // "": MailStartTLS
}

// How the connection to a mail server is encrypted.
const (
	MailStartTLS = "starttls"
	MailTLS      = "tls"
	MailPlain    = "none"
)

// PerJob is which receivers a submitter may name beside the ways.
type PerJob struct {
	Mail []string `yaml:"mail,omitempty" json:"mail"` // patterns of addresses, as *@studio.example
	URLs []string `yaml:"urls,omitempty" json:"urls"` // beginnings of webhooks' addresses
}

// MetadataNotify is the key in a job's metadata with its own receivers: names of
// ways, mail addresses and URLs, with commas between them.
const MetadataNotify = "farm.notify"

// Kinds of ways.
const (
	WayWebhook  = "webhook"
	WayMail     = "mail"
	WayDiscord  = "discord"
	WaySlack    = "slack"
	WayMatrix   = "matrix"
	WayNtfy     = "ntfy"
	WayTelegram = "telegram"
	WayDesktop  = "desktop"
	WayProgram  = "program"
)

// A WayKind says which fields ways of it have.
type WayKind struct {
	Name, About string
	Fields      []string // all that it may have
	Needs       []string // those of them that it must have
}

// WayKinds lists all kinds of ways.
func WayKinds() []WayKind {
	return []WayKind{
		{WayWebhook, "JSON to an address of yours, signed if there is a secret", []string{"url", "secret"}, []string{"url"}},
		{WayMail, "a mail with a contact sheet", []string{"to"}, []string{"to"}},
		{WayDiscord, "a webhook of a Discord channel", []string{"url"}, []string{"url"}},
		{WaySlack, "an incoming webhook of Slack or Mattermost", []string{"url"}, []string{"url"}},
		{WayMatrix, "a room on a Matrix server", []string{"url", "token", "room"}, []string{"url", "token", "room"}},
		{WayNtfy, "a topic of ntfy, for phones", []string{"url", "token"}, []string{"url"}},
		{WayTelegram, "a chat with a bot of Telegram", []string{"token", "room", "url"}, []string{"token", "room"}},
		{WayDesktop, "a note on the screen of the manager's computer", nil, nil},
		{WayProgram, "a program on the manager's computer, which gets JSON on its standard input", []string{"program"}, []string{"program"}},
	}
}

// kindOfWay returns the kind with the name, or nil.
func kindOfWay(name string) *WayKind {
	kinds := WayKinds()
	i := slices.IndexFunc(kinds, func(k WayKind) bool { return k.Name == name })
	if i < 0 {
		return nil
	}
	return &kinds[i]
}

// SecretFields lists the fields of the way that are told to nobody. The addresses of
// chat services are passwords: whoever has one can write.
func (w *Way) SecretFields() []string {
	if w.Kind == WayDiscord || w.Kind == WaySlack {
		return []string{"url"}
	}
	return []string{"secret", "token"}
}

// Field returns a text field of the way by its key, or nil.
func (w *Way) Field(key string) *string {
	switch key {
	case "url":
		return &w.URL
	case "secret":
		return &w.Secret
	case "token":
		return &w.Token
	case "room":
		return &w.Room
	}
	return nil
}

// has reports whether the field has a value.
func (w *Way) has(key string) bool {
	switch key {
	case "to":
		return len(w.To) > 0
	case "program":
		return len(w.Program) > 0
	}
	f := w.Field(key)
	return f != nil && *f != ""
}

// Bounds of the section.
const (
	maxWays      = 100
	maxRules     = 200
	maxReceivers = 20 // of one job, or one mail
	maxNotify    = 2000
)

// On reports whether anybody could be told of anything.
func (n *Notifications) On() bool {
	return len(n.Ways) > 0 || len(n.PerJob.Mail) > 0 || len(n.PerJob.URLs) > 0
}

// Way returns the way with the name, and whether there is one.
func (n *Notifications) Way(name string) (Way, bool) {
	i := slices.IndexFunc(n.Ways, func(w Way) bool { return w.Name == name })
	if i < 0 {
		return Way{}, false
	}
	return n.Ways[i], true
}

// WaysFor returns the ways of the rules that have the event. job is the name of the
// job that it is about, "" for none.
func (n *Notifications) WaysFor(event, job string) (ways []Way) {
	for _, r := range n.Rules {
		if !slices.Contains(r.Events, event) {
			continue
		}
		if fits, _ := path.Match(r.Jobs, job); r.Jobs != "" && !fits {
			continue
		}
		for _, name := range r.Ways {
			if w, ok := n.Way(name); ok && !slices.ContainsFunc(ways, func(o Way) bool { return o.Name == w.Name }) {
				ways = append(ways, w)
			}
		}
	}
	return ways
}

// Receivers returns the ways that a job names itself, see MetadataNotify. Invalid if
// it may not name one of them.
func (n *Notifications) Receivers(text string) (ways []Way, err error) {
	if len(text) > maxNotify {
		return nil, Errorf(Invalid, "%s is longer than %d bytes: name fewer receivers", MetadataNotify, maxNotify)
	}
	for _, name := range strings.Split(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		w, err := n.receiver(name)
		if err != nil {
			return nil, err
		}
		if ways = append(ways, w); len(ways) > maxReceivers {
			return nil, Errorf(Invalid, "the job names more than %d receivers: use a mailing list or a channel", maxReceivers)
		}
	}
	return ways, nil
}

func (n *Notifications) receiver(name string) (Way, error) {
	if w, ok := n.Way(name); ok && w.Kind != WayProgram {
		return w, nil
	}
	switch {
	case strings.Contains(name, "://"):
		if n.PerJob.mayCall(name) {
			return Way{Name: name, Kind: WayWebhook, URL: name}, nil
		}
		return Way{}, Errorf(Invalid, "jobs of this farm may not have %q called: the farm's owner allows addresses in notifications.per_job.urls of farm.yaml", CutText(name, 100))
	case strings.Contains(name, "@"):
		if err := checkAddress(name); err != nil {
			return Way{}, err
		}
		if n.Mail.Server == "" {
			return Way{}, Errorf(Invalid, "this farm sends no mail: its owner sets notifications.mail in farm.yaml")
		}
		if n.PerJob.mayMail(name) {
			return Way{Name: name, Kind: WayMail, To: []string{name}}, nil
		}
		return Way{}, Errorf(Invalid, "jobs of this farm may not send mail to %s: the farm's owner allows addresses in notifications.per_job.mail of farm.yaml", name)
	}
	return Way{}, Errorf(Invalid, "there is no way to notify called %q: \"farm notify list\" says which there are", CutText(name, 100))
}

func (p *PerJob) mayMail(address string) bool {
	return slices.ContainsFunc(p.Mail, func(pattern string) bool {
		ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(address))
		return ok
	})
}

// mayCall compares scheme and host as a whole: http://studio.example.evil/ does not begin
// like http://studio.example.
func (p *PerJob) mayCall(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || path.Clean("/"+u.Path) != "/"+strings.Trim(u.Path, "/") {
		return false
	}
	return slices.ContainsFunc(p.URLs, func(beginning string) bool {
		b, err := url.Parse(beginning)
		below := err == nil && (strings.HasPrefix(u.Path, strings.TrimSuffix(b.Path, "/")+"/") || u.Path == b.Path)
		return below && u.Scheme == b.Scheme && strings.EqualFold(u.Host, b.Host)
	})
}

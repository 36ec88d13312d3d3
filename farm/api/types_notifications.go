package api

import (
	"time"

	"renderfarm/farm"
)

// Notifications is who is told of what, see farm.Notifications. What is secret is "" in
// answers; in a request that means that it stays as it is.
type Notifications struct {
	Link       string                 `json:"link"`
	DigestAt   string                 `json:"digest_at"`
	StuckAfter farm.Duration          `json:"stuck_after"`
	DiskFree   farm.Size              `json:"disk_free"`
	Ways       List[NotificationWay]  `json:"ways"`
	Rules      List[NotificationRule] `json:"rules"`
	Mail       NotificationMail       `json:"mail"`
	PerJob     NotificationPerJob     `json:"per_job"`

	// In answers only.
	Events    []NotificationEvent   `json:"events,omitempty"`
	Kinds     []NotificationWayKind `json:"kinds,omitempty"`
	MayChange bool                  `json:"may_change,omitempty"`
}

// NotificationWay is one way to reach somebody, see farm.Way.
type NotificationWay struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	URL     string   `json:"url,omitempty"`
	Secret  string   `json:"secret,omitempty"`
	Token   string   `json:"token,omitempty"`
	Room    string   `json:"room,omitempty"`
	To      []string `json:"to,omitempty"`
	Program []string `json:"program,omitempty"`

	Has   []string `json:"has,omitempty"`   // in answers: which secret fields have a value
	Fixed bool     `json:"fixed,omitempty"` // in answers: only farm.yaml can change it
}

// NotificationRule says which events go which ways.
type NotificationRule struct {
	Events List[string] `json:"events"`
	Ways   List[string] `json:"ways"`
	Jobs   string       `json:"jobs,omitempty"` // pattern of the jobs' names; "": all
}

// NotificationMail is where mail is handed in.
type NotificationMail struct {
	Server   string   `json:"server"`
	From     string   `json:"from"`
	Username string   `json:"username"`
	Password string   `json:"password"`
	Security string   `json:"security"`
	Has      []string `json:"has,omitempty"` // in answers
}

// NotificationPerJob is which receivers a submitter may name beside the ways.
type NotificationPerJob struct {
	Mail List[string] `json:"mail"`
	URLs List[string] `json:"urls"`
}

// NotificationEvent is an event that rules may name.
type NotificationEvent struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

// NotificationWayKind says which fields ways of a kind have.
type NotificationWayKind struct {
	Name   string       `json:"name"`
	About  string       `json:"about"`
	Fields List[string] `json:"fields"`
	Needs  List[string] `json:"needs"`
}

// NotificationTest is the request of testNotifications.
type NotificationTest struct {
	Way string `json:"way" api:"optional"` // "": all
}

// NotificationResults answers testNotifications.
type NotificationResults struct {
	Results List[NotificationResult] `json:"results"`
}

// NotificationResult is what a test of one way came to.
type NotificationResult struct {
	Way   string `json:"way"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// NotificationDeliveries answers fetchNotificationDeliveries, the newest first.
type NotificationDeliveries struct {
	Waiting    int                        `json:"waiting"` // how many of all
	Deliveries List[NotificationDelivery] `json:"deliveries"`
}

// NotificationDelivery is a message on its way to one receiver, or what became of it.
type NotificationDelivery struct {
	ID       string     `json:"id"`
	Event    string     `json:"event"`
	Way      string     `json:"way"`
	Job      farm.JobID `json:"job,omitempty"`
	Title    string     `json:"title"`
	Time     time.Time  `json:"time"`
	State    string     `json:"state"` // waiting, sent or dropped
	Attempts int        `json:"attempts"`
	Next     time.Time  `json:"next,omitzero"` // when it is tried again
	Error    string     `json:"error,omitempty"`
}

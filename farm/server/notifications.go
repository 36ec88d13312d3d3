package server

import (
	"net/http"
	"reflect"
	"slices"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// fetchNotifications says who is told of what, without what is secret.
func (s *Server) fetchNotifications(w http.ResponseWriter, r *http.Request) error {
	c := s.m.Config().Notifications
	answer := api.Notifications{Link: c.Link, DigestAt: c.DigestAt, StuckAfter: c.StuckAfter, DiskFree: c.DiskFree, MayChange: s.mayManage(r),
		PerJob: api.NotificationPerJob{Mail: c.PerJob.Mail, URLs: c.PerJob.URLs},
		Mail:   api.NotificationMail{Server: c.Mail.Server, From: c.Mail.From, Username: c.Mail.Username, Security: c.Mail.Security}}
	if c.Mail.Password != "" {
		answer.Mail.Has = []string{"password"}
	}
	for _, way := range c.Ways {
		answer.Ways = append(answer.Ways, apiWay(way))
	}
	for _, rule := range c.Rules {
		answer.Rules = append(answer.Rules, api.NotificationRule{Events: rule.Events, Ways: rule.Ways, Jobs: rule.Jobs})
	}
	for _, k := range farm.NoticeKinds() {
		answer.Events = append(answer.Events, api.NotificationEvent(k))
	}
	for _, k := range farm.WayKinds() {
		answer.Kinds = append(answer.Kinds, api.NotificationWayKind{Name: k.Name, About: k.About, Fields: k.Fields, Needs: k.Needs})
	}
	return writeJSON(w, http.StatusOK, answer)
}

// apiWay is a way without what is secret.
func apiWay(way farm.Way) api.NotificationWay {
	var has []string
	for _, key := range way.SecretFields() {
		if f := way.Field(key); *f != "" {
			*f, has = "", append(has, key)
		}
	}
	return api.NotificationWay{Name: way.Name, Kind: way.Kind, URL: way.URL, Secret: way.Secret, Token: way.Token, Room: way.Room, To: way.To, Program: way.Program,
		Has: has, Fixed: way.Kind == farm.WayProgram}
}

// setNotifications says who is to be told of what. Who may send the farm's events to
// any address, and have the manager call it, is who owns the farm.
func (s *Server) setNotifications(w http.ResponseWriter, r *http.Request) error {
	if !s.mayManage(r) {
		return farm.Errorf(farm.Forbidden, "who is notified can be changed only on the manager's own computer, or with the farm key: edit notifications in farm.yaml there")
	}
	var wanted api.Notifications
	if err := s.read(w, r, &wanted); err != nil {
		return err
	}
	_, err := s.m.ChangeConfig(func(now farm.Config) (farm.Config, error) {
		next := now
		var err error
		next.Notifications, err = notificationsOf(&wanted, &now.Notifications)
		return next, err
	})
	if err != nil {
		return err
	}
	return noContent(w)
}

// notificationsOf is what somebody wants, with the secrets that are there now.
func notificationsOf(wanted *api.Notifications, now *farm.Notifications) (farm.Notifications, error) {
	next := farm.Notifications{Link: wanted.Link, DigestAt: wanted.DigestAt, StuckAfter: wanted.StuckAfter, DiskFree: wanted.DiskFree,
		PerJob: farm.PerJob{Mail: wanted.PerJob.Mail, URLs: wanted.PerJob.URLs},
		Mail:   farm.MailServer{Server: wanted.Mail.Server, From: wanted.Mail.From, Username: wanted.Mail.Username, Password: wanted.Mail.Password, Security: wanted.Mail.Security}}
	if next.Mail.Password == "" && next.Mail.Server == now.Mail.Server { // another server would be told it
		next.Mail.Password = now.Mail.Password
	}
	for _, w := range wanted.Ways {
		way := farm.Way{Name: w.Name, Kind: w.Kind, URL: w.URL, Secret: w.Secret, Token: w.Token, Room: w.Room, To: w.To, Program: w.Program}
		before, known := now.Way(way.Name)
		known = known && before.Kind == way.Kind
		if way.Kind == farm.WayProgram && !(known && reflect.DeepEqual(before.Program, way.Program)) {
			return next, farm.Errorf(farm.Forbidden, "programs of the manager's computer are named only in its farm.yaml: add %q to notifications.ways there", farm.CutText(way.Name, 100))
		}
		// A token goes to the address that it was given for, and to no other.
		if known && (before.URL == way.URL || slices.Contains(way.SecretFields(), "url")) {
			for _, key := range way.SecretFields() {
				if f := way.Field(key); *f == "" {
					*f = *before.Field(key)
				}
			}
		}
		next.Ways = append(next.Ways, way)
	}
	for _, rule := range wanted.Rules {
		next.Rules = append(next.Rules, farm.NoticeRule{Events: rule.Events, Ways: rule.Ways, Jobs: rule.Jobs})
	}
	return next, nil
}

// testNotifications sends a message some ways, and says what came of it.
func (s *Server) testNotifications(w http.ResponseWriter, r *http.Request) error {
	if !s.mayManage(r) {
		return farm.Errorf(farm.Forbidden, "messages can be tried only on the manager's own computer, or with the farm key: type \"farm notify test\" there")
	}
	var wanted api.NotificationTest
	if err := s.read(w, r, &wanted); err != nil {
		return err
	}
	if s.notify == nil {
		return farm.Errorf(farm.Unavailable, "this manager notifies nobody")
	}
	results, err := s.notify.Test(r.Context(), wanted.Way)
	if err != nil {
		return err
	}
	var answer api.NotificationResults
	for _, result := range results {
		told := api.NotificationResult{Way: result.Way, OK: result.Error == nil}
		if result.Error != nil {
			told.Error = result.Error.Error()
		}
		answer.Results = append(answer.Results, told)
	}
	return writeJSON(w, http.StatusOK, answer)
}

// fetchNotificationDeliveries says what was sent lately, and what waits.
func (s *Server) fetchNotificationDeliveries(w http.ResponseWriter, r *http.Request) error {
	var answer api.NotificationDeliveries
	if s.notify != nil {
		list, waiting := s.notify.Deliveries()
		answer.Waiting = waiting
		for _, d := range list {
			answer.Deliveries = append(answer.Deliveries, api.NotificationDelivery(d))
		}
	}
	return writeJSON(w, http.StatusOK, answer)
}

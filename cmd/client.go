package cmd

import (
	"context"
	"errors"
	"net/http"
	"os/user"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// client returns the client for the manager of this session. It does not say
// anything to the manager yet.
func (s *session) client(ctx context.Context) (*api.Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	address, fingerprint, err := s.managerAddress()
	if err != nil {
		return nil, err
	}
	client, err := api.NewPinned(address, fingerprint)
	if err != nil {
		return nil, err
	}
	if client.Key, err = s.farmKey(); err != nil {
		return nil, err
	}
	client.UserAgent = "Farm/" + version
	client.Name = userName()
	return client, nil
}

// foreign reports whether an error of a call that only Farm's managers have says
// that the manager is not one of them: it knows no such path. Farm names what it
// does not find with a code in the answer; others leave it out, or send a page.
func foreign(err error) bool {
	var answer *api.Error
	return errors.As(err, &answer) && (answer.Status == http.StatusNotFound || answer.Status == http.StatusMethodNotAllowed) && answer.Code == 0
}

// userName is what the system calls who runs this, for the audits of what is
// changed; "" if it does not say. What no header can hold is left out.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return farm.CleanActor(u.Username, "", "").Name
}

// managerAddress returns where the manager is: the flag, else FARM_MANAGER,
// else farm.yaml, else what a manager running on this home says, else the default. With
// it comes the fingerprint of its certificate, "" if none was given.
func (s *session) managerAddress() (address, fingerprint string, err error) {
	c, err := s.config()
	if err != nil {
		return "", "", err
	}
	own := s.runningManager()
	switch {
	case own.url != "" && (c.ManagerURL == "" || c.ManagerURL == own.url && c.Fingerprint == ""):
		return own.url, own.fingerprint, nil
	case c.ManagerURL == "":
		return defaultManager, c.Fingerprint, nil
	}
	return c.ManagerURL, c.Fingerprint, nil
}

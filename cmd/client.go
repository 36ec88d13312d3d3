package cmd

import (
	"context"

	"renderfarm/farm/api"
)

// client returns the client for the manager of this session. It does not say
// anything to the manager yet.
func (s *session) client(ctx context.Context) (*api.Client, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	address, err := s.managerAddress()
	if err != nil {
		return nil, err
	}
	client, err := api.New(address)
	if err != nil {
		return nil, err
	}
	client.UserAgent = "Farm/" + version
	return client, nil
}

// managerAddress returns where the manager is: the flag, else FARM_MANAGER,
// else farm.yaml, else what a manager running on this home says, else the default.
func (s *session) managerAddress() (string, error) {
	c, err := s.config()
	if err != nil {
		return "", err
	}
	if c.ManagerURL != "" {
		return c.ManagerURL, nil
	}
	if url := s.runningManager(); url != "" {
		return url, nil
	}
	return defaultManager, nil
}

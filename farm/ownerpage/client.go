package ownerpage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"renderfarm/farm"
)

// A Client talks to the worker whose folder it can read.
type Client struct{ door }

// errNotRunning is what all calls return when there is no worker.
var errNotRunning = farm.Errorf(farm.NotFound, `no worker runs on this home. Start one with "farm work", or say where its home is with --home`)

// Open finds the worker of the folder; NotFound if none runs.
func Open(dir string) (*Client, error) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNotRunning
	}
	if err != nil {
		return nil, farm.Errorf(farm.Forbidden, "the worker of this home is another user's: %w", err)
	}
	c := &Client{}
	if err := json.Unmarshal(text, &c.door); err != nil {
		return nil, errNotRunning
	}
	return c, nil
}

// Page is the address of the owner's page.
func (c *Client) Page() string { return c.URL + "/?token=" + c.Token }

// State returns what the worker does.
func (c *Client) State(ctx context.Context) (s State, err error) {
	text, err := c.call(ctx, http.MethodGet, "/state", nil)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	return s, err
}

// Pause pauses it until then; zero is until Resume.
func (c *Client) Pause(ctx context.Context, until time.Time) error {
	body, err := json.Marshal(Pause{until})
	if err != nil {
		return err
	}
	_, err = c.call(ctx, http.MethodPost, "/pause", body)
	return err
}

// Resume ends a pause.
func (c *Client) Resume(ctx context.Context) error {
	_, err := c.call(ctx, http.MethodPost, "/resume", nil)
	return err
}

// callLimit bounds a call, and maxAnswer its answer.
const (
	callLimit = 10 * time.Second
	maxAnswer = 64 << 10
)

func (c *Client) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	req.Header.Set("Content-Type", "application/json")
	// No proxy: the worker is on this computer.
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil { // it was killed, and its file is still there
		return nil, errNotRunning
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode == http.StatusForbidden: // another program has the port now
		return nil, errNotRunning
	case res.StatusCode >= http.StatusBadRequest:
		return nil, farm.Errorf(farm.Invalid, "%s", strings.TrimSpace(string(text)))
	}
	return text, nil
}

package cmd

import (
	"context"
	"net/http"

	"renderfarm/farm/api"
)

const (
	// burstJoinValid is how long a worker may wait for its computer.
	burstJoinValid = "168h"
	// burstCodesKept is how many join codes that were used up are kept, so that who tries
	// one again hears why it is refused.
	burstCodesKept = 20
)

// joinCodes returns what makes a join code for so many workers, for their environment: each
// of them joins once, whatever the farm asks of new workers.
func joinCodes(client *api.Client, name string) func(ctx context.Context, n int) ([]string, error) {
	note := "farm burst " + name
	return func(ctx context.Context, n int) ([]string, error) {
		if err := tidyJoinCodes(ctx, client, note); err != nil {
			return nil, err
		}
		code, err := client.CreateJoinCode(ctx, api.JoinCodeRequest{Uses: n, Valid: burstJoinValid, Note: note})
		switch {
		case api.StatusOf(err) == http.StatusConflict: // only its own computer reaches the manager, whose workers need none
			return nil, nil
		case err != nil:
			return nil, err
		}
		return []string{joinVariable + "=" + code.Code}, nil
	}
}

// tidyJoinCodes removes the codes of that note that are used up, but the newest of them: a
// farm keeps a limited number.
func tidyJoinCodes(ctx context.Context, client *api.Client, note string) error {
	all, err := client.FetchJoinCodes(ctx)
	if err != nil {
		return err
	}
	used := 0
	for _, c := range all.Codes { // the newest first
		if c.Note != note || len(c.Used) < c.Uses {
			continue
		}
		if used++; used > burstCodesKept {
			if err := client.DeleteJoinCode(ctx, c.ID); err != nil && !api.IsNotFound(err) {
				return err
			}
		}
	}
	return nil
}

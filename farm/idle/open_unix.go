//go:build !windows && !darwin

package idle

import (
	"context"
	"os"
)

// open returns the source that knows best. An X server under Wayland sees only what
// is meant for its own windows.
func open(ctx context.Context) (source, error) {
	if os.Getenv("WAYLAND_DISPLAY") == "" && os.Getenv("DISPLAY") != "" {
		if s, err := openX(); err == nil {
			return s, nil
		}
	}
	for _, try := range []func(context.Context) (source, error){openWayland, openGNOME, openKDE, openLogind} {
		if s, err := try(ctx); err == nil {
			return s, nil
		}
	}
	return nil, errNoSource
}

package cmd

import (
	"io"
	"log/slog"
	"strings"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"
)

// logOptions are the flags of the commands that run for long.
type logOptions struct {
	json  bool
	debug bool
	level string
}

// logFlags gives a command the flags of logging; its run function calls startLog.
func (s *session) logFlags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&s.logs.json, "log-json", false, "log JSON lines, for log collectors")
	f.StringVar(&s.logs.level, "log-level", "info", "lowest level to log: debug, info, warn, error")
	f.BoolVar(&s.logs.debug, "debug", false, "the same as --log-level debug")
}

// startLog makes s.log write to standard error as the flags say.
func (s *session) startLog() error {
	level, ok := logLevel(s.logs)
	if !ok {
		return usageErrorf("--log-level %q is not one of debug, info, warn, error", s.logs.level)
	}
	s.log = slog.New(logHandler(s.errOut, s.logs.json, s.colors(s.errOut), level))
	return nil
}

// logLevel reads the flags; ok is false if there is no such level.
func logLevel(o logOptions) (slog.Level, bool) {
	if o.debug {
		return slog.LevelDebug, true
	}
	var level slog.Level
	switch name := strings.ToLower(o.level); name {
	case "debug", "info", "warn", "error":
		err := level.UnmarshalText([]byte(name))
		return level, err == nil
	}
	return level, false
}

// logHandler returns short readable lines, or JSON.
func logHandler(w io.Writer, json, colors bool, level slog.Level) slog.Handler {
	if json {
		return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	}
	return tint.NewTextHandler(w, &tint.Options{Level: level, NoColor: !colors, TimeFormat: "15:04:05"})
}

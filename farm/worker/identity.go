package worker

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// An identity is how a manager knows the worker again. It is kept in a file of
// lines that only the worker's user can read: whoever has it can act as the
// worker.
type identity struct {
	ID     farm.WorkerID
	Secret string
	Name   string // at the time of the registration; for people
}

const identityFile = "identity.yaml"

// newSecret returns 32 random bytes in hexadecimal.
func newSecret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

// loadIdentity reads the identity in dir. It is the zero value if there is
// none yet, or if the file makes no sense: then the worker registers anew.
func loadIdentity(dir string, log *slog.Logger) (identity, error) {
	path := filepath.Join(dir, identityFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return identity{}, nil
	case err != nil:
		return identity{}, farm.Errorf(farm.Forbidden, "the worker's identity cannot be read: %w", err)
	}
	values := map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && !strings.HasPrefix(key, "#") {
			values[strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	known := identity{farm.WorkerID(values["worker_id"]), values["worker_secret"], values["name"]}
	if _, ok := farm.ParseUUID(string(known.ID)); !ok || known.Secret == "" {
		log.Warn("the worker's identity is damaged: registering as a new worker", "file", path)
		return identity{}, nil
	}
	return known, nil
}

// save writes the identity to dir. When it returns, a power cut does not lose it.
func (i identity) save(dir string) error {
	text := fmt.Sprintf("# How the manager knows this worker. Keep it secret, and do not copy it to\n"+
		"# another worker: each needs its own. Without this file the worker registers again.\n"+
		"worker_id: %s\nworker_secret: %s\nname: %q\n", i.ID, i.Secret, i.Name)
	if err := fsync.Replace(filepath.Join(dir, identityFile), []byte(text)); err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	return nil
}

// alreadyRuns is the error of a folder that another process uses.
func alreadyRuns(dir string) error {
	return farm.Errorf(farm.Conflict, "another worker runs with the folder %s: stop it, or give each worker its own home", dir)
}

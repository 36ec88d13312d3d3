// Package access has what two sides prove to each other: the farm key, by which a
// manager knows who belongs to the farm, and the manager's certificate, by which
// others know the manager.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// Bounds on a key, in bytes. A shorter one could be guessed.
const (
	minKey = 16
	maxKey = 200
)

// KeyFile returns where the farm key is kept in a home folder.
func KeyFile(home string) string { return filepath.Join(home, "farm.key") }

// NewKey returns a random key of 130 bits, in capital letters and digits.
func NewKey() string { return rand.Text() }

// CleanKey returns a key as people type it or a file has it, without blanks around
// it. The kind of error is farm.Invalid; it does not contain the key.
func CleanKey(text string) (string, error) {
	key := strings.TrimSpace(text)
	if len(key) < minKey || len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", farm.Errorf(farm.Invalid, "a farm key has %d to %d letters, digits and signs, and no blanks: \"farm key new\" makes one", minKey, maxKey)
	}
	return key, nil
}

// ReadKey returns the key in a file; "" if there is no such file.
func ReadKey(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", farm.Errorf(farm.Invalid, "the farm key cannot be read: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4*maxKey))
	if err != nil {
		return "", farm.Errorf(farm.Invalid, "the farm key cannot be read: %w", err)
	}
	key, err := CleanKey(string(text))
	if err != nil {
		return "", farm.Errorf(farm.Invalid, "%s is no farm key: %w", path, err)
	}
	return key, nil
}

// WriteKey keeps a key in a file that only its owner can read.
func WriteKey(path, key string) error {
	key, err := CleanKey(key)
	if err != nil {
		return err
	}
	return fsync.Replace(path, []byte(key+"\n")) // which makes files of mode 0600
}

// RemoveKey removes the file of a key, and reports whether there was one.
func RemoveKey(path string) (bool, error) {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, fsync.Dir(filepath.Dir(path))
}

// SameKey compares two keys in a time that says nothing about where they differ.
func SameKey(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

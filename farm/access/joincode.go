package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/fsync"
)

// A JoinCode lets computers join a farm without its key, and without somebody who
// approves their workers, for a limited time. The code itself is told once, and not kept.
type JoinCode struct {
	ID      string    `json:"id"`   // by which it is named later
	Hash    string    `json:"hash"` // SHA-256 of the code, which has 60 random bits
	Note    string    `json:"note,omitempty"`
	Base    string    `json:"base,omitempty"` // URL of the manager in the lines that were made with it
	Most    int       `json:"most"`           // computers that may join with it
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Uses    []JoinUse `json:"uses,omitempty"`
}

// A JoinUse is a computer that joined with a code.
type JoinUse struct {
	Computer string                   `json:"computer"` // SHA-256 of what the computer chose to be known by
	Name     string                   `json:"name"`     // of its first worker
	Address  string                   `json:"address"`
	At       time.Time                `json:"at"`
	Workers  map[string]farm.WorkerID `json:"workers"` // by the SHA-256 of their secrets
}

// A JoinSpec is what somebody wants of a new code.
type JoinSpec struct {
	Uses  int           // computers that may join with it, 1 to MaxJoinUses; 0 is 1
	Valid time.Duration // a minute to MaxJoinTime; 0 is an hour
	Note  string        // for people
	Base  string        // see JoinCode
}

// A Joiner is a worker that comes with a code.
type Joiner struct {
	Computer string // what its computer chose to be known by: its workers share one use
	Secret   string // the worker's: one that asks again, as it heard no answer, is the same worker
	Name     string
	Address  string
}

// Bounds on join codes.
const (
	MaxJoinUses  = 1000
	MaxJoinTime  = 30 * 24 * time.Hour
	maxJoinCodes = 1000
	maxJoinNote  = 200                // bytes
	joinKept     = 7 * 24 * time.Hour // after its end, to say why it is refused
	perComputer  = 32                 // workers: one for each graphics card
)

// joinLetters is how many letters a code has, of base 32: 60 bits. It is typed in groups.
const joinLetters = 12

// JoinCodes keeps the join codes of a farm in a file. Its methods may be called from any goroutine.
type JoinCodes struct {
	path string

	mu    sync.Mutex // guards codes; held while the file is written and a worker is registered, and taken before nothing else
	codes []JoinCode // by age; a code that is changed is replaced
}

// OpenJoinCodes reads the join codes of a home folder. The file is made with the first code.
func OpenJoinCodes(home string) (*JoinCodes, error) {
	j := &JoinCodes{path: filepath.Join(home, "join-codes.json")}
	text, err := os.ReadFile(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &j.codes)
	}
	if err != nil {
		return nil, farm.Errorf(farm.Invalid, "the join codes in %s cannot be read: %w. Delete the file: then there are none", j.path, err)
	}
	return j, nil
}

// New makes a code.
func (j *JoinCodes) New(spec JoinSpec, now time.Time) (code string, c JoinCode, err error) {
	if spec.Uses == 0 {
		spec.Uses = 1
	}
	if spec.Valid == 0 {
		spec.Valid = time.Hour
	}
	switch {
	case spec.Uses < 1 || spec.Uses > MaxJoinUses:
		return "", c, farm.Errorf(farm.Invalid, "a join code is for 1 to %d computers, and not %d", MaxJoinUses, spec.Uses)
	case spec.Valid < time.Minute || spec.Valid > MaxJoinTime:
		return "", c, farm.Errorf(farm.Invalid, "a join code is good for a minute to 30 days, and not %s", spec.Valid)
	}
	letters := rand.Text()[:joinLetters]
	hash := sumText(letters)
	c = JoinCode{ID: hash[:8], Hash: hash, Note: farm.CutText(strings.TrimSpace(spec.Note), maxJoinNote), Base: spec.Base, Most: spec.Uses, Created: now, Expires: now.Add(spec.Valid)}
	j.mu.Lock()
	defer j.mu.Unlock()
	codes := slices.DeleteFunc(slices.Clone(j.codes), func(old JoinCode) bool { return now.Sub(old.Expires) > joinKept })
	if len(codes) >= maxJoinCodes {
		return "", c, farm.Errorf(farm.Busy, "there are %d join codes already: revoke some, with \"farm workers add --revoke ID\"", len(codes))
	}
	return letters[:4] + "-" + letters[4:8] + "-" + letters[8:], c, j.save(append(codes, c))
}

// save replaces all codes. The caller holds mu.
func (j *JoinCodes) save(codes []JoinCode) error {
	text, err := json.MarshalIndent(codes, "", " ")
	if err != nil {
		return err
	}
	if err := fsync.Replace(j.path, text); err != nil {
		return fmt.Errorf("keep the join codes: %w", err)
	}
	j.codes = codes
	return nil
}

// List returns the codes that are good, the newest first.
func (j *JoinCodes) List(now time.Time) (good []JoinCode) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range slices.Backward(j.codes) {
		if now.Before(c.Expires) {
			good = append(good, c)
		}
	}
	return good
}

// Remove revokes the code with the id. NotFound if there is none.
func (j *JoinCodes) Remove(id string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(j.codes), func(c JoinCode) bool { return c.ID == id })
	if len(left) == len(j.codes) {
		return farm.Errorf(farm.NotFound, "there is no join code %s: \"farm workers add --list\" shows them", farm.CutText(id, 20))
	}
	return j.save(left)
}

// ErrUnknownCode is the error for what is no code of this farm: who sends many of them is guessing.
var ErrUnknownCode error = farm.Errorf(farm.Invalid, "this join code is not known here: it is of another farm, was revoked, or has a typing mistake. \"Add a computer\" on the page of workers makes a new one")

// Find returns the code that somebody sent, if it is still good for something: one that is
// used up is, for the computers that used it.
func (j *JoinCodes) Find(code string, now time.Time) (JoinCode, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, err := j.find(code, now)
	if err != nil {
		return JoinCode{}, err
	}
	return j.codes[i], nil
}

// find is Find, for who holds mu.
func (j *JoinCodes) find(code string, now time.Time) (int, error) {
	hash := sumText(CleanJoinCode(code))
	i := slices.IndexFunc(j.codes, func(c JoinCode) bool { return c.Hash == hash })
	if i < 0 {
		return 0, ErrUnknownCode
	}
	if c := j.codes[i]; !now.Before(c.Expires) {
		return 0, farm.Errorf(farm.Invalid, "this join code was good until %s: \"Add a computer\" on the page of workers makes a new one", c.Expires.Local().Format("2 Jan 15:04"))
	}
	return i, nil
}

// Use lets a worker join: register makes it, unless it is one that asks again. That the use
// is taken is on the disk before, and taken back if register fails.
func (j *JoinCodes) Use(code string, by Joiner, now time.Time, register func() (farm.WorkerID, error)) (id farm.WorkerID, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i, err := j.find(code, now)
	if err != nil {
		return "", err
	}
	before, computer, secret := j.codes, sumText(by.Computer), sumText(by.Secret)
	c := j.codes[i]
	u := slices.IndexFunc(c.Uses, func(u JoinUse) bool { return u.Computer == computer })
	switch {
	case u < 0 && len(c.Uses) >= c.Most:
		last := c.Uses[len(c.Uses)-1]
		return "", farm.Errorf(farm.Invalid, "this join code was used already, by %s at %s: \"Add a computer\" on the page of workers makes a new one", last.Name, last.At.Local().Format("15:04"))
	case u < 0:
		u = len(c.Uses)
		c.Uses = append(slices.Clone(c.Uses), JoinUse{Computer: computer, Name: farm.CutText(by.Name, maxJoinNote), Address: by.Address, At: now})
	case c.Uses[u].Workers[secret] != "":
		return c.Uses[u].Workers[secret], nil
	case len(c.Uses[u].Workers) >= perComputer:
		return "", farm.Errorf(farm.Invalid, "one computer registered %d workers with this join code, which is as many as there can be", perComputer)
	default:
		c.Uses = slices.Clone(c.Uses)
	}
	if err := j.save(with(j.codes, i, c)); err != nil {
		return "", err
	}
	if id, err = register(); err != nil {
		return "", errors.Join(err, j.save(before))
	}
	workers := map[string]farm.WorkerID{secret: id}
	for s, w := range c.Uses[u].Workers {
		workers[s] = w
	}
	c.Uses = slices.Clone(c.Uses)
	c.Uses[u].Workers = workers
	return id, j.save(with(j.codes, i, c))
}

// with returns a list with another code at a place.
func with(codes []JoinCode, i int, c JoinCode) []JoinCode {
	codes = slices.Clone(codes)
	codes[i] = c
	return codes
}

// CleanJoinCode returns a code as it is compared: people type small letters, blanks and what
// looks like a letter.
func CleanJoinCode(text string) string {
	text = strings.ToUpper(strings.NewReplacer("-", "", " ", "", "0", "O", "1", "I", "8", "B").Replace(strings.TrimSpace(text)))
	return farm.CutText(text, 4*joinLetters)
}

func sumText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

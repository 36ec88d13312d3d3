package access

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

// TestJoinCodes has computers join, too many of them, too late, and again after the
// manager was started anew.
func TestJoinCodes(t *testing.T) {
	home, now := t.TempDir(), time.Now()
	open := func() *JoinCodes {
		j, err := OpenJoinCodes(home)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	code, c, err := open().New(JoinSpec{Uses: 2, Valid: time.Hour, Note: "shelf"}, now)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(home, "join-codes.json")); err != nil || strings.Contains(string(text), code[:4]) || strings.Contains(string(text), CleanJoinCode(code)) {
		t.Errorf("the file tells the code: %s, %v", text, err)
	}
	registered := 0
	use := func(code, computer, secret string, at time.Time) (farm.WorkerID, error) {
		return open().Use(code, Joiner{Computer: computer, Secret: secret, Name: computer}, at, func() (farm.WorkerID, error) {
			registered++
			return farm.WorkerID(computer + " " + secret), nil
		})
	}
	for _, step := range []struct {
		computer, secret, code string
		after                  time.Duration
		registered             int
		fails                  string
	}{
		{"a", "1", code, 0, 1, ""},
		{"a", "1", strings.ToLower(strings.ReplaceAll(code, "-", " ")), 0, 1, ""}, // it heard no answer
		{"a", "2", code, 0, 2, ""}, // another card of the same computer
		{"b", "1", code, 0, 3, ""},
		{"c", "1", code, 0, 3, "used already, by b"},
		{"b", "1", code, 0, 3, ""},
		{"b", "1", code, time.Hour, 3, "was good until"},
		{"c", "1", "AAAA-BBBB-CCCC", 0, 3, "not known here"},
		{"c", "1", "", 0, 3, "not known here"},
	} {
		id, err := use(step.code, step.computer, step.secret, now.Add(step.after))
		if registered != step.registered || (err != nil) != (step.fails != "") || err != nil && (!strings.Contains(err.Error(), step.fails) || farm.KindOf(err) != farm.Invalid) {
			t.Errorf("%+v: %d registered, %q, %v", step, registered, id, err)
		}
		if err == nil && id != farm.WorkerID(step.computer+" "+step.secret) {
			t.Errorf("%+v: it is %q", step, id)
		}
	}
	if list := open().List(now); len(list) != 1 || list[0].ID != c.ID || len(list[0].Uses) != 2 || list[0].Note != "shelf" {
		t.Errorf("the list is %+v", list)
	}
	if list := open().List(now.Add(time.Hour)); len(list) != 0 {
		t.Errorf("what is over is listed: %+v", list)
	}
	if err := open().Remove(c.ID); err != nil {
		t.Error(err)
	}
	if err := open().Remove(c.ID); farm.KindOf(err) != farm.NotFound {
		t.Errorf("revoked twice: %v", err)
	}
	if _, err := open().Find(code, now); !errors.Is(err, ErrUnknownCode) {
		t.Errorf("a revoked code: %v", err)
	}
}

// TestJoinCodeIsGivenBack has a registration fail: the code is as good as before.
func TestJoinCodeIsGivenBack(t *testing.T) {
	j, err := OpenJoinCodes(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	code, _, err := j.New(JoinSpec{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	full := farm.Errorf(farm.Busy, "the farm is full")
	for _, want := range []error{full, nil} {
		_, err := j.Use(code, Joiner{Computer: "a", Secret: "1"}, time.Now(), func() (farm.WorkerID, error) { return "w", want })
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// TestBadJoinCodes has wishes that are refused, and a damaged file.
func TestBadJoinCodes(t *testing.T) {
	home := t.TempDir()
	j, err := OpenJoinCodes(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range []JoinSpec{{Uses: -1}, {Uses: MaxJoinUses + 1}, {Valid: -time.Hour}, {Valid: 1}, {Valid: MaxJoinTime + 1}} {
		if code, _, err := j.New(spec, time.Now()); farm.KindOf(err) != farm.Invalid {
			t.Errorf("%+v: %q, %v", spec, code, err)
		}
	}
	if err := os.WriteFile(filepath.Join(home, "join-codes.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJoinCodes(home); farm.KindOf(err) != farm.Invalid {
		t.Errorf("a damaged file: %v", err)
	}
}

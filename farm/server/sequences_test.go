package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// TestSequences replays the golden sequences of testdata/wire/sequences, whose
// README says how they are written.
func TestSequences(t *testing.T) {
	files, err := filepath.Glob("../../testdata/wire/sequences/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no sequences: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := &replay{s: newServer(t), kept: map[string]string{}}
			line := 1
			for block := range strings.SplitSeq(string(text), "\n\n") {
				if step := parseStep(block); step.method != "" {
					if err := r.step(step); err != nil {
						t.Fatalf("%s, in the block at line %d: %s %s: %v", file, line, step.method, step.path, err)
					}
				}
				line += strings.Count(block, "\n") + 2
			}
		})
	}
}

// step is one request, and what is expected of its answer.
type step struct {
	method, path string
	header       [][2]string
	body         string
	status       int
	wants        [][2]string // headers; the value "" of a name with ! says that there is none
	json         string      // expected; "-" is no body
}

func parseStep(block string) (s step) {
	for line := range strings.Lines(block) {
		line = strings.TrimRight(line, "\n")
		kind, rest, _ := strings.Cut(line, " ")
		name, value, isHeader := strings.Cut(rest, ": ")
		number, err := strconv.Atoi(rest)
		switch {
		case strings.HasPrefix(line, "#") || line == "":
		case kind == ">":
			s.body += rest + "\n"
		case kind == "<" && err == nil && s.json == "":
			s.status = number
		case kind == "<" && strings.HasPrefix(rest, "!"):
			s.wants = append(s.wants, [2]string{rest, ""})
		case kind == "<" && isHeader && s.json == "" && !strings.HasPrefix(rest, "{"):
			s.wants = append(s.wants, [2]string{name, value})
		case kind == "<":
			s.json += rest + "\n"
		case s.method == "":
			s.method, s.path = kind, rest
		default:
			name, value, _ = strings.Cut(line, ": ")
			s.header = append(s.header, [2]string{name, value})
		}
	}
	s.body, s.json = strings.TrimSuffix(s.body, "\n"), strings.TrimSpace(s.json)
	return s
}

// replay is a client with a memory.
type replay struct {
	s    *testServer
	kept map[string]string
}

// fill puts what was kept in place of $name.
func (r *replay) fill(text string) string {
	for name, value := range r.kept {
		text = strings.ReplaceAll(text, "$"+name, value)
	}
	return text
}

func (r *replay) step(s step) error {
	req, err := http.NewRequestWithContext(r.s.t.Context(), s.method, r.s.url+r.fill(s.path), strings.NewReader(r.fill(s.body)))
	if err != nil {
		return err
	}
	if s.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range s.header {
		value := r.fill(h[1])
		if h[0] == "Worker" {
			id, secret, _ := strings.Cut(value, " ")
			req.SetBasicAuth(id, secret)
			continue
		}
		req.Header.Set(h[0], value)
	}
	res, err := r.s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	return r.check(s, res, body)
}

func (r *replay) check(s step, res *http.Response, body []byte) error {
	if res.StatusCode != s.status {
		return fmt.Errorf("answered %d, want %d: %s", res.StatusCode, s.status, body)
	}
	for _, h := range s.wants {
		name, absent := strings.CutPrefix(h[0], "!")
		if got, there := res.Header[http.CanonicalHeaderKey(name)]; absent == there || !absent && got[0] != h[1] {
			return fmt.Errorf("the header %s is %q, want %q", name, got, h[1])
		}
	}
	if s.json == "-" {
		if len(body) > 0 {
			return fmt.Errorf("there is a body: %s", body)
		}
		return nil
	}
	var want, got any
	if err := json.Unmarshal([]byte(s.json), &want); err != nil {
		return fmt.Errorf("the expected JSON: %w", err)
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return err
	}
	if err := r.match("", want, got); err != nil {
		return fmt.Errorf("%w in %s", err, body)
	}
	return nil
}

// match compares an answer with what is expected of it.
func (r *replay) match(at string, want, got any) error {
	differs := fmt.Errorf("%s is %v, want %v", at, got, want)
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return differs
		}
		for key, value := range want {
			there, ok := object[key]
			if !ok {
				return fmt.Errorf("%s.%s is missing", at, key)
			}
			if err := r.match(at+"."+key, value, there); err != nil {
				return err
			}
		}
		return nil
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return differs
		}
		for i := range want {
			if err := r.match(fmt.Sprintf("%s[%d]", at, i), want[i], list[i]); err != nil {
				return err
			}
		}
		return nil
	case string:
		return r.matchString(differs, want, got)
	}
	if !reflect.DeepEqual(want, got) {
		return differs
	}
	return nil
}

func (r *replay) matchString(differs error, want string, got any) error {
	text, isText := got.(string)
	_, isNumber := got.(float64)
	name, keeps := strings.CutPrefix(want, "$")
	switch {
	case want == "?", want == "#" && isNumber, want == "*" && isText && text != "":
		return nil
	case keeps && isText && text != "" && (r.kept[name] == "" || r.kept[name] == text):
		r.kept[name] = text
		return nil
	case !isText || keeps || text != want:
		return differs
	}
	return nil
}

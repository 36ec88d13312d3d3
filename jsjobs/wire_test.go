package jsjobs

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"renderfarm/farm"
)

// What is written is read again.
func TestTasksArrive(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab\"é\x00")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		var want []farm.PlannedTask
		for range rapid.IntRange(0, 20).Draw(t, "tasks") {
			task := farm.PlannedTask{Name: text.Draw(t, "name"), Type: text.Draw(t, "type"), Priority: rapid.IntRange(-1<<31, 1<<31).Draw(t, "priority")}
			for need := range 30 {
				if rapid.Bool().Draw(t, "needed") {
					task.Needs = append(task.Needs, need)
				}
			}
			for range rapid.IntRange(0, 3).Draw(t, "commands") {
				task.Commands = append(task.Commands, farm.Command{Name: text.Draw(t, "command"), Steps: rapid.IntRange(0, 1<<31-1).Draw(t, "steps"),
					Encoded: farm.Encoded{"{" + text.Draw(t, "parameters"), text.Draw(t, "more"), "}"}})
			}
			want = append(want, task)
		}
		w, batch := &taskWriter{share: newSharer()}, []byte(nil)
		for i := range want {
			batch = w.append(batch, &want[i])
		}
		r := newTaskReader()
		r.rest = batch
		for i := range want {
			got := r.task()
			for _, task := range []*farm.PlannedTask{&got, &want[i]} { // pieces may be others
				for j := range task.Commands {
					task.Commands[j].Encoded = farm.Encoded{string(task.Commands[j].Encoded.Append(nil))}
				}
			}
			if !reflect.DeepEqual(got, want[i]) {
				t.Fatalf("got  %+v\nwant %+v", got, want[i])
			}
		}
		if r.err != nil || len(r.rest) > 0 {
			t.Fatalf("%v; %d bytes are left", r.err, len(r.rest))
		}
	})
}

// Nothing that could arrive makes the reader panic or take much memory.
func FuzzTaskReader(f *testing.F) {
	w := &taskWriter{share: newSharer()}
	one := farm.PlannedTask{Name: "a", Type: "b", Needs: []int{0, 1, 7}, Commands: []farm.Command{{Name: "c", Encoded: farm.Encoded{"{}"}}}}
	f.Add(w.append(w.append(nil, &one), &one))
	f.Add([]byte{0, 0, 0, 1, 0, 255, 255, 255, 1, 0})
	f.Fuzz(func(t *testing.T, frame []byte) {
		r := newTaskReader()
		r.rest = frame
		needs := 0
		for len(r.rest) > 0 && r.err == nil {
			task := r.task()
			needs += len(task.Needs)
		}
		if needs > maxNeeds {
			t.Errorf("%d needs", needs)
		}
	})
}

func TestFrames(t *testing.T) {
	var pipe bytes.Buffer
	c := newConn(&pipe, &pipe)
	if err := c.sendJSON(frameLine, line{Text: "x", Warning: true}); err != nil {
		t.Fatal(err)
	}
	whole := pipe.String()
	if kind, content, err := c.receive(100); kind != frameLine || string(content) != `{"Text":"x","Warning":true}` || err != nil {
		t.Errorf("%c %s %v", kind, content, err)
	}
	if _, _, err := c.receive(100); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if _, _, err := newConn(strings.NewReader(whole), nil).receive(10); err == nil || !strings.Contains(err.Error(), "at most 10") {
		t.Errorf("a frame that is too large: %v", err)
	}
	if _, _, err := newConn(strings.NewReader(whole[:len(whole)-1]), nil).receive(100); err != io.ErrUnexpectedEOF {
		t.Errorf("a frame that is cut short: %v", err)
	}
}

package notify

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

func mustOpen(t *testing.T, dir string) *queue {
	t.Helper()
	q, err := openQueue(dir, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestQueueOutlivesTheProcess(t *testing.T) {
	dir := t.TempDir()
	q := mustOpen(t, dir)
	chat, page := farm.Way{Name: "chat", Kind: farm.WaySlack, URL: "https://hooks.example/secret"}, farm.Way{Name: "page", Kind: farm.WayWebhook}
	m := message()
	if err := q.put([]*Delivery{newDelivery(chat, m), newDelivery(page, m)}); err != nil {
		t.Fatal(err)
	}
	if err := q.put([]*Delivery{newDelivery(chat, m)}); err != nil { // a crash made it twice
		t.Fatal(err)
	}
	due, _ := q.take(time.Now(), 8)
	if len(due) != 2 {
		t.Fatalf("%d are due", len(due))
	}
	q.done(due[1])
	next := time.Now().Add(time.Hour)
	q.again(due[0], next, errors.New("away"))
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if text, _ := os.ReadFile(filepath.Join(dir, f.Name())); strings.Contains(string(text), "secret") {
			t.Errorf("%s has a secret: %s", f.Name(), text)
		}
	}
	// What a crash in the middle of writing leaves is no message.
	if err := os.WriteFile(filepath.Join(dir, "half.json"), []byte(`{"to":{"na`), 0o600); err != nil {
		t.Fatal(err)
	}
	if due, wait := q.take(time.Now(), 8); len(due) != 0 || wait <= 0 || wait > time.Hour {
		t.Errorf("%d are due, the next in %s", len(due), wait)
	}
	q = mustOpen(t, dir)
	list := q.list()
	if len(list) != 1 || list[0].To.Name != "chat" || list[0].Attempts != 1 || list[0].Error != "away" || list[0].Message.Title != m.Title {
		t.Fatalf("after the start: %+v", list)
	}
	if due, _ := q.take(time.Now(), 8); len(due) != 1 { // a start does not wait
		t.Errorf("%d are due after the start", len(due))
	}
}

func TestQueueIsBounded(t *testing.T) {
	const most = 5
	q := mustOpen(t, t.TempDir())
	q.most = most
	m := message()
	for i := range most + 3 {
		m.ID = fmt.Sprint(i)
		if err := q.put([]*Delivery{newDelivery(farm.Way{Name: "chat"}, m)}); err != nil {
			t.Fatal(err)
		}
	}
	if list := q.list(); len(list) != most || list[0].Message.ID != "3" {
		t.Errorf("%d wait, the first is %s", len(list), list[0].Message.ID)
	}
	if files, err := os.ReadDir(q.dir); err != nil || len(files) != most {
		t.Errorf("%d files, %v", len(files), err)
	}
}

func TestOneMessageOfAReceiverAtATime(t *testing.T) {
	q := mustOpen(t, t.TempDir())
	for i, way := range []string{"a", "a", "b"} {
		m := message()
		m.ID = fmt.Sprint(i)
		if err := q.put([]*Delivery{newDelivery(farm.Way{Name: way}, m)}); err != nil {
			t.Fatal(err)
		}
	}
	due, _ := q.take(time.Now(), 8)
	if len(due) != 2 || due[0].Message.ID != "0" || due[1].Message.ID != "2" {
		t.Fatalf("due: %v", due)
	}
	q.done(due[0])
	if due, _ = q.take(time.Now(), 8); len(due) != 1 || due[0].Message.ID != "1" {
		t.Errorf("due then: %v", due)
	}
}

func TestPausesGrow(t *testing.T) {
	last := time.Duration(0)
	for n := 1; n < 100; n++ {
		p := pause(n)
		if p < last || p > maxPause {
			t.Fatalf("after %d attempts it is %s, and was %s", n, p, last)
		}
		last = p
	}
	if pause(1) != firstPause || pause(2) != 2*firstPause || last != maxPause {
		t.Errorf("%s, %s, %s", pause(1), pause(2), last)
	}
}

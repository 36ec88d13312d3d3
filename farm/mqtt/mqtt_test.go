package mqtt

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/events"
	"renderfarm/farm/v3events"
)

// broker starts a mosquitto, and returns its port.
func broker(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"mosquitto", "mosquitto_sub", "mosquitto_pub"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	config := filepath.Join(t.TempDir(), "mosquitto.conf")
	text := "listener " + port + " 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n"
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, func(line string) bool { return strings.HasSuffix(line, "running") }, "mosquitto", "-c", config)
	return port
}

// run starts a program that ends with the test, and returns when it has written a line.
func run(t *testing.T, ready func(line string) bool, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if ready(lines.Text()) {
			go io.Copy(io.Discard, out)
			return
		}
		t.Log(lines.Text())
	}
	t.Fatalf("%s ended", name)
}

// subscribe has mosquitto's own client print topics and payloads, and returns what it prints.
// It returns when the subscription stands.
func subscribe(t *testing.T, port string, version int, topic string) *bufio.Scanner {
	t.Helper()
	// What is retained comes at once when the subscription stands.
	if out, err := exec.Command("mosquitto_pub", "-p", port, "-r", "-t", "stands", "-m", "now").CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub: %v %s", err, out)
	}
	c := exec.Command("mosquitto_sub", "-p", port, "-V", map[int]string{4: "mqttv311", 5: "mqttv5"}[version], "-F", "%r %t %p", "-t", "stands", "-t", topic)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	lines := bufio.NewScanner(out)
	if got := next(t, lines); got != "1 stands now" {
		t.Fatalf("the client hears %s", got)
	}
	return lines
}

// next returns the next message that a client prints.
func next(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	for lines.Scan() {
		if got := lines.Text(); got != "0 stands now" { // for another client
			return got
		}
	}
	t.Fatal("the client ended")
	return ""
}

// A line passes on to a broker clients of one version of the protocol, and can be cut.
// Others get the answer that brokers give which do not know theirs (MQTT 3.1.1, 3.1.2.2).
type line struct {
	address string
	mu      sync.Mutex
	conns   []net.Conn
}

func newLine(t *testing.T, port string, version byte) *line {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	passing := &line{address: "tcp://" + l.Addr().String()}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			hello := make([]byte, 9) // type, length, and "MQTT" with its length, version
			if _, err := io.ReadFull(in, hello); err != nil || hello[8] != version {
				in.Write([]byte{0x20, 2, 0, 1})
				in.Close()
				continue
			}
			out, err := net.Dial("tcp", "127.0.0.1:"+port)
			if err != nil {
				in.Close()
				continue
			}
			passing.mu.Lock()
			passing.conns = append(passing.conns, in, out)
			passing.mu.Unlock()
			out.Write(hello)
			go io.Copy(in, out)
			go io.Copy(out, in)
		}
	}()
	return passing
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		c.Close()
	}
	l.conns = nil
}

func options(t *testing.T, address string) Options {
	c := farm.DefaultConfig().MQTT.Client
	c.Enabled, c.Broker = true, address
	return Options{Config: c, Events: events.NewLog(64, 0), Status: func() farm.FarmStatus { return farm.FarmIdle },
		Source: v3events.Source{TaskName: func(farm.TaskID) string { return "render-1" }, PreviewPath: func(farm.JobID) (string, []string) { return "job-x", []string{"a.jpg"} }},
		Log:    slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// TestBroker publishes at a real broker, where only one version of the protocol is taken,
// and reads it with its own client.
func TestBroker(t *testing.T) {
	for _, version := range []int{5, 4} {
		t.Run("mqtt "+versionName(version), func(t *testing.T) {
			t.Parallel()
			port := broker(t)
			passing := newLine(t, port, byte(version))
			o := options(t, passing.address)
			heard := subscribe(t, port, version, "flamenco/#")
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); Run(ctx, o) }()
			want := func(text string) {
				t.Helper()
				if got := next(t, heard); got != text {
					t.Errorf("got  %s\nwant %s", got, text)
				}
			}
			want(`0 flamenco/lifecycle {"type":"manager-startup"}`)
			want(`0 flamenco/status {"status":"idle"}`)
			o.Events.Publish(events.Event{Number: 1, Data: events.FarmChanged{Status: farm.FarmActive}},
				events.Event{Data: events.TaskLogged{Task: "k", Text: "not for brokers"}},
				events.Event{Number: 2, Data: events.PreviewMade{Job: "j"}},
				events.Event{Number: 3, Data: events.TaskChanged{Job: "j", Task: "k", Status: farm.TaskActive, Previous: farm.TaskActive}},
				events.Event{Number: 4, Data: events.JobDeleted{Job: "j"}})
			want(`0 flamenco/status {"status":"active"}`)
			want(`0 flamenco/jobs/j/last-rendered {"job_id":"j","thumbnail":{"base":"/job-files/job-x","suffixes":["a.jpg"]}}`)
			want(`0 flamenco/last-rendered {"job_id":"j","thumbnail":{"base":"/job-files/job-x","suffixes":["a.jpg"]}}`)
			want(`0 flamenco/jobs/j {"id":"k","job_id":"j","name":"render-1","updated":"0001-01-01T00:00:00Z","status":"active","activity":"","steps_completed":0,"steps_total":0}`)
			if got := next(t, heard); !strings.HasPrefix(got, `0 flamenco/jobs {"id":"j",`) || !json.Valid([]byte(got[len("0 flamenco/jobs "):])) {
				t.Errorf("got %s", got)
			}
			// Who comes later hears what is retained, and nothing else.
			later := subscribe(t, port, version, "flamenco/#")
			retained := map[string]bool{next(t, later): true, next(t, later): true}
			if !retained[`1 flamenco/lifecycle {"type":"manager-startup"}`] || !retained[`1 flamenco/status {"status":"active"}`] {
				t.Errorf("retained: %v", retained)
			}
			// The broker tells that a manager went without a word.
			passing.cut()
			want(`0 flamenco/lifecycle {"type":"manager-shutdown"}`)
			cancel()
			<-done
		})
	}
}

func TestGoodbye(t *testing.T) {
	port := broker(t)
	o := options(t, "tcp://127.0.0.1:"+port)
	o.Config.TopicPrefix = ""
	heard := subscribe(t, port, 5, "/#")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); Run(ctx, o) }()
	for _, want := range []string{`0 /lifecycle {"type":"manager-startup"}`, `0 /status {"status":"idle"}`} {
		if got := next(t, heard); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	cancel()
	<-done
	if got := next(t, heard); got != `0 /lifecycle {"type":"manager-shutdown"}` {
		t.Errorf("got %s", got)
	}
	// Once: the will is not published as well. What somebody says afterwards comes next.
	if out, err := exec.Command("mosquitto_pub", "-p", port, "-t", "/after", "-m", "x").CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub: %v %s", err, out)
	}
	if got := next(t, heard); got != "0 /after x" {
		t.Errorf("got %s", got)
	}
}

func TestCheck(t *testing.T) {
	for address, ok := range map[string]bool{"tcp://broker:1883": true, "mqtt://broker": true, "wss://broker/mqtt": true, "tls://b:8883": true,
		"broker:1883": false, "http://broker": false, "tcp://": false, "": true} {
		if err := Check(farm.MQTTClient{Enabled: true, Broker: address}); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestAwayBroker(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := options(t, "tcp://127.0.0.1:1") // nobody listens there
	done := make(chan struct{})
	go func() { defer close(done); Run(ctx, o) }()
	cancel()
	select {
	case <-done:
	case <-time.After(2 * patience):
		t.Error("it does not end")
	}
}

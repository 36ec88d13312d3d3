package ui_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// largeFarm starts a manager that has so many jobs of two tasks each: the records of one, many
// times over.
func largeFarm(t *testing.T, jobs int) *farm {
	t.Helper()
	small := startFarm(t, "serve")
	small.submit("job 000000", "hello", 1, 1, "queued")
	small.stop()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	f := &farm{t: t, home: t.TempDir()}
	exported, err := exec.Command(path, "export", "--home", small.home).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := filepath.Join(t.TempDir(), "farm.jsonl")
	file, err := os.Create(lines)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	multiply(t, w, exported, jobs)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if out, err := exec.Command(path, "import", lines, "--yes", "--home", f.home).CombinedOutput(); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
	f.start("serve", "127.0.0.1:0")
	t.Cleanup(f.stop)
	f.patient()
	return f
}

// multiply writes an export of a farm with one job as that of one with many.
func multiply(t *testing.T, w *bufio.Writer, exported []byte, jobs int) {
	t.Helper()
	const one = `"key":"00000001` // the job's number
	var id, text string
	records := 0
	for line := range strings.Lines(string(exported)) {
		var record struct{ Bucket, Key, Raw string }
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if record.Bucket == "jobuuid" {
			id = record.Key
			text = fmt.Sprintf("%s-%s-%s-%s-%s", id[:8], id[8:12], id[12:16], id[16:20], id[20:])
		}
	}
	put := func(line string) { w.WriteString(line); records++ }
	for line := range strings.Lines(string(exported)) {
		var record struct{ Bucket, Key, Raw string }
		json.Unmarshal([]byte(line), &record)
		raw, err := base64.StdEncoding.DecodeString(record.Raw)
		if err != nil {
			t.Fatal(err)
		}
		switch record.Bucket {
		case "":
			if strings.HasPrefix(line, `{"records"`) {
				fmt.Fprintf(w, "{\"records\":%d}\n", records)
			} else {
				w.WriteString(line)
			}
		case "meta":
			if strings.Contains(line, `"jobs":1,`) {
				counters := binary.AppendUvarint(nil, 2)
				counters = binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(counters, 2), uint64(jobs)), 0)
				line = strings.NewReplacer(`"jobs":1,`, fmt.Sprintf(`"jobs":%d,`, jobs), record.Raw, base64.StdEncoding.EncodeToString(counters)).Replace(line)
			}
			put(line)
		default:
			for n := 1; n <= jobs; n++ {
				changed := bytes.ReplaceAll(raw, []byte("job 000000"), fmt.Appendf(nil, "job %06d", n))
				number := binary.BigEndian.AppendUint32(nil, uint32(n))
				switch record.Bucket {
				case "job":
					copy(changed, number) // the record begins with the id
				case "jobuuid":
					changed = number
				}
				its := fmt.Sprintf("%08x", n) + id[8:]
				put(strings.NewReplacer(one, fmt.Sprintf(`"key":"%08x`, n), record.Raw, base64.StdEncoding.EncodeToString(changed), "job 000000", fmt.Sprintf("job %06d", n), id, its,
					text, fmt.Sprintf("%s-%s-%s-%s-%s", its[:8], its[8:12], its[12:16], its[16:20], its[20:]), `"number":1}`, fmt.Sprintf(`"number":%d}`, n)).Replace(line))
			}
		}
	}
}

// longFilm submits a job that renders a frame in each of so many tasks.
func (f *farm) longFilm(tasks int) string {
	f.t.Helper()
	var job struct{ ID string }
	f.call("POST", "jobs", map[string]any{
		"name": "long", "type": "simple-blender-render", "priority": 90, "submitter_platform": "linux",
		"settings": map[string]any{"frames": fmt.Sprintf("1-%d", tasks), "chunk_size": 1, "blendfile": "/shots/7.blend", "scene": "", "format": "PNG", "image_file_extension": ".png",
			"has_previews": false, "preflight": false, "render_output_root": "/out", "add_path_components": 0, "render_output_path": "/out/######"},
	}, &job)
	return job.ID
}

// busyWorkers has so many workers each do some tasks of a job, and begin another.
func (f *farm) busyWorkers(job string, n int) {
	f.t.Helper()
	for i := range n {
		w := f.newWorker("blender")
		for range 3 {
			w.post("worker/task/"+w.take(), "application/json", fmt.Appendf(nil, `{"taskStatus":"completed","frames":[{"frame":%d,"wall_ms":%d,"saved":%q}]}`, 3*i+1, 1000+i, time.Now().UTC().Format(time.RFC3339)))
		}
		w.post("worker/task/"+w.take(), "application/json", []byte(`{"taskStatus":"active"}`))
	}
}

// flooded returns the farm as it is seen when 5,000 things change each second: the stream
// of events is made up, of jobs, workers and tasks that are there.
func (f *farm) flooded(film string) *farm {
	f.t.Helper()
	target, err := url.Parse(f.url)
	if err != nil {
		f.t.Fatal(err)
	}
	var jobs struct{ Jobs []map[string]any }
	f.call("GET", "/api/farm/jobs?limit=100", nil, &jobs)
	var workers struct{ Workers []map[string]any }
	f.call("GET", "/api/farm/workers", nil, &workers)
	var tasks struct{ Tasks []map[string]any }
	f.call("GET", "jobs/"+film+"/tasks?limit=256", nil, &tasks)
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/farm/events" {
			proxy.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		say := func(number int, name string, data map[string]any) {
			text, _ := json.Marshal(data)
			fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", number, name, text)
		}
		say(1, "hello", map[string]any{"status": "active"})
		every := time.NewTicker(20 * time.Millisecond)
		defer every.Stop()
		for n := 0; ; {
			for range 100 { // 50 times a second
				n++
				switch n % 3 {
				case 0:
					job := maps.Clone(jobs.Jobs[n/3%len(jobs.Jobs)]) // of the other streams, too
					job["steps_completed"] = 1 + n%50
					say(n, "job", job)
				case 1:
					say(n, "worker", workers.Workers[n/3%len(workers.Workers)])
				case 2:
					task := maps.Clone(tasks.Tasks[n/3%len(tasks.Tasks)])
					task["job_id"], task["steps_completed"] = film, n%2
					say(n, "task", task)
				}
			}
			w.(http.Flusher).Flush()
			select {
			case <-every.C:
			case <-r.Context().Done():
				return
			}
		}
	}))
	f.t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return &farm{t: f.t, url: server.URL}
}

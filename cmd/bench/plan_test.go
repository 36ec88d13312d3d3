package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// BenchmarkPlan measures how long large jobs take from the submission to the
// answer, which comes when they are stored; how much memory the manager and the
// process that runs the script had at most, added; and how long somebody else
// waits meanwhile, who asks for the job types every 5 ms.
func BenchmarkPlan(b *testing.B) {
	for _, tasks := range []int{1000, 10_000, 100_000} {
		var all [][]figure
		for range *rounds {
			all = append(all, planRound(b, tasks))
		}
		report(b, fmt.Sprint(tasks, " tasks"), medians(all))
	}
}

// planRound measures one job in a new manager.
func planRound(b *testing.B, tasks int) []figure {
	b.Helper()
	p := start(b, newHome(b), "serve")
	body, err := json.Marshal(api.SubmittedJob{Name: "large", Type: "simple-blender-render", Priority: api.DefaultPriority, SubmitterPlatform: "manager",
		Settings: map[string]any{"frames": fmt.Sprint("1-", tasks), "chunk_size": 1, "render_output_root": "/render", "add_path_components": 0,
			"render_output_path": "/render/scene/{timestamp}/######", "blendfile": "/shared/scene.blend", "fps": 24, "format": "PNG",
			"image_file_extension": ".png", "has_previews": false, "scene": "Scene"}})
	if err != nil {
		b.Fatal(err)
	}
	url := "http://" + p.address + "/api/v3/jobs"
	get(b, url+"/types") // the process for scripts is there
	done := make(chan struct{})
	var others []time.Duration
	var wg sync.WaitGroup
	wg.Go(func() { others = askUntil(b, url+"/types", done) })
	began := time.Now()
	answer, err := http.Post(url, "application/json", bytes.NewReader(body))
	took := time.Since(began)
	close(done)
	wg.Wait()
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK {
		b.Fatalf("the manager answers %s: %s", answer.Status, text)
	}
	figures := []figure{{"submit-ms", milliseconds(took)}, {"other-p99-ms", milliseconds(quantile(others, 0.99))}, {"others", float64(len(others))}}
	if memory, err := familyMemory(p.pid()); err == nil {
		figures = append(figures, figure{"MB", float64(memory) / 1e6})
	} else {
		b.Log(err)
	}
	if list, err := p.client().FetchJobs(b.Context(), api.JobsQuery{}); err != nil || len(list.Jobs) != 1 || list.Jobs[0].Status != farm.JobQueued.String() {
		b.Fatalf("the manager has %v, %v", list, err)
	}
	p.stop()
	p.complaints()
	return figures
}

// askUntil asks for a page again and again, and returns how long each answer took.
func askUntil(b *testing.B, url string, done <-chan struct{}) (took []time.Duration) {
	for {
		select {
		case <-done:
			return took
		case <-time.After(5 * time.Millisecond):
		}
		began := time.Now()
		get(b, url)
		took = append(took, time.Since(began))
	}
}

func get(b *testing.B, url string) {
	answer, err := http.Get(url)
	if err != nil {
		b.Error(err)
		return
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}

// familyMemory is the most memory that a process and its children have held,
// each at its time.
func familyMemory(pid int) (int64, error) {
	all, err := mostMemory(pid)
	if err != nil {
		return 0, err
	}
	children, err := childrenOf(pid)
	if err != nil {
		return 0, err
	}
	for _, child := range children {
		most, err := mostMemory(child)
		if err != nil {
			return 0, err
		}
		all += most
	}
	return all, nil
}

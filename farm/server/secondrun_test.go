package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// Two workers of Farm share out the end of a job by second runs. A worker that does not
// say that it knows them sees nothing of it.
func TestSecondRun(t *testing.T) {
	s := newServer(t)
	knows := []string{"Farm-Second-Run", "yes"}
	awake := func() string {
		w := s.worker()
		s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"w","supported_task_types":["blender"],"software_version":"1"}`, knows...)
		s.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"awake"}`, knows...)
		return w
	}
	slow, fast, stock := awake(), awake(), s.worker()
	s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"stock","supported_task_types":["blender"],"software_version":"3.9"}`)
	s.want(204, "POST", "/api/v3/worker/state-changed", `{"status":"awake"}`)
	s.want(200, "POST", "/api/v3/jobs", strings.Replace(filmJob, `"chunk_size":3`, `"chunk_size":1`, 1))
	begin := func(w string) string {
		s.user = w
		task := s.want(200, "POST", "/api/v3/worker/task", "", knows...)
		if second := task.header.Get("Farm-Second-Run"); second != "" {
			t.Errorf("a task that waits is a second run: %q", second)
		}
		s.want(204, "POST", "/api/v3/worker/task/"+task.text("uuid"), `{"taskStatus":"active"}`, knows...)
		return task.text("uuid")
	}
	first, second := begin(slow), begin(fast)
	for i, id := range []string{first, second} {
		s.user = []string{slow, fast}[i]
		s.want(204, "POST", "/api/v3/worker/task/"+id, fmt.Sprintf(`{"taskStatus":"completed","frames":[{"frame":%d,"wall_ms":%d}]}`, i+1, []int{600_000, 5_000}[i]), knows...)
	}
	last := begin(slow)

	s.user = stock
	s.want(204, "POST", "/api/v3/worker/task", "")
	s.user = fast
	task := s.want(200, "POST", "/api/v3/worker/task", "", knows...)
	if task.text("uuid") != last || task.header.Get("Farm-Second-Run") != "yes" {
		t.Fatalf("the idle worker got %s, %v", task.body, task.header)
	}
	path := "/api/farm/worker/task/" + last + "/second-run"
	s.want(400, "POST", path, `{"rendered":"yes"}`, knows...)
	answer := make(chan api.SecondRunAnswer, 1)
	go func() {
		c := s.api(true).WithCredentials(farm.WorkerID(fast), secret)
		c.Seconds = true
		a, err := c.EndSecondRun(t.Context(), farm.TaskID(last), api.SecondRun{Rendered: true}, time.Minute)
		if err != nil {
			t.Error(err)
		}
		answer <- a
	}()
	s.user = slow
	may := s.want(200, "GET", "/api/v3/worker/task/"+last+"/may-i-run", "", append(knows[:2:2], "Prefer", "wait=60")...)
	if may.get("mayKeepRunning") != false || may.header.Get("Farm-Give-Back") != "yes" {
		t.Errorf("the slow worker: %s, %v", may.body, may.header)
	}
	s.want(204, "POST", "/api/v3/worker/task/"+last, `{"taskStatus":"queued"}`, knows...)
	if got := <-answer; !got.Yours {
		t.Errorf("the fast worker: %+v", got)
	}
	s.user = fast
	s.want(204, "POST", "/api/v3/worker/task/"+last, `{"taskStatus":"completed"}`, knows...)
}

package server_test

import "testing"

// scheduleCalls goes through the sleep schedules of a worker that is awake, and
// leaves it without one.
func (s *testServer) scheduleCalls(w string) {
	v3, own := "/api/v3/worker-mgt/workers/"+w+"/sleep-schedule", "/api/farm/workers/"+w+"/schedule"
	s.want(204, "GET", v3, "")
	s.want(204, "GET", own, "")
	s.want(204, "POST", v3, `{"is_active":true,"days_of_week":"Monday  TUE","start_time":"9:00","end_time":""}`)
	if got := s.want(200, "GET", v3, ""); string(got.body) != `{"is_active":true,"days_of_week":"mo tu","start_time":"09:00","end_time":""}`+"\n" {
		s.t.Errorf("the schedule is %s", got.body)
	}
	s.want(204, "PUT", own, `{"active":false,"windows":[{"days":"fr","from":"22:00","to":"06:00"},{"to":"24:00"}],"wants":"asleep"}`)
	if got := s.want(200, "GET", own, ""); string(got.body) != `{"active":false,"windows":[{"days":"fr","from":"22:00","to":"06:00"},{"to":"24:00"}],"time_zone":"Local","wants":"awake"}`+"\n" {
		s.t.Errorf("the schedule is %s", got.body)
	}
	if got := s.want(200, "GET", v3, ""); got.text("start_time") != "22:00" {
		s.t.Errorf("the first window is %s", got.body)
	}
	s.want(204, "DELETE", own, "")
	s.want(204, "DELETE", own, "")
	s.want(204, "GET", own, "")
}

func TestSchedulesRefused(t *testing.T) {
	s := newServer(t)
	w := s.worker()
	v3, own := "/api/v3/worker-mgt/workers/"+w+"/sleep-schedule", "/api/farm/workers/"+w+"/schedule"
	for _, body := range []string{
		`{"is_active":true,"days_of_week":"m","start_time":"","end_time":""}`,
		`{"is_active":true,"days_of_week":"mo montag","start_time":"","end_time":""}`,
		`{"is_active":true,"days_of_week":"","start_time":"25:99","end_time":""}`,
		`{"is_active":true,"days_of_week":"","start_time":"24:00","end_time":""}`,
		`{"is_active":true,"days_of_week":"","start_time":"","end_time":"8 o'clock"}`,
		`{"is_active":true,"days_of_week":"","start_time":""}`,
	} {
		s.want(400, "POST", v3, body)
	}
	for _, body := range []string{
		`{"active":true}`, `{"active":true,"windows":[{"days":7}]}`, `{"active":true,"windows":[{"from":"25:99"}]}`,
		`{"active":true,"windows":[{},{"days":"xx"}]}`,
	} {
		s.want(400, "PUT", own, body)
	}
	s.want(204, "GET", own, "") // nothing was kept of them
	for _, path := range []string{"/api/v3/worker-mgt/workers/x/sleep-schedule", "/api/farm/workers/x/schedule"} {
		s.want(400, "GET", path, "")
	}
	const nobody = "11111111-1111-4111-8111-111111111111"
	s.want(404, "GET", "/api/v3/worker-mgt/workers/"+nobody+"/sleep-schedule", "")
	s.want(404, "GET", "/api/farm/workers/"+nobody+"/schedule", "")
	s.want(404, "DELETE", "/api/farm/workers/"+nobody+"/schedule", "")
	s.want(404, "PUT", "/api/farm/workers/"+nobody+"/schedule", `{"active":true,"windows":[]}`)
	s.want(404, "POST", "/api/v3/worker-mgt/workers/"+nobody+"/sleep-schedule", `{"is_active":true,"days_of_week":"","start_time":"","end_time":""}`)
}

// TestTimeZoneOfAWorker has the worker tell its zone when it signs on.
func TestTimeZoneOfAWorker(t *testing.T) {
	s := newServer(t)
	w := s.worker()
	for zone, want := range map[string]string{"America/New_York": "America/New_York", "Middle/Earth": "Local", "": "Local"} {
		s.want(200, "POST", "/api/v3/worker/sign-on", `{"name":"w","supported_task_types":["misc"],"software_version":"1"}`, "Farm-Time-Zone", zone)
		s.want(204, "PUT", "/api/farm/workers/"+w+"/schedule", `{"active":true,"windows":[]}`)
		if got := s.want(200, "GET", "/api/farm/workers/"+w+"/schedule", ""); got.text("time_zone") != want {
			t.Errorf("zone %q: %s", zone, got.body)
		}
	}
}

package ui_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// behindProxy returns the farm as it is seen through a proxy that serves it below a
// path, and tells it nothing about that.
func behindProxy(t *testing.T, f *farm, prefix string) *farm {
	t.Helper()
	target, err := url.Parse(f.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1 // events
	server := httptest.NewServer(http.StripPrefix(prefix, proxy))
	t.Cleanup(func() {
		server.CloseClientConnections() // streams of events last
		server.Close()
	})
	return &farm{t: t, url: server.URL + prefix}
}

// The whole page works below a path: the way in, the parts of the page, addresses
// typed by hand, events, logs, and the pages that it links to.
func TestBehindAPathOfAProxy(t *testing.T) {
	f := behindProxy(t, startFarm(t, "all"), "/studio/farm")
	job := f.submit("below", "hello from below", 1, 1, "queued")
	p := open(t, f, "/")
	p.until("location.pathname === '/studio/farm/app/'")
	p.see(".worker-tile", "")
	p.until("getComputedStyle(document.querySelector('a.skip')).position === 'absolute'") // there are styles
	p.click("nav a", "Jobs")
	p.click(".jobs tr a.name", "below")
	p.until("location.pathname === '/studio/farm/app/jobs/" + job + "'")
	p.see(".head .row .status", "completed") // by events
	p.do(chromedp.Navigate(f.url + "/app/jobs/" + job + "/" + f.task(job, 1)))
	p.see(".task .log", "hello from below")
	var log, addon string
	p.eval("document.querySelector('.task a[href*=\"/job-files/\"]').pathname", &log)
	p.eval("document.querySelector('a[download]').pathname", &addon)
	for _, path := range []string{log, addon} {
		answer, err := http.Get(strings.TrimSuffix(f.url, "/studio/farm") + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, answer.Status)
		}
	}
	p.click("nav a", "Workers")
	p.until("location.pathname === '/studio/farm/app/workers'")
	p.do(chromedp.Navigate(f.url + "/api/v3/swagger-ui"))
	p.see("body", "/api/v3/jobs")
	p.do(chromedp.Navigate(f.url + "/docs"))
	p.until("location.pathname === '/studio/farm/docs/'")
	var farm string
	p.eval("[...document.querySelectorAll('nav a')].find((a) => a.textContent === 'The farm').href", &farm)
	p.do(chromedp.Navigate(farm))
	p.until("location.pathname === '/studio/farm/app/'")
	p.see(".worker-tile", "")
}

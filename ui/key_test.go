package ui_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// On another computer, of which a proxy tells, the page asks for the key of the farm and
// then works, below a path, too. A new worker is let in there.
func TestSignInAndApprove(t *testing.T) {
	const key = "key-of-this-farm-1"
	t.Setenv("FARM_KEY", key)
	t.Setenv("FARM_APPROVE_WORKERS", "true")
	f := behindProxy(t, startFarm(t, "serve"), "/studio/farm")
	req, err := http.NewRequestWithContext(t.Context(), "POST", f.url+"/api/v3/worker/register-worker",
		strings.NewReader(`{"secret":"long and random","platform":"linux","supported_task_types":["misc"],"name":"render07"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Farm-Key", key)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}

	p := open(t, f, "/app/workers")
	for _, expected := range []string{"status of 401", "username fields", "favicon.ico"} {
		p.allow(expected)
	}
	p.see("form label", "Key of this farm")
	p.do(chromedp.SendKeys("input[name=key]", "not-the-key-of-it\r"))
	p.do(chromedp.WaitVisible("form .wrong")) // which waits for another page
	p.do(chromedp.SendKeys("input[name=key]", key+"\r"))
	p.do(chromedp.WaitVisible(".worker-tile"))
	p.until("location.pathname === '/studio/farm/app/workers'")
	p.see(".worker-tile", "waits for approval")
	p.click(".worker-tile a.name", "render07")
	p.click(".worker button", "Approve")
	p.until("!document.querySelector('.workers').textContent.includes('waits for approval')")
}

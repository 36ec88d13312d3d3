package ui_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"renderfarm/farm/blendertest"
)

// write puts a text into a field, as a user does.
func (p *page) write(selector, text string) {
	p.t.Helper()
	p.see(selector, "")
	var ok bool
	p.eval(fmt.Sprintf("(document.querySelector(%q).select(), true)", selector), &ok)
	p.do(chromedp.SendKeys(selector, text)) // over what is there
}

// From a home in which nothing is to a rendered frame, through the assistant.
func TestSetUp(t *testing.T) {
	blender := blendertest.Find(t)
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	nas := filepath.Join(t.TempDir(), "nas")
	f := &farm{t: t, home: t.TempDir()}
	f.start("all", "127.0.0.1:0")
	t.Cleanup(f.stop)
	p := open(t, f, "/")
	p.see("h1", "Who takes part") // it opens by itself
	p.until("location.pathname.endsWith('/app/setup') && document.querySelector('.choice input')?.disabled")
	p.see(".set-up .hint", "listen") // it was started with an address
	clean := func(step string) {
		t.Helper()
		p.see(fmt.Sprintf(".set-up[data-step=%q]", step), "")
		for _, as := range []struct {
			pixels int64
			dark   bool
		}{{1440, false}, {390, true}, {3840, false}} {
			p.width(as.pixels)
			p.dark(as.dark)
			p.until("document.documentElement.scrollWidth <= innerWidth")
			shot(p, fmt.Sprintf("setup-%s-%d", step, as.pixels))
			if as.pixels == 3840 || as.dark && step != "storage" { // which has most
				continue
			}
			for _, found := range p.violations(string(axe)) {
				t.Errorf("%s at %d pixels: %s", step, as.pixels, found)
			}
		}
		p.dark(false)
		p.width(1440)
	}
	clean("network")

	p.click(".set-up-ways button", "Next")
	p.see(".in-use", filepath.Join(f.home, "storage"))
	p.click(".choice", "as on a NAS")
	p.write(".wide-field", filepath.Join(nas, "farm"))
	p.click(".make button", "Try")
	p.see(".why.bad", "is the share mounted")
	p.write(".wide-field", `\\nas\farm`)
	p.click(".make button", "Try")
	p.see(".why.bad li", "/mnt/farm")
	p.write(".wide-field", nas)
	p.click(".make button", "Try")
	p.see(".why.bad", "no such folder")
	clean("storage")
	p.click(".why button", "Make the folder")
	p.see(".why:not(.bad)", "This works")
	p.see(".in-use", nas)

	p.click(".set-up-ways button", "Next")
	p.see(".programs li", blender)
	p.write(".wide-field", nas)
	p.click(".make button", "Try")
	p.see(".why.bad", "no Blender")
	clean("blender")
	p.click(".set-up-ways button", "Next")
	p.see(".set-up[data-step=ffmpeg]", "FFmpeg")
	p.click(".set-up-ways button", "Back")
	p.see("h1", "Blender")
	var back bool
	p.eval("(history.back(), true)", &back) // the browser's own way back is one step, too
	p.see("h1", "FFmpeg")
	p.see(".set-up p", "video")
	clean("ffmpeg")
	p.click(".set-up-ways button", "Next")
	p.see(".set-up", "Only this computer reaches the farm")
	clean("computers")
	p.click(".set-up-ways button", "Render something")
	p.until("location.pathname.endsWith('/app/submit')")

	// What was chosen is in the file and in use: a frame goes there.
	text, err := os.ReadFile(filepath.Join(f.home, "farm.yaml"))
	if err != nil || !strings.Contains(string(text), "shared_storage_path: "+nas) {
		t.Errorf("%v\n%s", err, text)
	}
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	scene, err := filepath.Abs("../testdata/scenes/tiny.blend")
	if err != nil {
		t.Fatal(err)
	}
	submit := exec.Command(path, "submit", scene, "--frames", "1", "--home", f.home, "--no-wait")
	submit.Env = append(os.Environ(), "FARM_MANAGER="+f.url)
	if out, err := submit.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.click("nav a", "Jobs")
	p.see(".jobs tr", "completed")
	frames, err := filepath.Glob(filepath.Join(nas, "*", "*", "*", "*.*"))
	if err != nil || len(frames) == 0 {
		t.Errorf("%v: no frame is below %s", err, nas)
	}

	// It does not come again by itself, and can be opened again.
	p.do(chromedp.Navigate(f.url + "/"))
	p.see(".jobs, .pace, .workers", "")
	p.visit("settings")
	p.click("a", "Set up again")
	p.see("h1", "Who takes part")
	p.click(".set-up-ways button", "Close")
	p.until("location.pathname.endsWith('/app/')")
}

// Who reaches the farm changes while it runs, and the page stays connected.
func TestSetUpNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	f := &farm{t: t, home: t.TempDir()}
	if err := os.WriteFile(filepath.Join(f.home, "farm.yaml"), []byte("listen: "+address+" # ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.start("serve", "")
	t.Cleanup(f.stop)
	p := open(t, f, "/app/setup")
	p.until("document.querySelector('.choice input')?.checked")
	p.click(".choice", "computers of the network")
	p.until("document.querySelectorAll('.choice input')[1].checked && !document.querySelectorAll('.choice input')[1].disabled")
	_, port, _ := net.SplitHostPort(address)
	listens := func(want string) {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(f.home, "farm.yaml"))
		if err != nil || string(text) != "listen: "+want+" # ours\n" {
			t.Errorf("%v\n%s", err, text)
		}
	}
	listens(`":` + port + `"`)
	p.visit("setup?step=computers")
	p.see(".add-computer button", "Make a line to type")
	p.click(".set-up-ways button", "Back")
	p.visit("setup?step=network")
	p.click(".choice", "This computer only")
	p.until("document.querySelectorAll('.choice input')[0].checked && !document.querySelectorAll('.choice input')[0].disabled")
	listens(`"127.0.0.1:` + port + `"`)
	p.see("#farm-status", "inoperative")
}

// shot keeps a picture of the page where FARM_TEST_SHOTS says, for people to look at.
func shot(p *page, name string) {
	p.t.Helper()
	dir := os.Getenv("FARM_TEST_SHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

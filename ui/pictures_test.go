package ui_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var (
	picturesFrom = flag.String("pictures-from", "", "take pictures of the farm at this `URL`, for docs/images and for a person to look at")
	picturesTo   = flag.String("pictures-to", "", "the `folder` they go to")
	picturesOf   = flag.String("pictures-of", "", "`paths` of the pages, with commas between them; JOB and TASK stand for the newest job and its first task")
)

// screens are the windows that pages are looked at in.
var screens = []struct {
	name          string
	width, height int64
	scale         float64
	dark          bool
}{{"phone", 390, 844, 2, false}, {"laptop", 1440, 900, 1, false}, {"dark", 1440, 900, 1, true}, {"4k", 3840, 2160, 1, false}}

// TestPictures takes pictures of a farm that somebody has running. It checks nothing.
func TestPictures(t *testing.T) {
	if *picturesFrom == "" {
		t.Skip("takes pictures when told where from")
	}
	f := &farm{t: t, url: *picturesFrom}
	var jobs struct{ Jobs []struct{ ID string } }
	f.call("GET", "jobs", nil, &jobs)
	if len(jobs.Jobs) == 0 {
		t.Fatal("the farm has no jobs")
	}
	job := jobs.Jobs[len(jobs.Jobs)-1].ID
	p := open(t, f, "/app/")
	for i, path := range strings.Split(*picturesOf, ",") {
		path = strings.NewReplacer("JOB", job, "TASK", f.task(job, 1)).Replace(path)
		for _, screen := range screens {
			p.dark(screen.dark)
			size := emulation.SetDeviceMetricsOverrideParams{Width: screen.width, Height: screen.height, DeviceScaleFactor: screen.scale}
			if _, err := chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, size); err != nil {
				t.Fatal(err)
			}
			p.do(chromedp.Navigate(f.url + "/app/" + path))
			p.until("document.querySelector('main h1') && !/Reading/.test(document.querySelector('main').innerText)")
			var painted bool
			p.eval("new Promise((done) => setTimeout(() => done(true), 1500))", &painted) // images and charts, for people's eyes
			picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%d-%s.png", i, screen.name)
			if err := os.WriteFile(filepath.Join(*picturesTo, name), picture, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// dark makes the browser ask for dark colours, or for light ones, and for no animations.
func (p *page) dark(yes bool) {
	p.t.Helper()
	value := "light"
	if yes {
		value = "dark"
	}
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	if err != nil {
		p.t.Fatal(err)
	}
}

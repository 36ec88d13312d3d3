package ui_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"renderfarm/docs"
)

// The documentation is there without the internet, on a phone too, and passes axe-core;
// so does the explorer of the API.
func TestDocs(t *testing.T) {
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := docs.Pages()
	if err != nil {
		t.Fatal(err)
	}
	f := startFarm(t, "serve")
	p := open(t, f, "/app/")
	p.until("visible('.top a').some((link) => link.pathname === '/docs/') && visible('footer a').some((link) => link.pathname === '/api/v3/swagger-ui/')")
	places := []string{"/api/v3/swagger-ui/"}
	for name := range pages {
		if strings.HasSuffix(name, ".html") {
			places = append(places, "/docs/"+name)
		}
	}
	for _, place := range places {
		p.width(390)
		p.do(chromedp.Navigate(f.url + place))
		p.until("visible('h1').length === 1")
		if strings.HasPrefix(place, "/api/") {
			p.until("visible('.opblock').length > 20")
		}
		for _, dark := range []bool{false, true} {
			if dark && !strings.HasPrefix(place, "/api/") && place != "/docs/index.html" && place != "/docs/configuration.html" { // all have the same colors
				continue
			}
			p.dark(dark)
			if strings.HasPrefix(place, "/api/") {
				p.until(fmt.Sprintf("document.documentElement.classList.contains('dark-mode') === %v", dark))
			}
			for _, found := range p.violations(string(axe)) {
				t.Errorf("%s, dark %v: %s", place, dark, found)
			}
		}
		var over int
		p.eval("document.documentElement.scrollWidth - innerWidth", &over)
		if over > 0 {
			t.Errorf("%s is %d pixels too wide for a phone", place, over)
		}
	}
}

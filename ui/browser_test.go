package ui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A page is a tab of a real browser that looks at a farm.
type page struct {
	t    *testing.T
	ctx  context.Context
	farm *farm

	mu       sync.Mutex // guards the following
	troubles []string   // errors and warnings of the console
	allowed  []string   // parts of those that belong to the test
}

var (
	browserContext = context.Background()
	closeBrowser   = func() {}
)

// browser starts the browser once for all tests; each gets a tab of it.
var browser = sync.OnceValue(func() error {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		return fmt.Errorf("no Chromium is installed: make test installs it, go test -short leaves these tests out")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(filepath.Join(scratch, "browser")), chromedp.Flag("disable-component-update", true))
	ctx, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, endBrowser := chromedp.NewContext(ctx)
	browserContext = ctx
	closeBrowser = func() { chromedp.Cancel(ctx); endBrowser(); endAllocator() }
	return chromedp.Do(ctx)
})

// open opens a tab, as wide as a desk, at a path of the farm. When the test ends, the console must
// be empty.
func open(t *testing.T, f *farm, path string) *page {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a browser")
	}
	if err := browser(); err != nil {
		t.Fatal(err)
	}
	ctx, closeTab := chromedp.NewContext(browserContext)
	p := &page{t: t, ctx: ctx, farm: f}
	if err := chromedp.Do(ctx); err != nil { // before time limits begin, see chromedp.NewContext
		t.Fatal(err)
	}
	heard := make(chan struct{})
	messages := chromedp.Console(ctx)
	go func() {
		defer close(heard)
		for m, err := range messages {
			if err != nil {
				return
			}
			p.mu.Lock()
			p.troubles = append(p.troubles, fmt.Sprintf("%s %s:%d", m, m.URL, m.Line+1))
			p.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		closeTab()
		<-heard
		p.checkConsole()
	})
	p.width(1440)
	p.do(chromedp.Navigate(f.url + path))
	return p
}

// allow says that console messages with this text belong to the test.
func (p *page) allow(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.allowed = append(p.allowed, text)
}

func (p *page) checkConsole() {
	p.mu.Lock()
	defer p.mu.Unlock()
	// The network of the computer that runs the test may change: the page goes on by itself.
	allowed := append(p.allowed, "net::ERR_NETWORK_CHANGED")
next:
	for _, trouble := range p.troubles {
		for _, text := range allowed {
			if strings.Contains(trouble, text) {
				continue next
			}
		}
		p.t.Errorf("the console says: %s", trouble)
	}
}

func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// visit opens another address of the page, below /app/, without loading the page anew.
func (p *page) visit(path string) {
	p.t.Helper()
	var ok bool
	p.eval("import('/app/router.js').then((router) => { router.go("+quoted(path)+"); return true; })", &ok)
}

// width makes the window so wide, as on a phone or on a desk.
func (p *page) width(pixels int64) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride,
		emulation.SetDeviceMetricsOverrideParams{Width: pixels, Height: 800, DeviceScaleFactor: 1})
	if err != nil {
		p.t.Fatal(err)
	}
}

// eval evaluates an expression in the page, waits for it if it is a promise,
// and decodes its value into to.
func (p *page) eval(expression string, to any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[[]byte](expression, chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal(got, to)
	}
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
}

// visible is a function of the page: the visible elements of a selector.
const visible = `const visible = (selector) => [...document.querySelectorAll(selector)].filter((node) => node.checkVisibility());`

// see waits until an element that matches the selector is visible and shows
// the text.
func (p *page) see(selector, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("visible(%q).some((node) => node.textContent.includes(%q))", selector, text))
}

// gone waits until no element that matches the selector is visible.
func (p *page) gone(selector string) {
	p.t.Helper()
	p.until(fmt.Sprintf("visible(%q).length === 0", selector))
}

// until waits until a condition holds in the page.
func (p *page) until(condition string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	wait := chromedp.PollFunction[bool](fmt.Sprintf("() => { %s return Boolean(%s); }", visible, condition), chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(0))
	if _, err := chromedp.Run(ctx, wait); err != nil {
		var text string
		p.eval("document.body.innerText", &text)
		p.t.Fatalf("waiting for %s: %v; the page says:\n%s", condition, err, text)
	}
}

// click clicks on the visible element that matches the selector and shows the text.
func (p *page) click(selector, text string) {
	p.t.Helper()
	p.see(selector, text)
	var clicked bool
	p.eval(fmt.Sprintf(`(() => { %s
		const node = visible(%q).find((node) => node.textContent.includes(%q));
		node?.click();
		return Boolean(node);
	})()`, visible, selector, text), &clicked)
	if !clicked {
		p.t.Fatalf("%s with %q went away before it could be clicked", selector, text)
	}
}

// key presses a key, as a user does who looks at the page.
func (p *page) key(keys string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(keys))
}

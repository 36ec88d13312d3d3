package ui_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// fill types a text into the visible field that a label names, as somebody does who
// replaces what is in it.
func (p *page) fill(selector, text string) {
	p.t.Helper()
	p.see(selector, "")
	var done bool
	p.eval(`(() => { `+visible+`
		const field = visible(`+quoted(selector)+`)[0];
		const of = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : field instanceof HTMLSelectElement ? HTMLSelectElement : HTMLInputElement;
		Object.getOwnPropertyDescriptor(of.prototype, 'value').set.call(field, `+quoted(text)+`);
		field.dispatchEvent(new Event('input', { bubbles: true }));
		field.dispatchEvent(new Event('change', { bubbles: true }));
		return true;
	})()`, &done)
}

// file returns what is in a file of the farm's home.
func (f *farm) file(name string) string {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.home, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

// Settings are explained, checked, shown as a diff and saved; what is not changed stays in
// the file, comments too.
func TestSettings(t *testing.T) {
	f := startFarm(t, "serve")
	f.set(map[string]any{"price_per_kwh": 0.25})
	p := open(t, f, "/app/settings")
	p.see(".settings-group h2", "Time-outs and failures")
	p.see(".filter .path", "farm.yaml")

	// A mistake is said, and nothing is saved.
	p.fill(`[id="key-task_timeout"]`, "soon")
	p.see(".save-bar", "1 change")
	p.allow("400 (Bad Request)")
	p.click(".save-bar button", "Review")
	p.see(".save-bar .bad", "task_timeout")
	p.click(".save-bar button", "Leave it")
	p.gone(".save-bar")

	// The diff, back, and saved; what needs a restart says so.
	p.fill(`[id="key-task_timeout"]`, "23m")
	p.fill(`[id="key-blender_match"]`, "newer")
	p.click(`[id="key-task_slow_retry"]`, "")
	p.fill(`[id="key-allowed_hosts"]`, "farm.example\n other.example ")
	p.see(".save-bar", "4 changes")
	p.click(".save-bar button", "Review")
	p.see("dialog.review .diff", "10m")
	p.see("dialog.review .diff", "23m")
	p.key(kb.Escape)
	p.gone("dialog.review")
	p.click(".save-bar button", "Review")
	p.click("dialog.review button", "Save")
	p.see(".notice", "4 settings saved.")
	p.gone(".save-bar")
	for _, line := range []string{"task_timeout: 23m", "price_per_kwh: 0.25", "newer", "other.example"} {
		if !strings.Contains(f.file("farm.yaml"), line) {
			t.Errorf("farm.yaml has no %q:\n%s", line, f.file("farm.yaml"))
		}
	}
	p.do(chromedp.Reload())
	p.until(`document.getElementById('key-task_timeout')?.value.startsWith('23m')`)
	p.click(`.form-row:has([id="key-task_timeout"]) button`, "Default")
	p.click(".save-bar button", "Review")
	p.see("dialog.review .diff del", "23m")
	p.click("dialog.review button", "Save")
	p.see(".notice", "1 setting saved.")

	settingsOfVariables(p)

	// The search is in the address; the file can be read.
	p.fill(".filter input", "kilowatt")
	p.until("location.search === '?text=kilowatt' && visible('.form-row').length === 1")
	p.fill(".filter input", "")
	p.click(".more summary", "As the file has it")
	p.see(".source", "price_per_kwh: 0.25")

	// Somebody edits the file meanwhile.
	edited := strings.Replace(f.file("farm.yaml"), "0.25", "0.75", 1)
	if err := os.WriteFile(filepath.Join(f.home, "farm.yaml"), []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	p.click(".filter button", "Read the file again")
	p.see(".notice", "price_per_kwh changed")
	p.until(`document.getElementById('key-price_per_kwh').value === '0.75'`)
}

// settingsOfVariables adds a variable, and removes it.
func settingsOfVariables(p *page) {
	p.click(".variables button", "Add a variable")
	p.fill(`.variables fieldset:last-of-type input[aria-label="Name of the variable"]`, "textures")
	p.fill(`.variables fieldset:last-of-type input[aria-label="Value"]`, "/mnt/textures")
	p.click(".variables fieldset:last-of-type button", "Another value for textures")
	p.fill(`.variables fieldset:last-of-type .variable-value:last-of-type input[aria-label="Value"]`, "T:/")
	p.fill(`.variables fieldset:last-of-type .variable-value:last-of-type select[aria-label="Platform"]`, "windows")
	p.click(".save-bar button", "Review")
	p.see("dialog.review .diff", "/mnt/textures")
	p.click("dialog.review button", "Save")
	p.gone(".save-bar")
	if text := p.farm.file("farm.yaml"); !strings.Contains(text, "textures") || !strings.Contains(text, "windows") {
		p.t.Errorf("farm.yaml: %s", text)
	}
	p.click(`.variables button[aria-label="Remove textures"]`, "")
	p.click(".save-bar button", "Review")
	p.click("dialog.review button", "Save")
	p.gone(".save-bar")
	if text := p.farm.file("farm.yaml"); strings.Contains(text, "/mnt/textures") {
		p.t.Errorf("farm.yaml still has the variable: %s", text)
	}
}

// From elsewhere what names files of the manager's computer is only read, with the command
// that changes it; the rest can be changed.
func TestSettingsFromElsewhere(t *testing.T) {
	real := startFarm(t, "serve")
	f := behindProxy(t, real, "/farm")
	p := open(t, f, "/app/settings?text=shared_storage_path")
	p.see(".why", "is changed there, or with the farm key")
	p.until(`document.getElementById('key-shared_storage_path').disabled`)
	p.see(".form-row .command", "farm config set shared_storage_path")
	p.fill(".filter input", "max_workers")
	p.fill(`[id="key-max_workers"]`, "77")
	p.click(".save-bar button", "Review")
	p.click("dialog.review button", "Save")
	p.see(".notice", "1 setting saved.")
	if !strings.Contains(real.file("farm.yaml"), "max_workers: 77") {
		t.Errorf("farm.yaml: %s", real.file("farm.yaml"))
	}
}

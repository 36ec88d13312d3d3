package ui_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"renderfarm/farm/blendertest"
)

// drop drops files and folders of this computer on the middle of an element.
func (p *page) drop(selector string, paths ...string) {
	p.t.Helper()
	x, y := p.middle(selector)
	data := input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		if _, err := chromedp.Call(p.ctx, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: x, Y: y, Data: &data}); err != nil {
			p.t.Fatal(err)
		}
	}
}

// makeProject makes the folder of testdata/scenes/make_project.py.
func makeProject(t *testing.T) string {
	t.Helper()
	top := filepath.Join(t.TempDir(), "projéct")
	make := exec.CommandContext(t.Context(), blendertest.Find(t), "-b", "--factory-startup", "--python-exit-code", "9", "--python", "../testdata/scenes/make_project.py", "--", top)
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("make the project: %v\n%s", err, out)
	}
	return top
}

// pixels returns the pixels of a PNG file.
func pixels(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			r, g, b, a := m.At(x, y).RGBA()
			all = append(all, byte(r>>8), byte(g>>8), byte(b>>8), byte(a>>8))
		}
	}
	if m.Bounds() == (image.Rectangle{}) || len(bytes.TrimLeft(all, string(all[:1]))) == 0 {
		t.Fatalf("%s shows nothing", path)
	}
	return all
}

// A folder that is dropped becomes a job with what the chosen file needs of it: rendered by
// the farm it looks as Blender alone renders it. What is missing is listed before.
func TestSubmitFolder(t *testing.T) {
	top := makeProject(t)
	alone := filepath.Join(t.TempDir(), "alone")
	render := exec.CommandContext(t.Context(), blendertest.Find(t), "-b", "--factory-startup", filepath.Join(top, "shots", "shot 1.blend"), "-o", alone+"####", "-f", "1")
	if out, err := render.CombinedOutput(); err != nil {
		t.Fatalf("render: %v\n%s", err, out)
	}
	f := startFarm(t, "all")
	p := open(t, f, "/app/submit")
	p.drop(".drop-zone", top)
	p.see(".pick h2", "Which file is to be rendered?")
	p.click(".pick button", "shots/shot 1.blend")
	p.see(".describe-job h2", "shot 1.blend")
	p.see(".along", "4 files of the folder")
	p.see(".along", "2 others are not needed")
	p.until("!document.querySelector('.describe button.strong').disabled")
	p.until("document.querySelectorAll('.missing').length === 0")
	p.click(".describe button.strong", "Submit")
	p.see("h1", "shot 1")
	p.see(".head .row .status", "completed")
	if got, want := pixels(t, onlyFile(t, f, "*0001.png", "jobs")), pixels(t, alone+"0001.png"); !bytes.Equal(got, want) {
		t.Error("the farm's image is another one than that of Blender alone")
	}

	// The folder may be chosen as well; without its library something is missing, and
	// nothing is sent again that the farm has.
	if err := os.Remove(filepath.Join(top, "assets", "tree.blend")); err != nil {
		t.Fatal(err)
	}
	p.visit("submit")
	p.eval("(() => { window.posted = []; const open = XMLHttpRequest.prototype.open; XMLHttpRequest.prototype.open = function (method, url) { posted.push(url); return open.apply(this, arguments); }; return true; })()", new(bool))
	p.see(".drop-zone", "Drop a .blend here")
	p.do(chromedp.SetUploadFiles(chromedp.CSS(".drop input.folder"), []string{top}))
	p.click(".pick button", "shots/shot 1.blend")
	p.see(".missing .path", "tree.blend")
	p.until("document.querySelector('.describe button.strong').disabled")
	p.click(".missing input", "")
	p.click(".describe button.strong", "Submit")
	p.see("h1", "shot 1")
	p.until("posted.length === 0")
	if left, err := os.ReadDir(filepath.Join(f.home, "uploads")); err == nil && len(left) > 0 {
		t.Errorf("%d folders that were sent are left", len(left))
	}
}

// onlyFile returns the one file of the storage whose name matches, below any folder but that.
func onlyFile(t *testing.T, f *farm, pattern, not string) (found string) {
	t.Helper()
	root := filepath.Join(f.home, "storage")
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			if err == nil && path == filepath.Join(root, not) {
				return filepath.SkipDir
			}
			return err
		}
		if ok, _ := filepath.Match(pattern, filepath.Base(path)); ok && !strings.Contains(path, "__") {
			found = path
		}
		return nil
	})
	if err != nil || found == "" {
		t.Fatalf("no file %s: %v", pattern, err)
	}
	return found
}

// Sending is seen and canceled, before and after the manager has said what is needed, and
// leaves nothing; files may be dropped without their folder, and what is no scene is none.
func TestCancelFolder(t *testing.T) {
	top := makeProject(t)
	wood := filepath.Join(top, "textures", "wood grain.png")
	if err := os.Truncate(wood, 300_000); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(top, "shots", "other.blend")); err != nil {
		t.Fatal(err)
	}
	f := startFarm(t, "serve")
	p := open(t, f, "/app/submit")
	p.see(".drop-zone", "Drop a .blend here")
	p.drop(".drop-zone", filepath.Join(top, "textures"), filepath.Join(top, "renders"))
	p.see(".notice", "No .blend file is among what was dropped")

	p.upload(100_000)
	p.drop(".drop-zone", filepath.Join(top, "shots"), filepath.Join(top, "textures"), filepath.Join(top, "assets"))
	p.click(".pick button", "shots/shot 1.blend")
	p.see(".sending", "Sending")
	p.click(".sending button", "Cancel")
	p.see(".drop-zone", "Drop a .blend here")
	p.upload(-1)

	p.drop(".drop-zone", filepath.Join(top, "shots"), filepath.Join(top, "textures"), filepath.Join(top, "assets"))
	p.click(".pick button", "shots/shot 1.blend")
	p.see(".along", "4 files of the folder")
	p.until("!document.querySelector('.describe button.strong').disabled")
	p.upload(20_000)
	p.click(".describe button.strong", "Submit")
	p.see(".describe .sending", "Sending")
	p.click(".describe .sending button", "Cancel")
	p.gone(".describe .sending")
	p.upload(-1)
	p.until("!document.querySelector('.describe button.strong').disabled")
	p.click(".describe button.strong", "Submit")
	p.see("h1", "shot 1")
	var jobs struct{ Total int }
	if f.call("GET", "/api/farm/jobs", nil, &jobs); jobs.Total != 1 {
		t.Errorf("there are %d jobs", jobs.Total)
	}
	if left, err := os.ReadDir(filepath.Join(f.home, "uploads")); err == nil && len(left) > 0 {
		t.Errorf("%d folders that were sent are left", len(left))
	}
}

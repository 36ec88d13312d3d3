package worker

import (
	"context"
	_ "embed"
	"encoding/json"
	"strings"
	"time"

	"renderfarm/farm"
)

// probeScript is the Python by which a Blender says what it can render with.
//
//go:embed probe.py
var probeScript string

// probeLimit bounds how long that may take. EEVEE compiles its shaders.
const probeLimit = 3 * time.Minute

// probeBlender finds out which devices Cycles has in a Blender, and whether EEVEE works
// where the worker runs, usually without a screen. A Blender that crashes or hangs in
// EEVEE has none.
func (w *Worker) probeBlender(ctx context.Context, path string) (devices []farm.RenderDevice, eevee bool) {
	ctx, cancel := w.gate.withLimit(ctx, probeLimit, context.DeadlineExceeded)
	defer cancel()
	word := "farm-" + farm.NewUUID().String()
	var answer struct {
		Devices []farm.RenderDevice
		EEVEE   bool
	}
	p := w.process(path, []string{"--background", "--factory-startup", "--python-expr", strings.ReplaceAll(probeScript, "WORD", word)})
	p.line = func(_ int, text string) {
		if told, ok := strings.CutPrefix(text, word+" "); ok {
			_ = json.Unmarshal([]byte(told), &answer) // what it does not say stays unknown
		}
	}
	err := p.run(ctx)
	w.log.Debug("a Blender was asked what it can render with", "path", path, "devices", len(answer.Devices), "eevee", answer.EEVEE, "error", err)
	return answer.Devices, answer.EEVEE
}

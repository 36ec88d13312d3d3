package worker

import (
	"context"
	"encoding/csv"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// A loadMeter measures how busy the computer is, when that is to be told: each request to
// the manager does, see api.Client.
type loadMeter struct {
	now  func() time.Time
	cpu  func() (percent int, ok bool) // since its last call, see cpuMeter
	free func() int64                  // bytes of memory; 0: not known

	mu    sync.Mutex // guards what follows; nothing else is taken while it is held
	at    time.Time  // when cpu was called last
	last  *api.WorkerLoad
	cards []farm.GPULoad
}

const (
	loadAgain = 10 * time.Second       // between two measurements
	loadFirst = 250 * time.Millisecond // until the first: the system counts processor time in hundredths of a second
)

func newLoadMeter() *loadMeter {
	cpu := &cpuMeter{}
	cpu.percent() // counts from now on
	return &loadMeter{now: time.Now, cpu: cpu.percent, free: freeMemory, at: time.Now()}
}

// load returns how busy the computer is, nil if that is not known yet.
func (m *loadMeter) load() *api.WorkerLoad {
	m.mu.Lock()
	defer m.mu.Unlock()
	since, pause := m.now().Sub(m.at), loadAgain
	if m.last != nil && m.last.CPU == nil {
		pause = loadFirst
	}
	if m.last != nil && since < pause {
		return m.last
	}
	told := farm.WorkerLoad{MemoryFree: m.free(), GPUs: m.cards}
	if since >= loadFirst {
		if percent, ok := m.cpu(); ok {
			told.CPU = &percent
		}
		m.at = m.now()
	}
	m.last = farm.CleanLoad(told)
	return m.last
}

// cardsEvery is how often the driver is asked for the memory of the cards while there is a
// task. Without one it may let a card sleep, and is not asked.
const cardsEvery = 30 * time.Second

// watchCards asks for the memory of the cards, once and then while there are tasks. pinned is
// the one that the worker's programs see; nil is all.
func (m *loadMeter) watchCards(ctx context.Context, pinned *GPU, busy func() bool) {
	path, err := exec.LookPath("nvidia-smi")
	if err != nil || pinned != nil && pinned.Kind != "CUDA" {
		return
	}
	tick := time.NewTicker(cardsEvery)
	defer tick.Stop()
	for asked := true; ; {
		if asked {
			cards := nvidiaMemory(ctx, path, pinned)
			m.mu.Lock()
			m.cards = cards
			m.mu.Unlock()
		}
		was := busy()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asked = was || busy() // once more after the last task, too
	}
}

// nvidiaMemory asks NVIDIA's driver for the memory of its cards ("nvidia-smi --help-query-gpu").
func nvidiaMemory(ctx context.Context, path string, pinned *GPU) []farm.GPULoad {
	args := []string{"--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"}
	if pinned != nil {
		args = append(args, "--id="+pinned.ID)
	}
	text, err := runDriver(ctx, path, args)
	if err != nil {
		return nil
	}
	return readNvidiaMemory(text)
}

// readNvidiaMemory reads lines like "NVIDIA RTX A4000, 16376, 15800", in MiB.
func readNvidiaMemory(text string) (cards []farm.GPULoad) {
	lines := csv.NewReader(strings.NewReader(text))
	lines.FieldsPerRecord, lines.TrimLeadingSpace, lines.LazyQuotes = -1, true, true
	all, _ := lines.ReadAll() // what cannot be read is left out
	for _, l := range all {
		if len(l) != 3 {
			continue
		}
		total, err := strconv.ParseInt(strings.TrimSpace(l[1]), 10, 32)
		free, err2 := strconv.ParseInt(strings.TrimSpace(l[2]), 10, 32)
		if err == nil && err2 == nil { // some cards tell "[N/A]"
			cards = append(cards, farm.GPULoad{Name: l[0], Memory: total << 20, MemoryFree: free << 20})
		}
	}
	return cards
}

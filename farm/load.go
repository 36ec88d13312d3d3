package farm

import "reflect"

// WorkerLoad is how busy a worker's computer is, which it tells with all of its requests.
// A worker of the compatible system tells none of it. What is absent is not known.
type WorkerLoad struct {
	CPU        *int      `json:"cpu,omitempty"`         // percent of its processors that were busy of late, whatever with: 0 to 100
	MemoryFree int64     `json:"memory_free,omitempty"` // bytes that programs could still get; WorkerFacts.Memory is how many there are
	GPUs       []GPULoad `json:"gpus,omitempty"`        // cards whose driver tells
}

// GPULoad is the memory of a graphics card, in bytes.
type GPULoad struct {
	Name       string `json:"name"` // for people
	Memory     int64  `json:"memory"`
	MemoryFree int64  `json:"memory_free"`
}

const (
	maxGPULoads = 16 // of one worker
	maxGPUName  = 80 // bytes
)

// CleanLoad returns what a worker tells in a form that can be shown, nil if that is nothing.
func CleanLoad(told WorkerLoad) *WorkerLoad {
	load := WorkerLoad{MemoryFree: factNumber(told.MemoryFree)}
	if told.CPU != nil {
		load.CPU = new(max(0, min(*told.CPU, 100)))
	}
	for _, g := range told.GPUs[:min(len(told.GPUs), maxGPULoads)] {
		g.Name, g.Memory = oneLine(g.Name, maxGPUName), factNumber(g.Memory)
		g.MemoryFree = min(factNumber(g.MemoryFree), g.Memory)
		load.GPUs = append(load.GPUs, g)
	}
	if load.CPU == nil && load.MemoryFree == 0 && len(load.GPUs) == 0 {
		return nil
	}
	return &load
}

// Equal reports whether two loads are the same, or both not known.
func (l *WorkerLoad) Equal(o *WorkerLoad) bool { return l == o || reflect.DeepEqual(l, o) }

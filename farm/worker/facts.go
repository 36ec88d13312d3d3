package worker

import (
	"runtime"

	"renderfarm/farm/api"
)

// facts returns what the worker tells of its computer.
func (w *Worker) facts() api.WorkerFacts {
	return api.WorkerFacts{
		Arch:   runtime.GOARCH,
		CPUs:   runtime.GOMAXPROCS(0), // which heeds the limit of a cgroup
		Memory: usableMemory(),
	}
}

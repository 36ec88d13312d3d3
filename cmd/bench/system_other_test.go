//go:build !linux

package bench

import (
	"errors"
	"os"
	"time"
)

// errLinux says why a figure is missing.
var errLinux = errors.New("this figure can be measured on Linux only")

func cpuTime(int) (time.Duration, error) { return 0, errLinux }

func treeTime(int) time.Duration { return 0 }

func busyTime() (time.Duration, error) { return 0, errLinux }

// resident is the memory a process holds, in bytes.
type resident struct{ resident, anonymous, file int64 }

func memoryOf(int) (resident, error) { return resident{}, errLinux }

func mostMemory(int) (int64, error) { return 0, errLinux }

func childrenOf(int) ([]int, error) { return nil, errLinux }

func forget(string) error { return errLinux }

// syncData puts a file's data on the disk.
func syncData(f *os.File) error { return f.Sync() }

func spread(string) error { return errLinux }

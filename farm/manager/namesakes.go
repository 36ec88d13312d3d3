package manager

import (
	"strings"
	"sync"
	"time"

	"renderfarm/farm"
)

// namesakes tells jobs apart that would get the same folder: scripts name folders
// after a job and the second it was submitted in. The zero value is ready.
type namesakes struct {
	mu    sync.Mutex // guards everything; held for nothing else
	count map[namesake]int
	order []namesake // of count, oldest first
}

// A namesake is what the folders of a job are named after.
type namesake struct {
	second string // in the time zone of the folders' names
	folder string // in lower case: some file systems do not tell it from upper case
}

// maxNamesakes bounds what is remembered: more than are submitted in any second.
const maxNamesakes = 10_000

// restart is how old jobs are at the most that a start counts: a new job can have
// the second of one that was submitted before the manager went down.
const restart = 2 * time.Second

// number counts a job, and returns its number among those of its name and second.
func (n *namesakes) number(name string, created time.Time) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := namesake{created.Local().Format(time.DateTime), strings.ToLower(farm.FolderName(name))}
	if n.count == nil {
		n.count = map[namesake]int{}
	}
	if n.count[key] == 0 {
		n.order = append(n.order, key)
	}
	n.count[key]++
	for len(n.order) > maxNamesakes {
		delete(n.count, n.order[0])
		n.order = n.order[1:]
	}
	return n.count[key]
}

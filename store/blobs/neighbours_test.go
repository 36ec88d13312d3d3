package blobs

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestNeighbours uploads many files whose folders are in the same one, at a
// time: whoever ends takes emptied folders away that others are about to use.
func TestNeighbours(t *testing.T) {
	s := newStore(t)
	contents := make(chan string)
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for content := range contents {
				if got, err := s.Put(t.Context(), upload(content)); err != nil || got != Stored {
					t.Errorf("%s: %v, %v", content, got, err)
				}
			}
		})
	}
	found := 0
	for n := 0; found < 300; n++ {
		if content := fmt.Sprint("file ", n); strings.HasPrefix(keyOf(content).SHA, "a0") {
			contents <- content
			found++
		}
	}
	close(contents)
	senders.Wait()
}

package api

import (
	"encoding/json"
	"net/http"
	"time"

	"renderfarm/farm"
)

// WorkerLoad is how busy a worker's computer is.
type WorkerLoad = farm.WorkerLoad

// headerLoad is the header of all of a worker's requests by which it tells how busy its
// computer is, as JSON of a WorkerLoad. Compatible managers ignore it.
const headerLoad = "Farm-Load"

// maxLoadText bounds the header, in bytes: that of 16 cards has about 3,000.
const maxLoadText = 8 << 10

// setLoad tells how busy the computer is; nil is not known.
func setLoad(h http.Header, l *WorkerLoad) {
	if l == nil {
		return
	}
	if text, err := json.Marshal(l); err == nil {
		h.Set(headerLoad, string(text))
	}
}

// LoadText returns what a request tells of the load, as it is sent; "" for nothing. Most
// requests of a worker tell the same as the one before.
func LoadText(h http.Header) string { return h.Get(headerLoad) }

// ParseLoad reads what LoadText returned; nil if that makes no sense, or says nothing.
func ParseLoad(text string) *WorkerLoad {
	var told WorkerLoad
	if text == "" || len(text) > maxLoadText || json.Unmarshal([]byte(text), &told) != nil {
		return nil
	}
	return farm.CleanLoad(told)
}

// EventWorkerLoads tells how busy the computers of those workers are that told it since
// the last such event. Compatible managers do not send it.
type EventWorkerLoads struct {
	Workers List[EventWorkerLoad] `json:"workers"`
}

// EventWorkerLoad is one worker of EventWorkerLoads.
type EventWorkerLoad struct {
	ID       farm.WorkerID `json:"id"`
	LastSeen time.Time     `json:"last_seen"`
	Load     *WorkerLoad   `json:"load,omitempty"` // nil: it is not known any more
}

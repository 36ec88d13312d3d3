package crash

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// A history is every request that clients made, by what it is about. Times are
// nanoseconds of one monotonic clock since the history began.
type history struct {
	began time.Time

	mu   sync.Mutex // guards what follows
	ops  map[key][]porcupine.Operation
	logs map[string]*taskLog // by task
	cuts int                 // of the power
	all  int                 // requests, also those without an operation
	open int                 // of them, those that nobody answered
}

// A key is one thing that changes on its own: histories of different things are
// checked one by one.
type key struct {
	of model
	id string // for people as well: "priority of job 7"
}

// never is when a request ends that got no answer: it may still take effect at any
// time, or not at all.
const never = math.MaxInt64

func newHistory() *history {
	return &history{began: time.Now(), ops: map[key][]porcupine.Operation{}, logs: map[string]*taskLog{}}
}

func (h *history) now() int64 { return int64(time.Since(h.began)) }

// add records one operation of a client that began at call and was answered now. An
// unanswered one is recorded as well: it may have happened.
func (h *history) add(k key, client int, call int64, in, out any) {
	end := h.now()
	if out == nil {
		end = never
	}
	h.put(k, client, call, end, in, out)
}

func (h *history) put(k key, client int, call, end int64, in, out any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops[k] = append(h.ops[k], porcupine.Operation{ClientId: client, Input: in, Output: out, Call: call, Return: end})
}

// count counts a request, and whether it was answered.
func (h *history) count(answered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all++
	if !answered {
		h.open++
	}
}

// requests returns how many requests were made, and how many of them were not answered.
func (h *history) requests() (all, open int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all, h.open
}

// decision bounds how long one thing's history is looked at.
const decision = 30 * time.Second

// check returns what cannot have happened if every acknowledged change was kept and
// nobody read what was taken back later, as sentences.
func (h *history) check() (findings []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k, ops := range h.ops {
		switch porcupine.CheckOperationsTimeout(models[k.of], ops, decision) {
		case porcupine.Illegal:
			findings = append(findings, k.id+": no order of these requests explains the answers:\n"+describe(k.of, ops))
		case porcupine.Unknown:
			findings = append(findings, fmt.Sprintf("%s: %d requests could not be judged in %s", k.id, len(ops), decision))
		}
	}
	for task, l := range h.logs {
		for _, found := range l.check() {
			findings = append(findings, "log of task "+task+": "+found)
		}
	}
	slices.Sort(findings)
	return findings
}

// describe lists operations for people, in the order in which they began.
func describe(m model, ops []porcupine.Operation) (text string) {
	ops = slices.Clone(ops)
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	for _, o := range ops {
		end := "no answer"
		if o.Return != never {
			end = time.Duration(o.Return).String()
		}
		text += fmt.Sprintf("  %v .. %s client %d: %s\n", time.Duration(o.Call), end, o.ClientId, models[m].DescribeOperation(o.Input, o.Output))
	}
	return text
}

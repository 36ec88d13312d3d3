package manager

import (
	"context"
	"sync"

	"renderfarm/farm"
)

// A topic is something that a request can wait for.
type topic struct {
	worker farm.WorkerID // a change that concerns this worker
	tag    farm.TagID    // work for workers with this tag …
	typ    string        // … and this task type
	begin  bool          // see beginTopic
}

// beginTopic is what may decide whether workers keep the tasks that they have not begun,
// apart from work and what concerns the worker: whoever is idle, and changes of jobs.
var beginTopic = topic{begin: true}

func workerTopic(id farm.WorkerID) topic              { return topic{worker: id} }
func workTopic(tag farm.TagID, taskType string) topic { return topic{tag: tag, typ: taskType} }

// wakeups wakes requests that wait. A request first subscribes to what it waits
// for, then looks whether there is something already, and only then waits: whatever
// happens after its look wakes it. Topics are woken after the commit of what they tell.
//
// All subscriptions to a topic wake up and look again, so no wake-up can be lost
// to a worker that may not have the task; a look that finds nothing costs
// microseconds.
type wakeups struct {
	mu            sync.Mutex // guards subscriptions; nothing else is taken while it is held
	subscriptions map[topic]map[*subscription]struct{}
}

// A subscription is one request that waits for any of its topics.
type subscription struct {
	wakeups *wakeups
	topics  []topic
	woken   chan struct{} // has room for one wake-up
}

// subscribe begins to wait for any of the topics; the caller ends it with cancel.
func (w *wakeups) subscribe(topics ...topic) *subscription {
	s := &subscription{wakeups: w, woken: make(chan struct{}, 1)}
	s.add(topics...)
	return s
}

// add waits for more topics.
func (s *subscription) add(topics ...topic) {
	w := s.wakeups
	w.mu.Lock()
	defer w.mu.Unlock()
	s.topics = append(s.topics, topics...)
	if w.subscriptions == nil {
		w.subscriptions = map[topic]map[*subscription]struct{}{}
	}
	for _, t := range topics {
		if w.subscriptions[t] == nil {
			w.subscriptions[t] = map[*subscription]struct{}{}
		}
		w.subscriptions[t][s] = struct{}{}
	}
}

// wait returns true when a topic was woken since the last wait, false when ctx ended.
func (s *subscription) wait(ctx context.Context) bool {
	select {
	case <-s.woken:
		return true
	case <-ctx.Done():
		return false
	}
}

// cancel ends the subscription.
func (s *subscription) cancel() {
	w := s.wakeups
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range s.topics {
		delete(w.subscriptions[t], s)
		if len(w.subscriptions[t]) == 0 {
			delete(w.subscriptions, t)
		}
	}
}

// wake wakes all subscriptions to any of the topics.
func (w *wakeups) wake(topics ...topic) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range topics {
		for s := range w.subscriptions[t] {
			select {
			case s.woken <- struct{}{}:
			default: // it has been woken, and has not looked yet
			}
		}
	}
}

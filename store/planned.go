package store

import (
	"cmp"
	"sync"

	"renderfarm/farm"
)

// Planned returns the definition of a task with its commands, without Needs, or
// farm.NotFound. The result is the caller's. Definitions never change, so
// neighbours of tasks that were asked for before come from memory: workers
// usually take tasks in order.
func (s *Store) Planned(id farm.TaskID) (farm.PlannedTask, error) {
	u, ok := farm.ParseUUID(string(id))
	if !ok {
		return farm.PlannedTask{}, errNoTask
	}
	index, at := indexOf(u), indexOf(u)%chunkTasks
	key := chunkKey{prefixOf(u), index / chunkTasks}
	c, job := s.chunks.get(key)
	if c == nil {
		var err error
		if c, job, err = s.loadChunk(key, id); err != nil {
			return farm.PlannedTask{}, err
		}
	}
	if _, ok := indexIn(job, u); !ok || at >= len(c.heads) {
		return farm.PlannedTask{}, errNoTask
	}
	return c.task(at)
}

// Planned is Store.Planned for who changes the task.
func (tx *Tx) Planned(t Task) (farm.PlannedTask, error) {
	tx.check()
	x, at := tx.x, t.Index%chunkTasks
	c, _ := x.chunks.get(chunkKey{prefixOf(t.Job.uuid), t.Index / chunkTasks})
	if c == nil {
		key := key64(t.Job.seq, uint32(t.Index/chunkTasks))
		payload, err := defBucket.open(key, x.get(defBucket, key))
		if err != nil {
			return farm.PlannedTask{}, err
		}
		if c, err = decodeChunk(payload); err != nil || at >= len(c.heads) {
			return farm.PlannedTask{}, defBucket.damaged(key, cmp.Or(err, errNoTask))
		}
	}
	return c.task(at)
}

// loadChunk reads the chunk that a task is in. When workers reach a new chunk
// they all want it at once: one reads it, the others wait for it.
func (s *Store) loadChunk(key chunkKey, id farm.TaskID) (c *chunk, job farm.UUID, err error) {
	s.chunks.loading.Lock()
	defer s.chunks.loading.Unlock()
	if c, job = s.chunks.get(key); c != nil {
		return c, job, nil
	}
	err = s.View(func(v *View) error {
		record, seq, i, err := v.task(id)
		if err != nil {
			return err
		}
		job = record.uuid
		c, err = v.chunk(seq, i/chunkTasks)
		return err
	})
	if err == nil {
		s.chunks.put(key, c, job)
	}
	return c, job, err
}

// maxCached is how many bytes of commands the cache keeps.
const maxCached = 16 << 20

type chunkKey struct {
	job   prefix
	chunk int
}

// A chunkCache keeps the chunks that were read last.
type chunkCache struct {
	loading sync.Mutex // held while a chunk is read from the file; taken before mu

	mu     sync.Mutex // guards the rest; nothing else is locked meanwhile
	chunks map[chunkKey]cachedChunk
	order  []chunkKey // oldest first
	size   int        // bytes of commands
}

type cachedChunk struct {
	chunk *chunk
	job   farm.UUID
}

func newChunkCache() *chunkCache { return &chunkCache{chunks: map[chunkKey]cachedChunk{}} }

func (c *chunkCache) get(key chunkKey) (*chunk, farm.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.chunks[key]
	return found.chunk, found.job
}

func (c *chunkCache) put(key chunkKey, chunk *chunk, job farm.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.chunks[key]; ok {
		return // somebody else was faster
	}
	c.chunks[key] = cachedChunk{chunk, job}
	c.order = append(c.order, key)
	c.size += chunk.size()
	for c.size > maxCached && len(c.order) > 1 {
		c.size -= c.chunks[c.order[0]].chunk.size()
		delete(c.chunks, c.order[0])
		c.order = c.order[1:]
	}
}

// drop forgets the chunks of a removed job: its id could be used again.
func (c *chunkCache) drop(job prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.order[:0]
	for _, key := range c.order {
		if key.job != job {
			kept = append(kept, key)
			continue
		}
		c.size -= c.chunks[key].chunk.size()
		delete(c.chunks, key)
	}
	c.order = kept
}

// size is the memory that the chunk takes, roughly.
func (c *chunk) size() int { return len(c.commands) + 64*len(c.heads) }

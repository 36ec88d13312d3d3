package store

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"renderfarm/farm"
)

// Definitions are kept in chunks of 256 tasks, because what one task is differs
// little from the next: compressed together they need 30 bytes instead of 360.
// A chunk has two parts, so that lists need not decompress the commands:
//
//	ver | n | length | packed: n x (name, type, priority, steps, length of commands) | packed: n x commands as JSON
const (
	chunkTasks = 256

	maxChunkPart = 512 << 20 // bytes of one part, decompressed
)

// A head is what lists show of a task's definition.
type head struct {
	name     string
	kind     string
	priority int
	steps    int
	commands int // bytes
}

// A chunkWriter encodes chunks, one after the other in the same memory.
type chunkWriter struct{ heads, commands []byte }

func (w *chunkWriter) encode(tasks []farm.PlannedTask) ([]byte, error) {
	heads, commands := w.heads[:0], w.commands[:0]
	for i := range tasks {
		t := &tasks[i]
		before := len(commands)
		var err error
		if commands, err = appendCommands(commands, t.Commands); err != nil {
			return nil, farm.Errorf(farm.Invalid, "task %q cannot be stored: its commands are not JSON: %v", t.Name, err)
		}
		heads = appendString(heads, t.Name)
		heads = appendString(heads, t.Type)
		heads = binary.AppendVarint(heads, int64(t.Priority))
		heads = binary.AppendUvarint(heads, uint64(t.Steps()))
		heads = binary.AppendUvarint(heads, uint64(len(commands)-before))
	}
	if max(len(heads), len(commands)) > maxChunkPart {
		return nil, farm.Errorf(farm.TooLarge, "the commands of %d tasks from %q on are larger than %d MB", len(tasks), tasks[0].Name, maxChunkPart>>20)
	}
	b := binary.AppendUvarint([]byte{recordVersion}, uint64(len(tasks)))
	packed := appendPacked(nil, heads)
	b = append(binary.AppendUvarint(b, uint64(len(packed))), packed...)
	w.heads, w.commands = heads, commands
	return appendPacked(b, commands), nil
}

// appendCommands appends the JSON of commands.
func appendCommands(b []byte, commands []farm.Command) ([]byte, error) {
	if !slices.ContainsFunc(commands, func(c farm.Command) bool { return c.Encoded[0] != "" }) {
		raw, err := json.Marshal(commands)
		return append(b, raw...), err
	}
	b = append(b, '[')
	for i := range commands {
		c := &commands[i]
		name, err := json.Marshal(c.Name)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"name":`...), name...)
		b = append(b, `,"parameters":`...)
		if c.Encoded[0] != "" {
			b = c.Encoded.Append(b)
		} else {
			parameters, err := json.Marshal(c.Parameters)
			if err != nil {
				return nil, err
			}
			b = append(b, parameters...)
		}
		b = append(strconv.AppendInt(append(b, `,"total_step_count":`...), int64(c.Steps), 10), '}')
	}
	return append(b, ']'), nil
}

// decodeHeads reads the first part; rest is the second, still packed.
func decodeHeads(payload []byte) (heads []head, rest []byte, err error) {
	r := &reader{rest: payload}
	n := r.count(chunkTasks)
	packed := r.bytes()
	if r.err != nil {
		return nil, nil, r.err
	}
	raw, err := unpack(packed, maxChunkPart)
	if err != nil {
		return nil, nil, err
	}
	h := &reader{rest: raw}
	heads = make([]head, n)
	for i := range heads {
		heads[i] = head{name: h.string(), kind: h.string(), priority: h.small(), steps: h.count(maxSteps), commands: h.count(maxChunkPart)}
	}
	return heads, r.rest, h.end()
}

// A chunk is a chunk with its commands decompressed. It is shared and never
// changed; task makes a copy of what it returns.
type chunk struct {
	heads    []head
	offsets  []int // where the commands of a task begin; one more than heads
	commands []byte
}

func decodeChunk(payload []byte) (*chunk, error) {
	heads, rest, err := decodeHeads(payload)
	if err != nil {
		return nil, err
	}
	c := &chunk{heads: heads, offsets: make([]int, 1, len(heads)+1)}
	at := 0
	for i := range heads {
		at += heads[i].commands
		c.offsets = append(c.offsets, at)
	}
	raw, err := unpack(rest, maxChunkPart)
	if err != nil {
		return nil, err
	}
	if len(raw) != at {
		return nil, fmt.Errorf("its commands have %d bytes, of %d", len(raw), at)
	}
	c.commands = append([]byte(nil), raw...)
	return c, nil
}

// task returns the definition of one task of the chunk, without Needs.
func (c *chunk) task(i int) (farm.PlannedTask, error) {
	h := &c.heads[i]
	t := farm.PlannedTask{Name: h.name, Type: h.kind, Priority: h.priority}
	if err := json.Unmarshal(c.commands[c.offsets[i]:c.offsets[i+1]], &t.Commands); err != nil {
		return t, fmt.Errorf("the commands of task %q do not parse: %w", h.name, err)
	}
	return t, nil
}

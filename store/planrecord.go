package store

import (
	"encoding/binary"
	"fmt"
	"slices"

	"renderfarm/farm/scheduler"
)

// Limits of a plan, which bound what a damaged record can make the store allocate.
const (
	maxTasks    = scheduler.MaxTasks
	maxTypes    = scheduler.MaxTypes
	maxSteps    = scheduler.MaxSteps
	maxPlanSize = 256 << 20 // bytes, decompressed
)

// encodePlan returns the record of a plan, without checksum: the types, the lists
// of needs and the runs, with differences instead of values where neighbours tend
// to go together.
//
//	ver | packed: tasks | n, types… | n, lists… of (n, (first - end of the one before, length - 1)…) | n, runs… of (length, type, priority, steps, list - list before)
func encodePlan(p *scheduler.Plan) []byte {
	var b []byte
	b = binary.AppendUvarint(b, uint64(p.Tasks))
	b = binary.AppendUvarint(b, uint64(len(p.Types)))
	for _, t := range p.Types {
		b = appendString(b, t)
	}
	b = binary.AppendUvarint(b, uint64(len(p.Lists)-1))
	from := uint32(0)
	for _, spans := range p.Lists[1:] {
		b = binary.AppendUvarint(b, uint64(len(spans)))
		at := from
		for i, s := range spans {
			if i == 0 {
				from = s.From
			}
			b = binary.AppendVarint(b, int64(s.From)-int64(at))
			b = binary.AppendUvarint(b, uint64(s.Len()-1))
			at = s.To
		}
	}
	b = binary.AppendUvarint(b, uint64(len(p.Runs)))
	list := uint32(0)
	for i := range p.Runs {
		r := &p.Runs[i]
		b = binary.AppendUvarint(b, uint64(p.End(i)-int(r.First)))
		b = binary.AppendUvarint(b, uint64(r.Type))
		b = binary.AppendVarint(b, int64(r.Priority))
		b = binary.AppendUvarint(b, uint64(r.Steps))
		b = binary.AppendVarint(b, int64(r.Needs)-int64(list))
		list = r.Needs
	}
	return appendPacked([]byte{recordVersion}, b)
}

// decodePlan reads what encodePlan wrote, without its version byte.
func decodePlan(payload []byte) (*scheduler.Plan, error) {
	raw, err := unpack(payload, maxPlanSize)
	if err != nil {
		return nil, err
	}
	r := &reader{rest: raw}
	p := &scheduler.Plan{Tasks: r.count(maxTasks)}
	for range r.count(min(maxTypes, len(r.rest))) {
		p.Types = append(p.Types, r.string())
	}
	decodeLists(p, r)
	decodeRuns(p, r)
	if err := r.end(); err != nil {
		return nil, err
	}
	p.Link()
	return p, nil
}

func decodeLists(p *scheduler.Plan, r *reader) {
	lists := 1 + r.count(len(r.rest))
	p.Lists = make([][]scheduler.Span, 1, lists)
	from := int64(0)
	for len(p.Lists) < lists && r.err == nil {
		spans := make([]scheduler.Span, r.count(len(r.rest)))
		at := from
		for i := range spans {
			first := at + r.int()
			end := first + 1 + int64(r.count(p.Tasks))
			if first < 0 || end > int64(p.Tasks) || i > 0 && first <= at {
				r.fail(fmt.Errorf("tasks %d to %d are needed, of %d", first, end-1, p.Tasks))
				return
			}
			if i == 0 {
				from = first
			}
			spans[i] = scheduler.Span{From: uint32(first), To: uint32(end)}
			at = end
		}
		p.Lists = append(p.Lists, spans)
	}
}

func decodeRuns(p *scheduler.Plan, r *reader) {
	runs := r.count(len(r.rest))
	p.Runs = slices.Grow(p.Runs, runs)
	index, list := 0, int64(0)
	for len(p.Runs) < runs && r.err == nil {
		length := r.count(p.Tasks - index)
		n := scheduler.Run{First: uint32(index), Type: uint16(r.count(len(p.Types) - 1)), Priority: int32(r.small()), Steps: int32(r.count(maxSteps))}
		list += r.int()
		if list < 0 || list >= int64(len(p.Lists)) || length == 0 {
			r.fail(fmt.Errorf("the run at task %d has %d tasks and list of needs %d", index, length, list))
			return
		}
		n.Needs = uint32(list)
		p.Runs = append(p.Runs, n)
		index += length
	}
	if index != p.Tasks {
		r.fail(fmt.Errorf("its runs have %d tasks, of %d", index, p.Tasks))
	}
}

package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"renderfarm/farm"
)

// frameDaysFile has what each worker rendered on each of the last days: a list of
// [day, frames, milliseconds] by the worker's id.
const frameDaysFile = "frames-per-day.json"

// maxFrameDaysFile bounds the file in bytes: some 10,000 workers.
const maxFrameDaysFile = 64 << 20

// FrameDays returns what SaveFrameDays saved, nothing if it was never called.
func (f *Files) FrameDays() (map[farm.WorkerID]farm.FrameDays, error) {
	file, err := f.root.Open(frameDaysFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var saved map[farm.WorkerID][][3]int64
	if err := json.NewDecoder(io.LimitReader(file, maxFrameDaysFile)).Decode(&saved); err != nil {
		return nil, fmt.Errorf("read %s: %w", frameDaysFile, err)
	}
	all := map[farm.WorkerID]farm.FrameDays{}
	for id, days := range saved {
		for _, d := range days {
			all[id] = append(all[id], farm.FrameDay{Day: int(d[0]), Frames: int(d[1]), Busy: d[2]})
		}
	}
	return all, nil
}

// SaveFrameDays replaces what was saved. A crash leaves the file before, or this one.
func (f *Files) SaveFrameDays(all map[farm.WorkerID]farm.FrameDays) error {
	out := make(map[farm.WorkerID][][3]int64, len(all))
	for id, days := range all {
		for _, d := range days {
			out[id] = append(out[id], [3]int64{int64(d.Day), int64(d.Frames), d.Busy})
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return f.replace(frameDaysFile, text)
}

package farm

import (
	"maps"
	"slices"
)

// Bounds on what lists tell of a job's detail; the job by itself has all of it.
const (
	listedTexts = 100  // metadata entries
	listedText  = 1000 // bytes of each text
)

// Listed returns the detail as lists have it: long texts are cut, and of very many
// metadata entries only the first, by name, are there.
func (d JobDetail) Listed() JobDetail {
	short := d
	keys := slices.Sorted(maps.Keys(d.Metadata))
	keys = keys[:min(len(keys), listedTexts)]
	short.Metadata, short.Settings = make(map[string]string, len(keys)), make(map[string]any, len(d.Settings))
	for _, key := range keys {
		short.Metadata[cutText(key)] = cutText(d.Metadata[key])
	}
	for key, value := range d.Settings {
		if text, ok := value.(string); ok {
			value = cutText(text)
		}
		short.Settings[key] = value
	}
	return short
}

// cutText returns the beginning of a text that is too long for a list.
func cutText(text string) string {
	if len(text) <= listedText {
		return text
	}
	return CutText(text, listedText) + "…"
}

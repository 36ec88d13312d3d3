// Package metrics writes figures in the text format that Prometheus and what is
// compatible with it collect, and keeps the durations that histograms are made of.
//
// The format: https://prometheus.io/docs/instrumenting/exposition_formats/
package metrics

import (
	"strconv"
	"strings"
)

// ContentType is the media type of a Page.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Kinds of families.
const (
	Counter   = "counter"   // only grows while the program runs; its name ends in _total
	Gauge     = "gauge"     // goes up and down
	Histogram = "histogram" // see Durations
)

// A Page is the figures of one moment. The zero value is an empty page.
type Page struct {
	text   []byte
	family string
}

// Family begins a metric, whose samples follow. Each is begun once in a page.
func (p *Page) Family(name, kind, help string) {
	p.family = name
	p.text = append(p.text, "# HELP "+name+" "...)
	p.text = append(p.text, helpEscapes.Replace(help)...)
	p.text = append(p.text, "\n# TYPE "+name+" "+kind+"\n"...)
}

// Sample adds a value to the metric that was begun last. The labels are names and
// values in turn. Each value of a label costs whoever collects it a series for
// as long as it keeps data, so there must be few: never names that users choose.
func (p *Page) Sample(value float64, labels ...string) { p.sample("", value, labels) }

// Value adds a metric of one value.
func (p *Page) Value(name, kind, help string, value float64) {
	p.Family(name, kind, help)
	p.Sample(value)
}

// Bytes returns the page as it is sent.
func (p *Page) Bytes() []byte { return p.text }

func (p *Page) sample(suffix string, value float64, labels []string) {
	p.text = append(append(p.text, p.family...), suffix...)
	for i := 0; i+1 < len(labels); i += 2 {
		p.text = append(p.text, "{,"[min(i, 1)])
		p.text = append(append(p.text, labels[i]...), `="`...)
		p.text = append(append(p.text, valueEscapes.Replace(labels[i+1])...), '"')
	}
	if len(labels) > 1 {
		p.text = append(p.text, '}')
	}
	p.text = append(strconv.AppendFloat(append(p.text, ' '), value, 'g', -1, 64), '\n')
}

var (
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	valueEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

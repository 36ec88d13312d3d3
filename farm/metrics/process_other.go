//go:build !linux

package metrics

// system adds what the system tells of the process: nothing here.
func (p *Page) system() {}

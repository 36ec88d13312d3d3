package cmd

import (
	"context"
	"fmt"
	"path"
	"strings"

	"renderfarm/farm/api"
	"renderfarm/farm/blendfile"
)

// uploaded is a .blend and what it needs in the manager's file store, for
// submitters that share no folder with the farm.
type uploaded struct {
	files  *blendfile.Pack
	client *api.Client
	name   string // of the folder that is wanted
	s      *session
	say    func(text string)
}

// blend returns where the .blend will be, unless the name is taken.
func (p *uploaded) blend() string { return path.Join("{jobs}", p.name, p.files.Blend) }

// deliver uploads what the farm does not have. The job gets to know its folder,
// so that deleting the one deletes the other.
func (p *uploaded) deliver(ctx context.Context, job *api.SubmittedJob) (string, error) {
	bar := p.s.transferBar("", 0, 0)
	sending := api.Sending{Client: p.client, Checkout: p.name, Progress: bar.showUpload}
	for _, f := range p.files.Files {
		sending.Files = append(sending.Files, api.SendFile{Path: f.Target, Source: f.Source, Size: f.Size})
	}
	done, err := sending.Send(ctx)
	bar.end()
	if err != nil {
		return "", err
	}
	job.Storage = &api.JobStorageInfo{ShamanCheckoutID: done.Checkout}
	p.say(fmt.Sprintf("Uploaded %s, %s, of %s, %s; the farm had the rest", count(done.Files, "file"), byteSize(done.Bytes), count(len(p.files.Files), "file"), byteSize(p.files.Size())))
	return path.Join("{jobs}", done.Checkout, p.files.Blend), nil
}

// undo leaves what was uploaded to the manager, which cleans its store by
// itself: no job names the folder, and the next try needs the files.
func (p *uploaded) undo() error { return nil }

// checkoutName makes a name fit for a checkout: what the store does not take is replaced.
func checkoutName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/?*:;{}\<>|"#`, r) {
			return '_'
		}
		return r
	}, name)
	if name = strings.Trim(name, ". "); name == "" {
		return "job"
	}
	return name
}

package blendfile

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"renderfarm/farm"
)

// notSeen is what Read leaves out, in the words of the programs that say so.
const notSeen = "caches and simulations of modifiers, strips of the video editor, IES lights, OSL scripts, and whether Cycles denoises"

// keptMost bounds what is kept of one block, and of all, in bytes. The
// structures that matter are a few kilobytes each; of objects only the name
// does, and of what belongs to a scene its strips, markers and views.
const (
	keptMost    = 64 << 10
	keptSmall   = 512
	keptMostAll = 256 << 20
)

// maxScenes bounds the scenes that are told, besides the active one.
const maxScenes = 500

// sceneData stands for the code of blocks that belong to a scene.
const sceneData = "SC DATA"

// Read returns what a .blend says of itself as far as that can be read without a
// Blender: scenes, their frames, camera and output, but not what Cycles adds; libraries, images, sounds,
// fonts, movies, volumes and cache files. Info.Unseen says what else there may
// be. It reads files of any Blender from 2.5 to the form of 5.0, in little
// memory whatever their size. Errors are of kind NotFound or Invalid.
func Read(ctx context.Context, file string) (*Info, error) {
	if err := Check(file); err != nil {
		return nil, err
	}
	c, err := readContents(ctx, file)
	if err != nil {
		return nil, err
	}
	return c.info(file)
}

// contents are the blocks of a file that matter here.
type contents struct {
	header blendHeader
	dna    *dna
	blocks map[string][]kept // by code
}

// A kept block is the beginning of one.
type kept struct {
	block
	data []byte
}

// wanted are the codes of the blocks that matter: what they hold is a data-block
// of the user's, or GLOB, which says what is active.
var wanted = map[string]bool{
	sceneData: true, "GLOB": true, "SC": true, "OB": true, "ID": true, "LI": true, "IM": true, "SO": true, "VF": true, "MC": true, "CF": true, "VO": true,
}

// readContents reads through the file once.
func readContents(ctx context.Context, file string) (*contents, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	b, err := openBlocks(ctx, file)
	if err != nil {
		return nil, err
	}
	defer b.end()
	c := &contents{header: b.header, blocks: map[string][]kept{}}
	if err := c.read(ctx, b); err != nil {
		if errors.Is(context.Cause(ctx), errSlow) {
			return nil, farm.Errorf(farm.Invalid, "%s takes longer than %s to read: try to open it in Blender, and save it again", file, patience)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, farm.Errorf(farm.Invalid, "%s is damaged: %w; take a backup (.blend1), or save the file again", file, err)
	}
	return c, nil
}

// read keeps what matters of each block.
func (c *contents) read(ctx context.Context, b *blockReader) error {
	total, owner := 0, "" // the code of the last data-block: what follows it is its own
	for ctx.Err() == nil {
		k, err := b.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if k.code != "DATA" {
			owner = k.code
		} else if owner == "SC" {
			k.code = sceneData
		}
		switch {
		case k.code == "DNA1":
			text, err := b.head(k, maxDNA)
			if err != nil {
				return err
			}
			if c.dna, err = parseDNA(text, b.header); err != nil {
				return err
			}
		case wanted[k.code] && total < keptMostAll:
			most := int64(keptMost)
			if k.code == "OB" || k.code == "ID" || k.code == sceneData {
				most = keptSmall
			}
			data, err := b.head(k, most)
			if err != nil {
				return err
			}
			total += len(data) + 64
			c.blocks[k.code] = append(c.blocks[k.code], kept{k, data})
		default:
			if err := b.skip(k.size); err != nil {
				return err
			}
		}
	}
	if c.dna == nil && ctx.Err() == nil {
		return errDNA
	}
	return ctx.Err()
}

// record returns a kept block as the structure it is.
func (c *contents) record(k kept) record { return record{c.dna, k.kind, k.data} }

// name returns the name of a data-block, without the two letters of its kind.
func (c *contents) name(k kept) string {
	r := c.record(k)
	name := r.text("id.name")
	if k.code == "ID" { // of a library; the block is nothing but the ID
		name = r.text("name")
	}
	if len(name) < 2 {
		return ""
	}
	return name[2:]
}

// info makes the answer of the blocks.
func (c *contents) info(file string) (*Info, error) {
	info := &Info{SavedBy: [3]int{c.header.version[0], c.header.version[1]}, Unseen: notSeen}
	cameras := map[uint64]string{}
	for _, code := range []string{"OB", "ID"} {
		for _, k := range c.blocks[code] {
			cameras[k.old] = c.name(k)
		}
	}
	active := uint64(0)
	for _, k := range c.blocks["GLOB"] {
		active = c.record(k).address("curscene")
	}
	own := c.ofScenes()
	found := false // the active one; a damaged file may have many at its address
	for _, k := range c.blocks["SC"] {
		switch isActive := k.old == active && !found; {
		case isActive:
			found = true
			info.Scenes = slices.Insert(info.Scenes, 0, c.scene(k, cameras, own))
		case len(info.Scenes) < maxScenes:
			info.Scenes = append(info.Scenes, c.scene(k, cameras, own))
		}
	}
	if len(info.Scenes) == 0 {
		return nil, farm.Errorf(farm.Invalid, "%s has no scene: open it in Blender and add one", file)
	}
	for _, r := range c.refs() {
		if r.path != "" {
			info.External = append(info.External, r.path)
		}
	}
	slices.Sort(info.External)
	info.External = slices.Compact(info.External)
	info.ExternalCount = len(info.External)
	info.External = info.External[:min(MaxExternal, len(info.External))]
	return info, nil
}

// A ref is a path in a file.
type ref struct {
	kind, owner, path string
	sequence, tiles   bool
	views             []string // how the names of its files end, before the extension; none if it is one file
}

// The numbers of an image's source (Image.source).
const (
	sourceFile, sourceSequence, sourceMovie, sourceTiled = 1, 2, 3, 6

	imageViews = 1 << 14 // Image.flag: it has several views
)

// refs returns the paths of data-blocks that are not packed into the file.
func (c *contents) refs() (refs []ref) {
	views := c.allViews()
	for _, code := range []string{"LI", "IM", "SO", "VF", "MC", "CF", "VO"} {
		for _, k := range c.blocks[code] {
			r := c.record(k)
			f := ref{owner: c.name(k), path: cmp.Or(r.text("filepath"), r.text("name"))}
			packed := r.address("packedfile") != 0 || r.address("packedfiles.first") != 0
			if packed || f.path == "" || f.path == "<builtin>" || !f.classify(code, r) {
				continue
			}
			if code == "IM" && int(r.number("flag"))&imageViews != 0 && int(r.number("views_format")) == viewsIndividual {
				f.views = views
			}
			refs = append(refs, f)
		}
	}
	return refs
}

// classify says what kind of file a path is, and reports whether it is one.
func (f *ref) classify(code string, r record) bool {
	f.kind = map[string]string{"LI": "library", "SO": "sound", "VF": "font", "VO": "volume", "CF": "alembic"}[code]
	f.sequence = r.number("is_sequence") != 0
	switch code {
	case "IM":
		switch int(r.number("source")) {
		case sourceFile:
			f.kind = "image"
		case sourceSequence:
			f.kind, f.sequence = "sequence", true
		case sourceMovie:
			f.kind = "movie"
		case sourceTiled:
			f.kind, f.tiles = "udim", true
		default:
			return false
		}
	case "MC":
		f.kind, f.sequence = "movie", int(r.number("source")) == 1
	case "CF":
		if strings.Contains(strings.ToLower(f.path), ".usd") {
			f.kind = "usd"
		}
	}
	return true
}

package manager

import (
	"context"
	"time"

	"renderfarm/farm"
)

// versionLimit bounds how long a submission waits to learn which Blender saved its file.
const versionLimit = 5 * time.Second

// maxBlenderNeeds bounds the different needs that jobs have had since the manager
// started: for each of them workers are counted. There are about 20 versions of Blender
// that people use.
const maxBlenderNeeds = 200

// blenderNeed returns which Blender a job wants: what its submitter says, or what its
// file says if the manager can read it, how that is to be matched, and whether it
// must have a graphics card.
func (m *Manager) blenderNeed(ctx context.Context, plan *farm.Plan, sub farm.Submission) farm.BlenderNeed {
	need := sub.Blender
	if !sub.BlenderMatchSet {
		need.Match, _ = farm.ParseBlenderMatch(m.Config().BlenderMatch) // which was checked
	}
	if file, _ := plan.Settings["blendfile"].(string); need.Version.IsZero() && file != "" && m.blenderVersion != nil {
		ctx, cancel := context.WithTimeout(ctx, versionLimit)
		defer cancel()
		path := m.config.Load().expander(m.goos).Text(file)
		version, err := m.blenderVersion(ctx, path)
		if err != nil {
			m.log.Debug("it is not known which Blender saved the file of a job, so any will do", "file", path, "error", err)
		}
		need.Version = version
	}
	if need.Version.IsZero() {
		need = farm.BlenderNeed{}
	}
	return need.WithGPU(plan.Tasks)
}

package server

import (
	"context"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/farm/setup"
)

// A Host is the program in which the server runs, as far as the set-up changes it.
// Its methods may be called from any goroutine.
type Host interface {
	// OnlyHere reports whether no other computer reaches the server, and whether that can
	// be changed while it runs.
	OnlyHere() (only, movable bool)
	// ListenOnly has the server answer this computer only, or all. The configuration is not changed.
	ListenOnly(ctx context.Context, here bool) error
	// Blenders returns the files and folders that the worker of this computer was told of.
	Blenders() []string
	// AddBlender has the worker of this computer prefer a Blender, now and later.
	AddBlender(path string) error
}

// maySetUp returns an error unless a request may do what the set-up does: name folders and
// programs of the manager's computer. As long as nobody has set up the farm, that is
// everybody who reaches it, as its owner may sit elsewhere.
func (s *Server) maySetUp(r *http.Request) error {
	if s.host == nil {
		return farm.Errorf(farm.Unavailable, "this manager cannot be set up from a page: use farm setup on its computer")
	}
	if s.mayManage(r) || s.m.FirstRun() {
		return nil
	}
	return farm.Errorf(farm.Forbidden, "this farm is set up already, so its folders and programs can be changed only on the manager's own computer, or with the farm key")
}

// fetchSetUp tells the assistant how things are.
func (s *Server) fetchSetUp(w http.ResponseWriter, r *http.Request) error {
	from, _ := s.m.ConfigSources() // a file with a mistake is told of elsewhere
	c := s.m.Config()
	answer := api.SetUp{FirstRun: s.m.FirstRun(), MaySetUp: s.maySetUp(r) == nil, Platform: runtime.GOOS, File: s.m.ConfigPath(), Storage: s.m.SharedFolder(),
		DefaultStorage: s.m.DefaultStorage(), Listen: c.Listen}
	if f := from["shared_storage_path"]; strings.HasPrefix(f, "--") || strings.HasPrefix(f, "FARM_") {
		answer.StorageFrom = f
	}
	if s.host != nil {
		answer.OnlyHere, answer.MayMove = s.host.OnlyHere()
		answer.MayMove = answer.MayMove && fromThisComputer(r)
	}
	return writeJSON(w, http.StatusOK, answer)
}

// setUpStorage looks at a folder, and makes it the shared storage if that is wanted.
func (s *Server) setUpStorage(w http.ResponseWriter, r *http.Request) error {
	if err := s.maySetUp(r); err != nil {
		return err
	}
	var wanted api.SetUpFolder
	if err := s.read(w, r, &wanted); err != nil {
		return err
	}
	if wanted.Path == "" {
		wanted.Path, wanted.Create = s.m.DefaultStorage(), true
	}
	f := s.computer.Folder(r.Context(), wanted.Path, wanted.Create)
	answer := api.SetUpFolderFound{Path: f.Path, Usable: f.Usable, Missing: f.Missing, Cause: f.Cause, Advice: f.Advice, Free: f.Free}
	if f.Usable && wanted.Use {
		if err := s.useStorage(f.Path, nil); err != nil {
			return err
		}
		answer.Used = true
	}
	return writeJSON(w, http.StatusOK, answer)
}

// useStorage makes a folder the shared storage, with variables to go with it.
func (s *Server) useStorage(path string, variables farm.Variables) error {
	if path == s.m.DefaultStorage() {
		path = ""
	}
	_, err := s.m.ChangeConfig(func(c farm.Config) (farm.Config, error) {
		c.SharedStoragePath = path
		if variables != nil {
			all := farm.Variables{}
			for name, v := range c.Variables {
				all[name] = v
			}
			for name, v := range variables {
				all[name] = v
			}
			c.Variables = all
		}
		return c, nil
	})
	return err
}

// findSetUpPrograms starts every Blender of the manager's computer, and its FFmpeg.
func (s *Server) findSetUpPrograms(w http.ResponseWriter, r *http.Request) error {
	if err := s.maySetUp(r); err != nil {
		return err
	}
	blenders, err := s.computer.Blenders(r.Context(), s.host.Blenders())
	if err != nil {
		return err
	}
	answer := api.SetUpPrograms{FFmpeg: asProgram(s.computer.FFmpeg(r.Context()))}
	for _, p := range blenders {
		answer.Blenders = append(answer.Blenders, asProgram(p))
	}
	return writeJSON(w, http.StatusOK, answer)
}

func asProgram(p setup.Program) api.SetUpProgram {
	return api.SetUpProgram{Input: p.Input, Path: p.Path, Version: p.Version, Source: string(p.Source), Usable: p.Usable, Cause: p.Cause}
}

// setUpBlender looks at a Blender, and has the worker of this computer use it if that is wanted.
func (s *Server) setUpBlender(w http.ResponseWriter, r *http.Request) error {
	if err := s.maySetUp(r); err != nil {
		return err
	}
	var wanted api.SetUpBlender
	if err := s.read(w, r, &wanted); err != nil {
		return err
	}
	p := s.computer.Blender(r.Context(), wanted.Path, !s.mayManage(r))
	if p.Usable && wanted.Use {
		if err := s.host.AddBlender(p.Path); err != nil {
			return err
		}
	}
	return writeJSON(w, http.StatusOK, asProgram(p))
}

// setUpNetwork lets other computers reach the manager, or not. Only its own computer may
// say so: another one would lock itself out.
func (s *Server) setUpNetwork(w http.ResponseWriter, r *http.Request) error {
	if err := s.maySetUp(r); err != nil {
		return err
	}
	var wanted api.SetUpNetwork
	if err := s.read(w, r, &wanted); err != nil {
		return err
	}
	only, movable := s.host.OnlyHere()
	switch {
	case only == wanted.OnlyHere:
	case !fromThisComputer(r):
		return farm.Errorf(farm.Forbidden, "who reaches the manager can be changed here only on its own computer: yours would be locked out")
	case !movable:
		return farm.Errorf(farm.Conflict, "the manager was started with an address of its own (%s): change listen in farm.yaml, or the flag, and restart it", s.m.Config().Listen)
	}
	if only != wanted.OnlyHere {
		if err := s.host.ListenOnly(r.Context(), wanted.OnlyHere); err != nil {
			return err
		}
		if _, err := s.m.ChangeConfig(func(c farm.Config) (farm.Config, error) {
			c.Listen = listenFor(c.Listen, wanted.OnlyHere)
			return c, nil
		}); err != nil {
			return err
		}
		s.m.TookEffect("listen")
	}
	return s.fetchSetUp(w, r)
}

// listenFor returns an address with the same port for this computer, or for all.
func listenFor(listen string, here bool) string {
	port := listen[strings.LastIndex(listen, ":")+1:]
	if here {
		return "127.0.0.1:" + port
	}
	return ":" + port
}

// endSetUp ends the first run: what nobody chose has its default from now on.
func (s *Server) endSetUp(w http.ResponseWriter, r *http.Request) error {
	if err := s.maySetUp(r); err != nil {
		return err
	}
	// Saving the configuration as it is makes the file.
	if _, err := s.m.ChangeConfig(func(c farm.Config) (farm.Config, error) { return c, nil }); err != nil {
		return err
	}
	return noContent(w)
}

// checkSharedStoragePath is setUpStorage for other clients of the protocol.
func (s *Server) checkSharedStoragePath(w http.ResponseWriter, r *http.Request) error {
	if err := s.maySetUp(r); err != nil {
		return err
	}
	var in api.PathCheckInput
	if r.ContentLength != 0 { // without a body, there is no path
		if err := s.read(w, r, &in); err != nil {
			return err
		}
	}
	f := s.computer.Folder(r.Context(), in.Path, false)
	return writeJSON(w, http.StatusOK, api.PathCheckResult{Path: f.Path, IsUsable: f.Usable, Cause: strings.Join(append([]string{f.Cause}, f.Advice...), ". ")})
}

// findBlenderExePath lists the Blenders that run, for other clients of the protocol.
func (s *Server) findBlenderExePath(w http.ResponseWriter, r *http.Request) error {
	if err := s.maySetUp(r); err != nil {
		return err
	}
	found, err := s.computer.Blenders(r.Context(), s.host.Blenders())
	if err != nil {
		return err
	}
	list := []api.BlenderPathCheckResult{}
	for _, p := range found {
		if p.Usable {
			list = append(list, asCheckResult(p))
		}
	}
	return writeJSON(w, http.StatusOK, list)
}

// checkBlenderExePath is setUpBlender for other clients of the protocol.
func (s *Server) checkBlenderExePath(w http.ResponseWriter, r *http.Request) error {
	if err := s.maySetUp(r); err != nil {
		return err
	}
	var in api.PathCheckInput
	if err := s.read(w, r, &in); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, asCheckResult(s.computer.Blender(r.Context(), in.Path, !s.mayManage(r))))
}

// checkSources are the protocol's words for where a Blender was found.
var checkSources = map[setup.Source]string{setup.FromPath: api.BlenderFromPath, setup.FromSystem: api.BlenderFromSystem, setup.FromOpener: api.BlenderFromFileAssociation, setup.FromInput: api.BlenderFromInput}

func asCheckResult(p setup.Program) api.BlenderPathCheckResult {
	b := api.BlenderPathCheckResult{Input: p.Input, Path: p.Path, IsUsable: p.Usable, Cause: p.Cause}
	if p.Usable {
		b.Cause, b.Source = "Blender "+p.Version, checkSources[p.Source]
		if b.Input == "" {
			b.Input = p.Path
			if p.Source == setup.FromPath {
				b.Input = filepath.Base(p.Path)
			}
		}
	}
	return b
}

// saveSetupAssistantConfig takes what the assistant of another client of the protocol
// found out. It is checked here again, and takes effect without a restart.
func (s *Server) saveSetupAssistantConfig(w http.ResponseWriter, r *http.Request) error {
	if err := s.maySetUp(r); err != nil {
		return err
	}
	var in api.SetupAssistantConfig
	if err := s.read(w, r, &in); err != nil {
		return err
	}
	blender, err := s.chosenBlender(r, in.BlenderExecutable)
	if err != nil {
		return err
	}
	f := s.computer.Folder(r.Context(), in.StorageLocation, false)
	if !f.Usable {
		return farm.Errorf(farm.Invalid, "storageLocation: %s", f.Cause)
	}
	variables := farm.DefaultVariables()
	if blender != "" { // a path of this computer says nothing about workers of other platforms
		v := variables["blender"]
		for i := range v.Values {
			if v.Values[i].Platform == s.computer.Goos {
				v.Values[i].Value = blender
			}
		}
	}
	if err := s.useStorage(f.Path, variables); err != nil {
		return err
	}
	return noContent(w)
}

// chosenBlender returns what workers on the manager's platform are to run; "" leaves it to them.
func (s *Server) chosenBlender(r *http.Request, b api.BlenderPathCheckResult) (string, error) {
	chosen := b.Path
	switch {
	case !b.IsUsable:
		return "", farm.Errorf(farm.Invalid, "blenderExecutable is not usable: choose one that is, or the default")
	case b.Source == api.BlenderFromDefault || b.Source == api.BlenderFromFileAssociation:
		return "", nil
	case b.Source == api.BlenderFromPath:
		if chosen = b.Input; chosen == "" {
			return "", farm.Errorf(farm.Invalid, "blenderExecutable.input is empty: send the command that was typed")
		}
	case b.Source != api.BlenderFromSystem && b.Source != api.BlenderFromInput:
		return "", farm.Errorf(farm.Invalid, "blenderExecutable.source %q is not known", short(b.Source))
	case chosen == "":
		return "", farm.Errorf(farm.Invalid, "blenderExecutable.path is empty: send the path that was found")
	}
	if p := s.computer.Blender(r.Context(), chosen, !s.mayManage(r)); !p.Usable {
		return "", farm.Errorf(farm.Invalid, "blenderExecutable: %s", p.Cause)
	}
	return chosen, nil
}

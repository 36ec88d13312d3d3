package server

import (
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

// stockAddon is how the add-on of the compatible system names itself and its
// version, in all its releases so far.
var stockAddon = regexp.MustCompile(`^Flamenco/([0-9][0-9A-Za-z.+~-]{0,39}) \(Blender add-on\)`)

// getVersion answers with the version that the add-on wants to hear: it compares
// shortversion with its own, and submits nothing if they differ. One that does not
// say which version it has hears the configured one.
func (s *Server) getVersion(w http.ResponseWriter, r *http.Request) error {
	version, commit := s.m.Version()
	config := s.m.Config()
	short := config.FlamencoVersion
	if named := stockAddon.FindStringSubmatch(r.UserAgent()); named != nil {
		short = named[1]
	}
	w.Header().Set("Vary", "User-Agent")
	api.SetFarmID(w.Header(), s.m.FarmID())
	return writeJSON(w, http.StatusOK, api.Version{Version: version, ShortVersion: short, Name: config.ManagerName, Git: commit})
}

// getConfiguration tells where files are on the manager, with forward slashes on Windows,
// too: the add-on of any platform reads it.
func (s *Server) getConfiguration(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, api.ManagerConfiguration{StorageLocation: filepath.ToSlash(s.m.Storage()), ShamanEnabled: s.m.ShamanEnabled(), IsFirstRun: s.m.FirstRun()})
}

// getConfigurationFile answers with the configuration in force, without its password.
func (s *Server) getConfigurationFile(w http.ResponseWriter, r *http.Request) error {
	config := s.m.Config()
	config.MQTT.Client.Password = ""
	return writeJSON(w, http.StatusOK, config)
}

// updateConfigurationFile replaces the whole configuration, and writes it to its file
// before it takes effect. Keys that the compatible system does not know stay as
// they are when a client of it leaves them out, and so does the password, which
// clients are not told.
func (s *Server) updateConfigurationFile(w http.ResponseWriter, r *http.Request) error {
	now := s.m.Config()
	config, err := now.ForStockClients()
	if err != nil {
		return err
	}
	if err := s.read(w, r, &config); err != nil {
		return err
	}
	if config.MQTT.Client.Password == "" {
		config.MQTT.Client.Password = now.MQTT.Client.Password
	}
	if !s.mayManage(r) {
		if err := config.CheckRemoteChange(now); err != nil {
			return err
		}
	}
	if err := s.m.SetConfig(config); err != nil {
		return err
	}
	return noContent(w)
}

// getVariables answers with the variables of an audience on a platform, with
// their values; with none for an audience that does not exist.
func (s *Server) getVariables(w http.ResponseWriter, r *http.Request) error {
	switch audience := chi.URLParam(r, "audience"); audience {
	case farm.AudienceUsers, farm.AudienceWorkers:
		return writeJSON(w, http.StatusOK, s.m.Variables(audience, chi.URLParam(r, "platform")))
	}
	return writeJSON(w, http.StatusOK, struct{}{})
}

// getSharedStorage says where the shared storage is for an audience on a platform:
// variables may give it another name there.
func (s *Server) getSharedStorage(w http.ResponseWriter, r *http.Request) error {
	audience, platform := chi.URLParam(r, "audience"), chi.URLParam(r, "platform")
	return writeJSON(w, http.StatusOK, api.SharedStorageLocation{
		Location: s.m.SharedStorage(audience, platform), Audience: audience, Platform: platform, ShamanEnabled: s.m.ShamanEnabled(),
	})
}

// getFarmStatus answers with one word for what the whole farm does.
func (s *Server) getFarmStatus(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, api.FarmStatus{Status: s.m.FarmStatus()})
}

// getJobTypes lists the job types, without those whose script is broken.
func (s *Server) getJobTypes(w http.ResponseWriter, r *http.Request) error {
	types, err := s.m.JobTypes(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.JobTypes(types))
}

// getJobType answers with one job type, and its etag: a submission that names that
// is refused if the script changed meanwhile.
func (s *Server) getJobType(w http.ResponseWriter, r *http.Request) error {
	jobType, err := s.m.JobType(r.Context(), chi.URLParam(r, "type_name"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, api.JobType(jobType))
}

// brokenTypes is an addition of ours: clients of the protocol are never sent a
// job type that they could choke on.
func (s *Server) brokenTypes(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, http.StatusOK, api.BrokenJobTypes{Broken: s.m.BrokenTypes(r.Context())})
}

// openAPIJSON is the description of the API, for tools and the page swagger-ui.
func (s *Server) openAPIJSON(w http.ResponseWriter, r *http.Request) error {
	description, err := s.openAPI()
	if err != nil {
		return fmt.Errorf("read the API's description: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(description)
	return nil
}

// describe answers with what UPnP wants to know of a device.
func describe(description []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.Write(description)
	}
}

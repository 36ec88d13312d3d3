package api

import (
	"net/http"

	"renderfarm/farm"
)

// Error is the body of every answer with a status of 400 or above. It is also
// the error that Client returns for such an answer.
type Error struct {
	Status  int    `json:"-"`       // HTTP status of the answer
	Code    int    `json:"code"`    // the same, as sent; 0 if a compatible manager left it out
	Message string `json:"message"` // for people: what, why, and the next step

	// Deleted says that a user deleted the worker that made the request, which
	// must not come back as a new one. It is a header, see SetDeleted.
	Deleted bool `json:"-"`
	// Taken says that another worker uses the identity of the one that made the
	// request, which has to register anew. It is a header, see SetTaken.
	Taken bool `json:"-"`
}

// Version answers getVersion.
type Version struct {
	Version      string `json:"version"`
	ShortVersion string `json:"shortversion"` // what stock add-ons compare with their own for equality
	Name         string `json:"name"`         // the manager's configured name
	Git          string `json:"git"`

	// FarmID is the same at all addresses of a farm, and for as long as it has its database;
	// "" from other managers. It is a header, see SetFarmID.
	FarmID string `json:"-"`
}

// headerFarmID is the header of getVersion with the id of the farm.
const headerFarmID = "Farm-Id"

// SetFarmID says which farm answers.
func SetFarmID(h http.Header, id string) { h.Set(headerFarmID, id) }

// ManagerConfiguration answers getConfiguration.
type ManagerConfiguration struct {
	StorageLocation string `json:"storageLocation"` // absolute, on the manager
	ShamanEnabled   bool   `json:"shamanEnabled"`
	IsFirstRun      bool   `json:"isFirstRun"`
}

// PathCheckInput asks checkSharedStoragePath or checkBlenderExePath about a path.
type PathCheckInput struct {
	Path string `json:"path" api:"optional"` // "" is answered with is_usable false
}

// PathCheckResult answers checkSharedStoragePath.
type PathCheckResult struct {
	Path     string `json:"path"`
	IsUsable bool   `json:"is_usable"`
	Cause    string `json:"cause"` // why not; what is good about it otherwise
}

// BlenderPathCheckResult answers checkBlenderExePath, and findBlenderExePath
// as an array.
type BlenderPathCheckResult struct {
	Input    string `json:"input"`  // what was asked for
	Path     string `json:"path"`   // the executable; "" unless usable
	Source   string `json:"source"` // one of the BlenderFrom constants; "" after an error
	IsUsable bool   `json:"is_usable"`
	Cause    string `json:"cause"` // why not; Blender's version line otherwise
}

// Where a Blender was found: BlenderPathCheckResult.Source.
const (
	BlenderFromFileAssociation = "file_association" // what opens .blend files
	BlenderFromPath            = "path_envvar"      // $PATH
	BlenderFromSystem          = "system_location"  // where installers put it
	BlenderFromInput           = "input_path"       // the path asked for
	BlenderFromDefault         = "default"          // the worker's own default
)

// SetupAssistantConfig is the request of saveSetupAssistantConfig.
type SetupAssistantConfig struct {
	StorageLocation   string                 `json:"storageLocation"`
	BlenderExecutable BlenderPathCheckResult `json:"blenderExecutable"`
}

// ManagerVariables answers getVariables: the variables by name, with the value
// for the audience and platform that were asked for.
type ManagerVariables = Object[ManagerVariable]

// ManagerVariable is one variable of ManagerVariables.
type ManagerVariable struct {
	Value    string `json:"value"`
	IsTwoWay bool   `json:"is_twoway"`
}

// SharedStorageLocation answers getSharedStorage.
type SharedStorageLocation struct {
	Location      string `json:"location"` // as the audience and platform see it
	Audience      string `json:"audience"`
	Platform      string `json:"platform"`
	ShamanEnabled bool   `json:"shamanEnabled"`
}

// FarmStatus answers getFarmStatus.
type FarmStatus struct {
	Status farm.FarmStatus `json:"status"`
}

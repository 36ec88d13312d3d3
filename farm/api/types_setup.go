package api

// SetUp answers fetchSetUp: what the assistant has to know about the manager.
type SetUp struct {
	FirstRun       bool   `json:"first_run"`       // nobody has set up the farm yet
	MaySetUp       bool   `json:"may_set_up"`      // whoever asked may
	Platform       string `json:"platform"`        // GOOS of the manager
	File           string `json:"file"`            // farm.yaml
	Storage        string `json:"storage"`         // the shared storage in use
	DefaultStorage string `json:"default_storage"` // the one that is used if nobody chooses
	StorageFrom    string `json:"storage_from"`    // a flag or variable that goes before farm.yaml; "" if none does
	OnlyHere       bool   `json:"only_here"`       // no other computer reaches the manager
	MayMove        bool   `json:"may_move"`        // that can be changed while it runs, by whoever asked
	Listen         string `json:"listen"`
}

// SetUpFolder is the request of setUpStorage.
type SetUpFolder struct {
	Path   string `json:"path"`                  // "" is the default storage
	Create bool   `json:"create" api:"optional"` // make it if the folder above is there
	Use    bool   `json:"use" api:"optional"`    // make it the shared storage if it is usable
}

// SetUpFolderFound answers setUpStorage.
type SetUpFolderFound struct {
	Path    string       `json:"path"`
	Usable  bool         `json:"usable"`
	Missing bool         `json:"missing"` // it could be created
	Cause   string       `json:"cause"`   // why it is not usable; what is good about it otherwise
	Advice  List[string] `json:"advice"`
	Free    int64        `json:"free"` // bytes; 0 if not known
	Used    bool         `json:"used"` // it is the shared storage now
}

// SetUpPrograms answers findSetUpPrograms.
type SetUpPrograms struct {
	Blenders List[SetUpProgram] `json:"blenders"`
	FFmpeg   SetUpProgram       `json:"ffmpeg"`
}

// SetUpProgram is a program of the manager's computer that was started to ask for its version.
type SetUpProgram struct {
	Input   string `json:"input"`
	Path    string `json:"path"`    // "" unless usable
	Version string `json:"version"` // "" unless usable
	Source  string `json:"source"`  // path, system, opener or input; "" for FFmpeg
	Usable  bool   `json:"usable"`
	Cause   string `json:"cause"` // why it is not usable
}

// SetUpBlender is the request of setUpBlender.
type SetUpBlender struct {
	Path string `json:"path"`               // a program, or a folder with one
	Use  bool   `json:"use" api:"optional"` // have the worker of the manager's computer prefer it
}

// SetUpNetwork is the request of setUpNetwork.
type SetUpNetwork struct {
	OnlyHere bool `json:"only_here"` // no other computer is to reach the manager
}

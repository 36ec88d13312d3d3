package api

import (
	"context"
	"io"
	"net/http"

	"renderfarm/farm"
)

// WorkerNeeds answers workerNeeds: what a worker has to find on its computer to do
// tasks.
type WorkerNeeds struct {
	Storage   string `json:"storage"`              // folder, as the worker's platform calls it
	StorageID string `json:"storage_id,omitempty"` // what StorageMark in it says; "" if the manager cannot tell
	Blender   string `json:"blender"`              // path, or a name on the PATH
	FFmpeg    string `json:"ffmpeg"`
	Mirror    bool   `json:"mirror,omitempty"` // the manager sends and takes the files of the storage

	// Foreign says that the manager is not Farm's: SetWorkerUnable is not possible.
	Foreign bool `json:"-"`
}

// StorageMark is the file in the shared storage that says which storage it is.
const StorageMark = ".farm-storage"

// WorkerInUse is the request of setWorkerInUse.
type WorkerInUse struct {
	InUse    string `json:"in_use"`              // by whom, for people: "in use by its owner"; "" if it is free for tasks
	GiveBack bool   `json:"give_back,omitempty"` // return the task that it holds
}

// WorkerUnable is the request of setWorkerUnable: all that the worker cannot do now.
type WorkerUnable struct {
	Unable List[farm.Unable] `json:"unable"`
}

// WorkerNeeds asks what the worker has to find on its computer. A manager that is not
// Farm's is asked what comes near it: its variables and its shared storage.
//
// It is asked without the worker's session, as a worker asks before it signs on: until
// then the identity is that of the run before, and the manager would take the two for copies.
func (c *Client) WorkerNeeds(ctx context.Context, platform string) (WorkerNeeds, error) {
	anyone := *c
	anyone.Session = ""
	c = &anyone
	needs, err := fetch[WorkerNeeds](ctx, c, call{path: atFarm("worker", "needs")})
	if !IsNotFound(err) {
		return needs, err
	}
	needs = WorkerNeeds{Foreign: true, Blender: "blender", FFmpeg: "ffmpeg"}
	storage, err := c.GetSharedStorage(ctx, farm.AudienceWorkers, platform)
	if err != nil {
		return needs, err
	}
	needs.Storage = storage.Location
	variables, err := c.GetVariables(ctx, farm.AudienceWorkers, platform)
	if err != nil {
		return needs, err
	}
	if v, ok := variables["blender"]; ok {
		needs.Blender = v.Value
	}
	if v, ok := variables["ffmpeg"]; ok {
		needs.FFmpeg = v.Value
	}
	return needs, nil
}

// BlenderOffers answers fetchBlenderOffers.
type BlenderOffers struct {
	Blenders List[farm.BlenderOffer] `json:"blenders"`
}

// FetchBlenderOffers asks which Blenders the farm offers.
func (c *Client) FetchBlenderOffers(ctx context.Context) (BlenderOffers, error) {
	return fetch[BlenderOffers](ctx, c, call{path: atFarm("worker", "blenders")})
}

// FetchBlender writes the archive with the checksum, at most so many bytes of it. It takes as long as it
// takes: the caller bounds it.
func (c *Client) FetchBlender(ctx context.Context, sha256 string, most int64, into io.Writer) error {
	return c.fetchFile(ctx, atFarm("worker", "blenders", sha256), most, into)
}

// fetchFile writes at most so many bytes of a file.
func (c *Client) fetchFile(ctx context.Context, path string, most int64, into io.Writer) error {
	req, err := c.request(ctx, call{path: path})
	if err != nil {
		return err
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return c.unreachable(ctx, ctx, 0, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return failure(res)
	}
	if _, err := io.Copy(into, io.LimitReader(res.Body, most)); err != nil {
		return c.unreachable(ctx, ctx, 0, err)
	}
	return nil
}

// SetWorkerFacts tells about the worker's computer what has changed since it signed on.
func (c *Client) SetWorkerFacts(ctx context.Context, facts WorkerFacts) error {
	return c.send(ctx, call{method: http.MethodPut, path: atFarm("worker", "facts"), in: facts})
}

// SetWorkerInUse tells that the computer's owner needs it, or does not any more. 404
// means that the manager is not Farm's, and cannot be told.
func (c *Client) SetWorkerInUse(ctx context.Context, in WorkerInUse) error {
	return c.send(ctx, call{method: http.MethodPut, path: atFarm("worker", "in-use"), in: in})
}

// SetWorkerUnable tells what the worker cannot do now; nothing if it can do all.
func (c *Client) SetWorkerUnable(ctx context.Context, unable []farm.Unable) error {
	return c.send(ctx, call{method: http.MethodPut, path: atFarm("worker", "unable"), in: WorkerUnable{unable}})
}

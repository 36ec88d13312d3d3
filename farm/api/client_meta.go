package api

import (
	"context"
	"net/http"

	"renderfarm/farm"
)

// GetVersion says which program the manager is.
func (c *Client) GetVersion(ctx context.Context) (Version, error) {
	var v Version
	r, err := c.do(ctx, call{path: at("version"), out: &v})
	if err != nil {
		return Version{}, err
	}
	v.FarmID = r.header.Get(headerFarmID)
	return v, nil
}

// GetConfiguration says where the manager keeps shared files.
func (c *Client) GetConfiguration(ctx context.Context) (ManagerConfiguration, error) {
	return fetch[ManagerConfiguration](ctx, c, call{path: at("configuration")})
}

// CheckSharedStoragePath asks whether the manager could use the folder.
func (c *Client) CheckSharedStoragePath(ctx context.Context, p PathCheckInput) (PathCheckResult, error) {
	return fetch[PathCheckResult](ctx, c, call{method: http.MethodPost, path: at("configuration", "check", "shared-storage"), in: p})
}

// FindBlenderExePath lists the Blenders on the manager's machine.
func (c *Client) FindBlenderExePath(ctx context.Context) ([]BlenderPathCheckResult, error) {
	return fetch[[]BlenderPathCheckResult](ctx, c, call{path: at("configuration", "check", "blender"), timeout: slowTimeout})
}

// CheckBlenderExePath asks whether the manager could run this Blender.
func (c *Client) CheckBlenderExePath(ctx context.Context, p PathCheckInput) (BlenderPathCheckResult, error) {
	return fetch[BlenderPathCheckResult](ctx, c, call{method: http.MethodPost, path: at("configuration", "check", "blender"), in: p, timeout: slowTimeout})
}

// GetConfigurationFile returns the whole configuration.
func (c *Client) GetConfigurationFile(ctx context.Context) (farm.Config, error) {
	return fetch[farm.Config](ctx, c, call{path: at("configuration", "file")})
}

// UpdateConfigurationFile replaces the whole configuration.
func (c *Client) UpdateConfigurationFile(ctx context.Context, config farm.Config) error {
	return c.send(ctx, call{method: http.MethodPut, path: at("configuration", "file"), in: config})
}

// GetVariables returns the variables as the audience (workers or users) sees
// them on the platform (GOOS).
func (c *Client) GetVariables(ctx context.Context, audience, platform string) (ManagerVariables, error) {
	return fetch[ManagerVariables](ctx, c, call{path: at("configuration", "variables", audience, platform)})
}

// GetSharedStorage says where the audience (workers or users) finds the shared
// storage on the platform (GOOS).
func (c *Client) GetSharedStorage(ctx context.Context, audience, platform string) (SharedStorageLocation, error) {
	return fetch[SharedStorageLocation](ctx, c, call{path: at("configuration", "shared-storage", audience, platform)})
}

// GetFarmStatus says in one word how the farm is.
func (c *Client) GetFarmStatus(ctx context.Context) (FarmStatus, error) {
	return fetch[FarmStatus](ctx, c, call{path: at("status")})
}

// FetchSetUp tells what the set-up assistant has to know. Only Farm's managers can.
func (c *Client) FetchSetUp(ctx context.Context) (SetUp, error) {
	return fetch[SetUp](ctx, c, call{path: atFarm("setup")})
}

// SetUpStorage looks at a folder of the manager's computer, and can make it the shared storage.
func (c *Client) SetUpStorage(ctx context.Context, f SetUpFolder) (SetUpFolderFound, error) {
	return fetch[SetUpFolderFound](ctx, c, call{method: http.MethodPost, path: atFarm("setup", "storage"), in: f, timeout: slowTimeout})
}

// FindSetUpPrograms starts every Blender of the manager's computer, and its FFmpeg.
func (c *Client) FindSetUpPrograms(ctx context.Context) (SetUpPrograms, error) {
	return fetch[SetUpPrograms](ctx, c, call{path: atFarm("setup", "programs"), timeout: slowTimeout})
}

// SetUpBlender looks at a Blender of the manager's computer, and can have its worker use it.
func (c *Client) SetUpBlender(ctx context.Context, b SetUpBlender) (SetUpProgram, error) {
	return fetch[SetUpProgram](ctx, c, call{method: http.MethodPost, path: atFarm("setup", "blender"), in: b, timeout: slowTimeout})
}

// SetUpNetwork lets other computers reach the manager, or not.
func (c *Client) SetUpNetwork(ctx context.Context, n SetUpNetwork) (SetUp, error) {
	return fetch[SetUp](ctx, c, call{method: http.MethodPost, path: atFarm("setup", "network"), in: n})
}

// EndSetUp ends the first run of a farm.
func (c *Client) EndSetUp(ctx context.Context) error {
	return c.send(ctx, call{method: http.MethodPost, path: atFarm("setup", "done")})
}

// FetchConfiguration tells all keys of the manager, with their values. Only Farm's managers can.
func (c *Client) FetchConfiguration(ctx context.Context) (FarmConfiguration, error) {
	return fetch[FarmConfiguration](ctx, c, call{path: atFarm("configuration")})
}

// ChangeConfiguration gives keys of the manager other values. Only Farm's managers can.
func (c *Client) ChangeConfiguration(ctx context.Context, changes ConfigurationChanges) (ConfigurationChanged, error) {
	return fetch[ConfigurationChanged](ctx, c, call{method: http.MethodPost, path: atFarm("configuration"), in: changes})
}

// ReloadConfiguration has the manager read its farm.yaml again. Only Farm's managers can.
func (c *Client) ReloadConfiguration(ctx context.Context) (ConfigurationChanged, error) {
	return fetch[ConfigurationChanged](ctx, c, call{method: http.MethodPost, path: atFarm("configuration", "reload")})
}

package api

import _ "embed"

// OpenAPI is the OpenAPI document of the protocol, as YAML. It is written by
// hand; tests hold the types of this package and the server to it.
//
//go:embed openapi.yaml
var OpenAPI []byte

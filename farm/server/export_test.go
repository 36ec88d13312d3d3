package server

import "github.com/go-chi/chi/v5"

// Routes returns the table of everything that is served, for tests that try all of it.
func (s *Server) Routes() chi.Routes { return s.routes.(chi.Routes) }

// The bounds on connections.
const (
	MaxBeginningOfAClient = maxBeginningOfAClient
	WrongKeys             = wrongKeys
)

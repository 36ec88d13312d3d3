// Package store puts farm's records in one bbolt file and finds them again.
package store

// Package api is the v3 protocol as it is on the wire: the shape of every
// request, answer and event, the OpenAPI document that states them, and a client.
//
// The shapes are plain structs. Two rules keep them honest:
//
//   - An optional key is left out, never sent as null: its field carries
//     omitempty or omitzero, and is a pointer where the zero value means
//     something of its own.
//   - A list or an object that clients expect is always there, even when empty:
//     its field is a List or an Object, which write [] and {} for nil.
//
// Statuses are strings here, because that is what the wire has and because a
// peer may send words this program does not know; farm.ParseTaskStatus and its
// like read them. Times are RFC 3339; this program sends UTC.
//
// Keys that this program does not know are accepted and ignored, in both
// directions. Names of Go fields follow the wire, not the words of package
// farm: this package is the edge.
package api

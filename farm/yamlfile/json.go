package yamlfile

import (
	"bytes"
	"encoding/json"

	"github.com/goccy/go-yaml/ast"
)

// ToJSON turns a YAML document into JSON with the same order of keys.
func ToJSON(data []byte) ([]byte, error) {
	d, root, err := parse("document", data)
	if err != nil {
		return nil, err
	}
	if isNothing(root) {
		return []byte("null"), nil
	}
	value, err := d.value(root, 0)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// value returns the node as what encoding/json makes of the same text, except
// that whole numbers stay whole and maps keep their order when encoded again.
func (d *document) value(n ast.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, d.at(n.GetToken(), "this is nested too deep")
	}
	n, err := d.plain(n)
	if err != nil || isNothing(n) {
		return nil, err
	}
	if entries, ok := pairs(n); ok {
		m := make(object, 0, len(entries))
		for _, e := range entries {
			v, err := d.value(e.Value, depth+1)
			if err != nil {
				return nil, err
			}
			m = append(m, member{keyText(e.Key), v})
		}
		return m, nil
	}
	switch x := n.(type) { // what is left is a list or a scalar
	case *ast.SequenceNode:
		list := make([]any, len(x.Values))
		for i, item := range x.Values {
			if list[i], err = d.value(item, depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case *ast.BoolNode:
		return x.Value, nil
	case *ast.IntegerNode:
		return x.Value, nil
	case *ast.FloatNode:
		return x.Value, nil
	}
	if t := n.Type(); !isScalar(n) || t == ast.InfinityType || t == ast.NanType {
		return nil, d.at(n.GetToken(), "there is no JSON for this")
	}
	return scalarText(n), nil
}

// object is a JSON object that remembers the order of its members.
type object []member

// A member is one key of an object and its value.
type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

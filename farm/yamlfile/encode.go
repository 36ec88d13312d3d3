package yamlfile

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// encode writes v as YAML in block style, with maps in the order of their keys.
// The library's encoder is not used: text with tabs or control characters does
// not survive it.
func encode(b *strings.Builder, v reflect.Value, indent string) error {
	if t, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := t.MarshalText()
		b.WriteString(" " + quoted(string(text)) + "\n")
		return err
	}
	// Each case writes what follows a key's colon, up to the end of the line or
	// of the lines below it.
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			b.WriteString(" null\n")
			return nil
		}
		return encode(b, v.Elem(), indent)
	case reflect.String:
		b.WriteString(" " + quoted(v.String()) + "\n")
	case reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64, reflect.Float64:
		fmt.Fprintf(b, " %v\n", v.Interface())
	case reflect.Slice:
		return encodeList(b, v, indent)
	case reflect.Map:
		// Go's maps have no order; files that change only where they have to do.
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
		values := make([]reflect.Value, len(keys))
		names := make([]string, len(keys))
		for i, key := range keys {
			names[i], values[i] = key.String(), v.MapIndex(key)
		}
		return encodeEntries(b, names, values, indent)
	case reflect.Struct:
		var names []string
		var values []reflect.Value
		for _, f := range fieldsOf(v.Type()) {
			// omitempty leaves out what says nothing, as encoding/json does.
			value := v.FieldByIndex(f.index)
			if f.options != "omitempty" || !(value.IsZero() || value.Kind() == reflect.Slice && value.Len() == 0) {
				names, values = append(names, f.key), append(values, value)
			}
		}
		return encodeEntries(b, names, values, indent)
	default:
		return fmt.Errorf("yamlfile: no support for %s", v.Type())
	}
	return nil
}

// encodeEntries writes a map's entries on lines of their own.
func encodeEntries(b *strings.Builder, names []string, values []reflect.Value, indent string) error {
	if len(names) == 0 {
		b.WriteString(" {}\n")
		return nil
	}
	b.WriteByte('\n')
	for i, name := range names {
		b.WriteString(indent + quoted(name) + ":")
		if err := encode(b, values[i], indent+"  "); err != nil {
			return err
		}
	}
	return nil
}

// encodeList writes a list's items behind dashes; the first line of an item
// that has several follows its dash.
func encodeList(b *strings.Builder, v reflect.Value, indent string) error {
	if v.Len() == 0 {
		b.WriteString(" []\n")
		return nil
	}
	b.WriteByte('\n')
	for i := range v.Len() {
		// The item is written with its indent, of which the dash takes the place.
		var item strings.Builder
		if err := encode(&item, v.Index(i), indent+"  "); err != nil {
			return err
		}
		text := strings.TrimPrefix(item.String(), "\n"+indent+" ")
		b.WriteString(indent + "-" + text)
	}
	return nil
}

// plainText is text that means itself without quotes in every version of YAML:
// words, paths and URLs. Anything else is quoted.
var plainText = regexp.MustCompile(`^[A-Za-z/_][A-Za-z0-9/_.@+-]*(:[A-Za-z0-9/_.@+-]+)*$`)

// quoted returns text as a YAML scalar that is read as text again.
func quoted(text string) string {
	// Words that some version of YAML takes for something else.
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return `"` + text + `"`
	}
	// Text that looks like a number, NaN or infinity would come back as one.
	if _, err := strconv.ParseFloat(text, 64); plainText.MatchString(text) && err != nil || clock.MatchString(text) {
		return text
	}
	// A JSON string is a YAML string, and every reader of YAML knows its escapes.
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// clock is a duration in Go's notation, common enough to be spared the quotes.
var clock = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$`)

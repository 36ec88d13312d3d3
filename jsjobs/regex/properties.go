package regex

import (
	"strings"
	"sync"
	"unicode"
)

// categories are the long names of the general categories.
var categories = map[string]string{
	"Letter": "L", "Cased_Letter": "LC", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt", "Modifier_Letter": "Lm", "Other_Letter": "Lo",
	"Mark": "M", "Combining_Mark": "M", "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc", "Enclosing_Mark": "Me",
	"Number": "N", "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl", "Other_Number": "No",
	"Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps", "Close_Punctuation": "Pe",
	"Initial_Punctuation": "Pi", "Final_Punctuation": "Pf", "Other_Punctuation": "Po",
	"Symbol": "S", "Math_Symbol": "Sm", "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Other_Symbol": "So",
	"Separator": "Z", "Space_Separator": "Zs", "Line_Separator": "Zl", "Paragraph_Separator": "Zp",
	"Other": "C", "Control": "Cc", "cntrl": "Cc", "Format": "Cf", "Surrogate": "Cs", "Private_Use": "Co", "Unassigned": "Cn",
}

// derived are properties that the tables have in parts.
var derived = map[string][]*unicode.RangeTable{
	"Alphabetic":  {unicode.L, unicode.Nl, unicode.Other_Alphabetic},
	"Lowercase":   {unicode.Ll, unicode.Other_Lowercase},
	"Uppercase":   {unicode.Lu, unicode.Other_Uppercase},
	"Math":        {unicode.Sm, unicode.Other_Math},
	"Cased":       {unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase},
	"ID_Start":    {unicode.L, unicode.Nl, unicode.Other_ID_Start},
	"ID_Continue": {unicode.L, unicode.Nl, unicode.Other_ID_Start, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue},
}

// short are the other names of binary properties.
var short = map[string]string{"Alpha": "Alphabetic", "Lower": "Lowercase", "Upper": "Uppercase", "space": "White_Space", "IDS": "ID_Start",
	"IDC": "ID_Continue", "Hex": "Hex_Digit", "AHex": "ASCII_Hex_Digit", "QMark": "Quotation_Mark", "Dia": "Diacritic", "Ideo": "Ideographic"}

// propertyRanges returns the characters with a property: a general category, a
// script, or one that is there or not.
func propertyRanges(name, value string, pair bool) ([]span, bool) {
	switch {
	case pair && (name == "General_Category" || name == "gc"):
		return category(value)
	case pair && (name == "Script" || name == "sc" || name == "Script_Extensions" || name == "scx"):
		table := unicode.Scripts[value]
		return ranges(table), table != nil
	case pair:
		return nil, false
	case name == "Any":
		return []span{{0, unicode.MaxRune}}, true
	case name == "ASCII":
		return []span{{0, 0x7f}}, true
	case name == "Assigned":
		list, ok := category("Cn")
		return others(list), ok
	}
	if list, ok := category(name); ok {
		return list, true
	}
	if long, ok := short[name]; ok {
		name = long
	}
	if list, ok := derived[name]; ok {
		return ranges(list...), true
	}
	table := unicode.Properties[name]
	return ranges(table), table != nil && !strings.HasPrefix(name, "Other_")
}

// category returns the characters of a general category.
func category(name string) ([]span, bool) {
	if code, ok := categories[name]; ok {
		name = code
	}
	switch name {
	case "LC":
		return ranges(unicode.Lu, unicode.Ll, unicode.Lt), true
	case "Cn":
		return others(ranges(unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)), true
	case "C":
		return others(ranges(unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z)), true
	}
	table := unicode.Categories[name]
	return ranges(table), table != nil && len(name) <= 2
}

// ranges makes ranges of tables.
func ranges(tables ...*unicode.RangeTable) []span {
	var list []span
	add := func(from, to, stride rune) {
		if stride == 1 {
			list = append(list, span{from, to})
			return
		}
		for r := from; r <= to; r += stride {
			list = append(list, span{r, r})
		}
	}
	for _, t := range tables {
		if t == nil {
			continue
		}
		for _, r := range t.R16 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	return tidy(list)
}

// cased lists the characters that have others differing in case only.
var cased = sync.OnceValue(func() (list []rune) {
	for r := rune(0); r <= 0x1e943; r++ { // the last one there is
		if unicode.SimpleFold(r) != r {
			list = append(list, r)
		}
	}
	return list
})

package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"unicode"

	"renderfarm/farm"
)

// Error returns the message; the status if there is none.
func (e *Error) Error() string {
	if e.Message != "" {
		return e.Message
	}
	return fmt.Sprintf("the manager answered %d %s", e.Status, http.StatusText(e.Status))
}

// StatusOf returns the HTTP status of the first *Error in err's chain, or 0
// when err is no answer of the manager (it could not be reached, say).
func StatusOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// IsNotFound reports whether an error says that there is no such thing.
func IsNotFound(err error) bool {
	return StatusOf(err) == http.StatusNotFound || farm.KindOf(err) == farm.NotFound
}

// maxErrorText bounds the part of a foreign error page that is shown, in bytes.
const maxErrorText = 300

// What is left out of an error page in HTML. Its title says it all.
var (
	htmlTitle  = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	htmlHidden = regexp.MustCompile(`(?is)<!--.*?-->|<(script|style|head)\b.*?</(script|style|head)>`)
	htmlTag    = regexp.MustCompile(`(?s)</?[a-zA-Z!][^>]*>`)
)

// readError makes the *Error of an answer. Compatible managers leave out the
// code, or send a bare JSON string; proxies send pages of their own.
func readError(status int, body []byte) *Error {
	e := &Error{}
	if json.Unmarshal(body, e) != nil || e.Message == "" {
		e = &Error{}
		if json.Unmarshal(body, &e.Message) != nil {
			e.Message = foreignText(status, body)
		}
	}
	e.Status = status
	return e
}

// foreignText makes one line of an error page that is no JSON: that of a proxy,
// or of another program at the address.
func foreignText(status int, body []byte) string {
	what := fmt.Sprintf("the manager answered %d %s", status, http.StatusText(status))
	page := string(body[:min(len(body), 64*maxErrorText)])
	if title := htmlTitle.FindStringSubmatch(page); title != nil {
		page = title[1]
	}
	page = html.UnescapeString(htmlTag.ReplaceAllString(htmlHidden.ReplaceAllString(page, " "), " "))
	text := strings.Join(strings.FieldsFunc(page[:min(len(page), 4*maxErrorText)], func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if len(text) > maxErrorText {
		text = farm.CutText(text, maxErrorText) + "…"
	}
	if text == "" {
		return what
	}
	return what + ": " + text
}

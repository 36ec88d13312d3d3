package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"renderfarm/farm"
)

// The headers and the signature of a webhook are those of the Standard Webhooks
// specification, for which there are libraries in most languages:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

// webhook posts the message as JSON.
func (n *Notifier) webhook(ctx context.Context, w farm.Way, m *Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	r := request{method: http.MethodPost, url: w.URL, contentType: "application/json", body: body,
		header: http.Header{"Webhook-Id": {m.ID}, "Webhook-Timestamp": {at}}}
	if w.Secret != "" {
		r.header.Set("Webhook-Signature", sign(w.Secret, m.ID, at, body))
	}
	_, err = n.call(ctx, r)
	return err
}

// sign returns the signature of a message. A secret that begins with whsec_ is base64,
// as the specification has it; any other is taken as it is.
func sign(secret, id, at string, body []byte) string {
	key := []byte(secret)
	if text, ok := strings.CutPrefix(secret, "whsec_"); ok {
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
			key = raw
		}
	}
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.", id, at)
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// A request is one to a receiver.
type request struct {
	method, url, contentType string
	header                   http.Header
	body                     []byte
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 64 << 10

// call sends a request and returns the answer's body. An answer that is not of the 2xx
// is an error, errRefused if it is no use to send the same again. Errors do not have the
// address, which is a password with some services.
func (n *Notifier) call(ctx context.Context, r request) ([]byte, error) {
	q, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		return nil, withoutURL(err)
	}
	if r.header != nil {
		q.Header = r.header
	}
	q.Header.Set("User-Agent", n.Agent)
	if r.contentType != "" {
		q.Header.Set("Content-Type", r.contentType)
	}
	a, err := n.http.Do(q)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer a.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(a.Body, maxAnswer))
	if a.StatusCode/100 == 2 {
		return answer, err
	}
	err = fmt.Errorf("%s answers %s: %s", q.URL.Hostname(), a.Status, farm.CutText(oneLine(strings.ToValidUTF8(string(answer), "?")), 200))
	if refused(a.StatusCode) {
		err = fmt.Errorf("%w: %w", errRefused, err)
	}
	return nil, err
}

// refused reports whether the same request would get the same answer. Redirects are not
// followed: the address was chosen with care.
func refused(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status/100 == 3 || status/100 == 4
}

func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// A cookie of a browser that signed in is the time until which it is good and a
// signature of that time, made with the key: the key cannot be computed from it, a
// manager need not remember it, and another key makes all of them worthless.

// CookieName returns the name of the cookies of a key. Browsers have one store for all ports
// of a computer: two farms on it must not replace each other's cookies.
func CookieName(key string) string { return "farm_" + sign(key, "name")[:12] }

// Cookie returns the content of a cookie that is good until a time.
func Cookie(key string, until time.Time) string {
	seconds := strconv.FormatInt(until.Unix(), 10)
	return seconds + "." + sign(key, "until "+seconds)
}

// GoodCookie reports whether a cookie was made with the key and is still good.
func GoodCookie(key, cookie string, now time.Time) bool {
	seconds, signature, _ := strings.Cut(cookie, ".")
	until, err := strconv.ParseInt(seconds, 10, 64)
	return err == nil && hmac.Equal([]byte(signature), []byte(sign(key, "until "+seconds))) && now.Unix() < until
}

// sign returns what only the owner of the key can compute of a text.
func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("farm cookie " + text))
	return hex.EncodeToString(mac.Sum(nil))
}

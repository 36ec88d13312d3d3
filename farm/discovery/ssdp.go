package discovery

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Headers of ours in answers, which others do not look at.
const (
	headerID          = "Farm-Id"
	headerName        = "Farm-Name"
	headerFingerprint = "Farm-Fingerprint"
)

// maxAge is for how long an announcement is good.
const maxAge = time.Hour

// searchText is the question for managers. They answer within a second.
func searchText(host string) []byte {
	return []byte("M-SEARCH * HTTP/1.1\r\nHOST: " + host + "\r\nST: " + serviceType + "\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n\r\n")
}

// A search is a question that was heard.
type search struct {
	target string        // what it is for: ST
	within time.Duration // how long the answer may take
}

// maxWithin bounds how long an answer is held back: by that, the answers of many devices
// are spread, of which a farm has few.
const maxWithin = 500 * time.Millisecond

// parseSearch reads a datagram; ok is false if it is no question that a manager answers.
func parseSearch(data []byte) (s search, ok bool) {
	if !bytes.HasPrefix(data, []byte("M-SEARCH * HTTP/1")) {
		return s, false
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(data)))
	if err != nil || r.Header.Get("Man") != `"ssdp:discover"` {
		return s, false
	}
	s.target = r.Header.Get("St")
	if n, err := strconv.Atoi(r.Header.Get("Mx")); err == nil && n > 0 {
		s.within = min(time.Duration(min(n, 5))*time.Second, maxWithin)
	}
	return s, slices.Contains([]string{serviceType, device, "ssdp:all"}, s.target)
}

// answerText is the answer to a question, for one URL.
func (s Service) answerText(target, location string, now time.Time) []byte {
	if target == "ssdp:all" {
		target = serviceType
	}
	return s.message("HTTP/1.1 200 OK", []string{"ST: " + target, "USN: " + usn(target), "LOCATION: " + location,
		"CACHE-CONTROL: max-age=" + strconv.Itoa(int(maxAge.Seconds())), "DATE: " + now.UTC().Format(http.TimeFormat), "SERVER: " + software(s.Version), "EXT:"})
}

// aliveText announces the service without a question, for one URL.
func (s Service) aliveText(host, location string) []byte {
	return s.message("NOTIFY * HTTP/1.1", []string{"HOST: " + host, "NT: " + serviceType, "NTS: ssdp:alive", "USN: " + usn(serviceType), "LOCATION: " + location,
		"CACHE-CONTROL: max-age=" + strconv.Itoa(int(maxAge.Seconds())), "SERVER: " + software(s.Version)})
}

// goneText says that the service ends.
func goneText(host string) []byte {
	return Service{}.message("NOTIFY * HTTP/1.1", []string{"HOST: " + host, "NT: " + serviceType, "NTS: ssdp:byebye", "USN: " + usn(serviceType)})
}

func usn(target string) string {
	if target == device {
		return device
	}
	return device + "::" + target
}

// message puts lines together, with what only Farm says.
func (s Service) message(first string, lines []string) []byte {
	if s.ID != "" {
		lines = append(lines, headerID+": "+s.ID, headerName+": "+url.QueryEscape(s.Name))
	}
	if s.Fingerprint != "" {
		lines = append(lines, headerFingerprint+": "+s.Fingerprint)
	}
	return []byte(first + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n")
}

// A lead is what an answer says, which nobody has verified yet.
type lead struct {
	id, name, fingerprint string // "" from other programs
	base                  string // URL of the manager
}

// parseAnswer reads a datagram; ok is false if it is not from a manager.
func parseAnswer(data []byte) (l lead, ok bool) {
	if !bytes.HasPrefix(data, []byte("HTTP/1")) {
		return l, false
	}
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), nil)
	if err != nil {
		return l, false
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Usn"), device) {
		return l, false
	}
	if l.base, ok = baseOf(r.Header.Get("Location")); !ok {
		return l, false
	}
	l.id, l.fingerprint = clean(r.Header.Get(headerID)), clean(r.Header.Get(headerFingerprint))
	if name, err := url.QueryUnescape(r.Header.Get(headerName)); err == nil {
		l.name = clean(name)
	}
	return l, true
}

// baseOf returns the URL of a manager from that of its description: workers replace its path.
func baseOf(location string) (string, bool) {
	u, err := url.Parse(location)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}

// Description describes the manager to UPnP's other programs, such as the network folder of
// Windows. Flamenco's workers do not read it.
func (s Service) Description() []byte {
	var name, version bytes.Buffer
	for _, text := range []struct {
		to *bytes.Buffer
		is string
	}{{&name, s.Name}, {&version, s.Version}} {
		xml.EscapeText(text.to, []byte(text.is)) // a buffer takes all
	}
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<root xmlns="urn:schemas-upnp-org:device-1-0">
  <specVersion><major>1</major><minor>0</minor></specVersion>
  <URLBase>/</URLBase>
  <device>
    <deviceType>%s</deviceType>
    <friendlyName>%s</friendlyName>
    <manufacturer>Farm</manufacturer>
    <manufacturerURL>/</manufacturerURL>
    <modelDescription>Manager of a render farm</modelDescription>
    <modelName>Farm %s</modelName>
    <modelURL>/</modelURL>
    <UDN>%s</UDN>
    <serviceList></serviceList>
    <presentationURL>/</presentationURL>
  </device>
</root>
`, serviceType, name.String(), version.String(), device)
}

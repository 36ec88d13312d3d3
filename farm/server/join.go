package server

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"renderfarm/farm"
	"renderfarm/farm/access"
	"renderfarm/farm/api"
	"renderfarm/farm/binaries"
	"renderfarm/farm/manager"
)

// Joining is what computers need to join the farm by a line that somebody types there.
type Joining struct {
	Codes    *access.JoinCodes
	Programs *binaries.Programs

	// Base returns a URL by which other computers reach the manager, "" if none does. It is used
	// in lines that are made on the manager's own computer.
	Base func() string
	// Fingerprint is of a certificate that nobody else vouches for, and PublicKey the SHA-256 of
	// its public key in base64, as curl wants it; "" without one.
	Fingerprint, PublicKey string
}

// joinPath is in front of all that a computer is sent that joins. The code in it is what lets it in.
const joinPath = "/join/"

// joinRoutes has what people make join codes with, and what computers that join are sent.
func (s *Server) joinRoutes(r chi.Router) {
	if s.join == nil {
		return
	}
	r.Post("/api/farm/join-codes", s.handle(s.createJoinCode))
	r.Get("/api/farm/join-codes", s.handle(s.fetchJoinCodes))
	r.Delete("/api/farm/join-codes/{code_id}", s.handle(s.deleteJoinCode))
	r.Get("/join/{code}", s.handle(s.fetchJoinOffer))
	r.Get("/join/{code}/{script}", s.handle(s.fetchJoinScript)) //           worker.sh worker.ps1 service.sh service.ps1
	r.Get("/join/{code}/program/{sha256}", s.handle(s.fetchJoinProgram))
}

// mayAddComputers reports whether a request may make join codes: whoever may manage the farm,
// or anybody if anybody can add workers anyway.
func (s *Server) mayAddComputers(r *http.Request) bool {
	key, err := s.key()
	return s.mayManage(r) || err == nil && key == "" && !s.m.Config().ApproveWorkers
}

// errAddComputers is for who may not make, see or revoke join codes.
var errAddComputers = farm.Errorf(farm.Forbidden, "computers are added on the manager's own computer, or with the farm key: type \"farm workers add\" there")

// createJoinCode makes a code, and the lines to type with it.
func (s *Server) createJoinCode(w http.ResponseWriter, r *http.Request) error {
	if !s.mayAddComputers(r) {
		return errAddComputers
	}
	var asked api.JoinCodeRequest
	if err := s.read(w, r, &asked); err != nil {
		return err
	}
	spec := access.JoinSpec{Uses: asked.Uses, Note: asked.Note}
	if asked.Valid != "" {
		var err error
		if spec.Valid, err = time.ParseDuration(asked.Valid); err != nil {
			return farm.Errorf(farm.Invalid, "%q is not a duration: write it like 90m or 24h", short(asked.Valid))
		}
		spec.Valid = max(spec.Valid, 1) // 0 is not "say nothing"
	}
	base := s.joinBase(r)
	if base == "" {
		return farm.Errorf(farm.Conflict, "no other computer can reach this manager: start it with --listen :8080, or set listen in farm.yaml")
	}
	if strings.ContainsFunc(base, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("'\"`$;|&<>(){}*?!\\", r) }) {
		return errBaseOdd
	}
	missing, err := s.missingPrograms(r.Context())
	if err != nil {
		return err
	}
	spec.Base = base
	code, c, err := s.join.Codes.New(spec, time.Now())
	if err != nil {
		return err
	}
	s.log.Info("a join code was made", "id", c.ID, "computers", c.Most, "until", c.Expires, "address", address(r))
	answer := apiJoinCode(c)
	answer.Code, answer.Missing = code, missing
	answer.Link = base + joinPath + code
	if s.join.Fingerprint != "" {
		answer.Link += "#sha256=" + s.join.Fingerprint
	}
	if answer.QR, err = qrRows(answer.Link); err != nil {
		return err
	}
	answer.Commands = &api.JoinCommands{Unix: s.unixLine(base, code, "worker"), Windows: s.windowsLine(base, code, "worker"),
		UnixService: s.unixLine(base, code, "service"), WindowsService: s.windowsLine(base, code, "service")}
	return writeJSON(w, http.StatusOK, answer)
}

func apiJoinCode(c access.JoinCode) api.JoinCode {
	answer := api.JoinCode{ID: c.ID, Note: c.Note, Uses: c.Most, Created: c.Created.UTC(), Expires: c.Expires.UTC()}
	for _, u := range c.Uses {
		answer.Used = append(answer.Used, u.Name)
	}
	return answer
}

// joinBase returns the URL of the manager for other computers: the one that it was asked at, unless that
// is its own computer's.
func (s *Server) joinBase(r *http.Request) string {
	base := askedAt(r)
	host := hostName(strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://"))
	host, _, _ = strings.Cut(host, "/")
	ip, err := netip.ParseAddr(hostName(host))
	if hostName(host) == "localhost" || err == nil && ip.IsLoopback() {
		return s.join.Base()
	}
	return base
}

// scriptBase returns the URL of the manager in what a computer is sent: the one that it asked at. A path that a proxy
// takes off is known from the page on which the line was made.
func scriptBase(r *http.Request, c access.JoinCode) string {
	base := askedAt(r)
	if rest, ok := strings.CutPrefix(c.Base, base); ok && strings.HasPrefix(rest, "/") {
		return c.Base
	}
	return base
}

// errBaseOdd is for a Host header that has no place in a line that somebody types.
var errBaseOdd = farm.Errorf(farm.Invalid, "the name by which this manager was asked cannot be put into a command: use its name or IP address")

// unixLine is what to type on Linux and macOS. curl shows what goes wrong, and gives the shell nothing then.
func (s *Server) unixLine(base, code, what string) string {
	line := "curl -fsSL "
	if s.join.PublicKey != "" {
		line += "-k --pinnedpubkey " + s.pin() + " "
	}
	return line + base + joinPath + code + "/" + what + ".sh | sh"
}

// windowsLine is what to type in PowerShell. Only curl.exe, which Windows 10 and later have, can
// be told which certificate to believe.
func (s *Server) windowsLine(base, code, what string) string {
	url := base + joinPath + code + "/" + what + ".ps1"
	if s.join.PublicKey != "" {
		return "curl.exe -fsSLk --pinnedpubkey " + s.pin() + " " + url + " | Out-String | iex"
	}
	return "irm " + url + " | iex"
}

// pin is the certificate's public key as curl wants it.
func (s *Server) pin() string {
	if s.join.PublicKey == "" {
		return ""
	}
	return "sha256//" + s.join.PublicKey
}

// releases are the platforms that releases are made for.
var releases = []string{"linux-amd64", "linux-arm64", "windows-amd64", "darwin-arm64", "darwin-amd64"}

// missingPrograms returns the platforms whose computers cannot join by a line.
func (s *Server) missingPrograms(ctx context.Context) ([]string, error) {
	programs, err := s.join.Programs.List(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(releases), func(platform string) bool {
		return slices.ContainsFunc(programs, func(p binaries.Program) bool { return p.OS+"-"+p.Arch == platform })
	}), nil
}

// fetchJoinCodes lists the codes that are good.
func (s *Server) fetchJoinCodes(w http.ResponseWriter, r *http.Request) error {
	if !s.mayAddComputers(r) {
		return errAddComputers
	}
	var list api.JoinCodes
	for _, c := range s.join.Codes.List(time.Now()) {
		list.Codes = append(list.Codes, apiJoinCode(c))
	}
	return writeJSON(w, http.StatusOK, list)
}

// deleteJoinCode revokes a code: from now on nobody joins with it.
func (s *Server) deleteJoinCode(w http.ResponseWriter, r *http.Request) error {
	if !s.mayAddComputers(r) {
		return errAddComputers
	}
	if err := s.join.Codes.Remove(chi.URLParam(r, "code_id")); err != nil {
		return err
	}
	return noContent(w)
}

// findJoinCode returns the code that a request brought, if it is good. Guessing is limited like that
// of farm keys.
func (s *Server) findJoinCode(r *http.Request, code string) (access.JoinCode, error) {
	if !s.wrongKeys.Free(client(r)) {
		return access.JoinCode{}, farm.Errorf(farm.Busy, "too many wrong join codes came from this address: wait a minute, then try again with the right one")
	}
	c, err := s.join.Codes.Find(code, time.Now())
	if err == access.ErrUnknownCode {
		s.wrongKeys.Take(client(r))
		s.log.Warn("a request came with a join code that is not known", "address", address(r))
	}
	return c, err
}

// fetchJoinOffer says what a code is for. People who open the link see the lines to type.
func (s *Server) fetchJoinOffer(w http.ResponseWriter, r *http.Request) error {
	code := access.CleanJoinCode(chi.URLParam(r, "code"))
	c, err := s.findJoinCode(r, code)
	if wantsPage(r) {
		return s.joinPage(w, r, code, err)
	}
	if err != nil {
		return err
	}
	version, _ := s.m.Version()
	return writeJSON(w, http.StatusOK, api.JoinOffer{Name: s.m.Config().ManagerName, FarmID: s.m.FarmID(), Version: version,
		Left: c.Most - len(c.Uses), Expires: c.Expires.UTC()})
}

// fetchJoinProgram sends the program with a checksum.
func (s *Server) fetchJoinProgram(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.findJoinCode(r, chi.URLParam(r, "code")); err != nil {
		return err
	}
	return s.sendProgram(w, r, chi.URLParam(r, "sha256"))
}

func (s *Server) sendProgram(w http.ResponseWriter, r *http.Request, sum string) error {
	content, modified, done, err := s.join.Programs.Open(r.Context(), sum)
	if err != nil {
		return err
	}
	defer done()
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", modified, content)
	return nil
}

// joinRegister registers a worker that came with a join code. The worker may ask again, if it heard no answer.
func (s *Server) joinRegister(r *http.Request, reg manager.Registration) (farm.Worker, error) {
	code, computer, _ := strings.Cut(r.Header.Get(api.JoinCodeHeader), " ")
	if _, err := s.findJoinCode(r, code); err != nil {
		return farm.Worker{}, err
	}
	reg.Admitted = true
	if computer == "" {
		computer = reg.Secret
	}
	var made farm.Worker
	by := access.Joiner{Computer: computer, Secret: reg.Secret, Name: reg.Name, Address: reg.Address}
	id, err := s.join.Codes.Use(code, by, time.Now(), func() (id farm.WorkerID, err error) {
		made, err = s.m.Register(reg)
		return made.ID, err
	})
	if err != nil || made.ID == id {
		return made, err
	}
	return s.m.Worker(id)
}

// hasJoinCode reports whether a request brings a join code instead of the farm key. Whether it is
// good is looked at by who answers it.
func (s *Server) hasJoinCode(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return s.join != nil && (strings.HasPrefix(path, joinPath) || path == "/api/v3/worker/register-worker" && r.Header.Get(api.JoinCodeHeader) != "")
}

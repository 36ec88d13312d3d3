package api

import (
	"context"
	"net/http"
	"time"
)

// JoinCodeHeader is the header in which a new worker sends a join code: the code, a blank, and
// what its computer chose to be known by, which its workers share.
const JoinCodeHeader = "Farm-Join-Code"

// JoinCodeRequest is the request of createJoinCode.
type JoinCodeRequest struct {
	Uses  int    `json:"uses,omitempty"`  // computers that may join with it; 0 is 1
	Valid string `json:"valid,omitempty"` // how long, such as 90m or 24h; "" is an hour
	Note  string `json:"note,omitempty"`  // for people
}

// JoinCode is a code with which computers join the farm. Code, Link and Commands are in the
// answer of createJoinCode only: they are not kept.
type JoinCode struct {
	ID       string        `json:"id"`
	Code     string        `json:"code,omitempty"`
	Link     string        `json:"link,omitempty"` // the code, where the manager is, and how it is known
	Note     string        `json:"note,omitempty"`
	Uses     int           `json:"uses"` // computers that may join
	Used     List[string]  `json:"used"` // the names of those that did
	Created  time.Time     `json:"created"`
	Expires  time.Time     `json:"expires"`
	QR       List[string]  `json:"qr,omitempty"` // the link as a QR code: a row of 0 (light) and 1 (dark) each
	Commands *JoinCommands `json:"commands,omitempty"`
	Missing  List[string]  `json:"missing,omitempty"` // platforms for which the manager has no program, as OS-ARCH
}

// JoinCommands are what to type on computers that shall join, and the same with a service that
// starts the worker with the computer.
type JoinCommands struct {
	Unix           string `json:"unix"` // Linux and macOS
	Windows        string `json:"windows"`
	UnixService    string `json:"unix_service"`
	WindowsService string `json:"windows_service"`
}

// JoinCodes answers fetchJoinCodes: those that are good, the newest first.
type JoinCodes struct {
	Codes List[JoinCode] `json:"codes"`
}

// JoinOffer answers fetchJoinOffer: what somebody with a join code is let into.
type JoinOffer struct {
	Name    string    `json:"name"` // of the farm
	FarmID  string    `json:"farm_id"`
	Version string    `json:"version"` // of the manager
	Left    int       `json:"left"`    // computers that may still join
	Expires time.Time `json:"expires"`
}

// CreateJoinCode makes a code with which computers join without the farm key and without approval.
// Compatible managers do not know it.
func (c *Client) CreateJoinCode(ctx context.Context, r JoinCodeRequest) (JoinCode, error) {
	return fetch[JoinCode](ctx, c, call{method: http.MethodPost, path: atFarm("join-codes"), in: r})
}

// FetchJoinCodes lists the codes that are good.
func (c *Client) FetchJoinCodes(ctx context.Context) (JoinCodes, error) {
	return fetch[JoinCodes](ctx, c, call{path: atFarm("join-codes")})
}

// DeleteJoinCode revokes a code.
func (c *Client) DeleteJoinCode(ctx context.Context, id string) error {
	return c.send(ctx, call{method: http.MethodDelete, path: atFarm("join-codes", id)})
}

// FetchJoinOffer says what a join code is for.
func (c *Client) FetchJoinOffer(ctx context.Context, code string) (JoinOffer, error) {
	return fetch[JoinOffer](ctx, c, call{path: path("/join", []string{code})})
}

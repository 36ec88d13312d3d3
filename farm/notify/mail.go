package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/wneessen/go-mail"

	"renderfarm/farm"
)

// mail hands the message in at the configured server, with a contact sheet. Its
// Message-ID is the same in every attempt, by which mail programs know repeats.
func (n *Notifier) mail(ctx context.Context, w farm.Way, m *Message) error {
	c := n.Manager.Config().Notifications.Mail
	if c.Server == "" {
		return fmt.Errorf("%w: notifications.mail.server is not set", errRefused)
	}
	letter := mail.NewMsg()
	if err := errors.Join(letter.FromFormat(m.Farm, c.From), letter.To(w.To...)); err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	letter.Subject(m.Title)
	letter.SetMessageIDWithValue(m.ID + "@farm.invalid")
	letter.SetDateWithValue(m.Time)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies
	letter.SetUserAgent(n.Agent)
	letter.SetBodyString(mail.TypeTextPlain, m.Text+"\n\n"+m.Link+"\n")
	if image := n.sheet(m); image != nil {
		if err := letter.AttachReader(sheetName, bytes.NewReader(image)); err != nil {
			return err
		}
	}
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("%w: the port of notifications.mail.server is %q", errRefused, port)
	}
	options := []mail.Option{mail.WithPort(number), mail.WithTimeout(sendTime)}
	switch c.Security {
	case farm.MailTLS:
		options = append(options, mail.WithSSL())
	case farm.MailPlain:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.Username), mail.WithPassword(c.Password))
	}
	client, err := mail.NewClient(host, options...)
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, letter)
}

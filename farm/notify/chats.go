package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"renderfarm/farm"
)

// sheetName is what a contact sheet is called.
const sheetName = "frames.jpg"

// sheet returns the contact sheet of the message's job, nil if there is none: no frame
// was rendered yet, or none of a kind that can be shown.
func (n *Notifier) sheet(m *Message) []byte {
	if m.Job == nil {
		return nil
	}
	image, err := n.Manager.ContactSheet(m.Job.ID)
	if err != nil {
		n.Log.Debug("no contact sheet is sent", "job", m.Job.ID, "error", err)
		return nil
	}
	return image
}

// callJSON is call with a value as JSON.
func (n *Notifier) callJSON(ctx context.Context, method, address string, header http.Header, value any) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return n.call(ctx, request{method: method, url: address, contentType: "application/json", header: header, body: body})
}

// Colors of a message beside its text.
const (
	green = 0x4caf50
	red   = 0xe53935
	gray  = 0x9e9e9e
)

func colorOf(event string) int {
	switch event {
	case farm.NoticeCompleted:
		return green
	case farm.NoticeFailed, farm.NoticeFirstFailure, farm.NoticeStuck, farm.NoticeWorkerLost, farm.NoticeDisk:
		return red
	}
	return gray
}

// discord posts to a channel: https://discord.com/developers/docs/resources/webhook#execute-webhook
func (n *Notifier) discord(ctx context.Context, w farm.Way, m *Message) error {
	embed := map[string]any{"title": m.Title, "description": farm.CutText(m.Text, 4000), "url": m.Link, "color": colorOf(m.Event), "timestamp": m.Time}
	body := map[string]any{"username": m.Farm, "embeds": []any{embed}, "allowed_mentions": map[string]any{"parse": []string{}}}
	image := n.sheet(m)
	if image == nil {
		_, err := n.callJSON(ctx, http.MethodPost, w.URL, nil, body)
		return err
	}
	embed["image"] = map[string]string{"url": "attachment://" + sheetName}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return n.form(ctx, w.URL, map[string]string{"payload_json": string(text)}, "files[0]", image)
}

// form posts fields and an image as a form.
func (n *Notifier) form(ctx context.Context, address string, fields map[string]string, name string, image []byte) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for key, value := range fields {
		form.WriteField(key, value) // a buffer takes everything
	}
	part, err := form.CreatePart(textproto.MIMEHeader{"Content-Type": {"image/jpeg"},
		"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename=%q`, name, sheetName)}})
	if err != nil {
		return err
	}
	part.Write(image)
	if err := form.Close(); err != nil {
		return err
	}
	_, err = n.call(ctx, request{method: http.MethodPost, url: address, contentType: form.FormDataContentType(), body: body.Bytes()})
	return err
}

// slack posts to a channel: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
// Mattermost and Rocket.Chat take the same. It cannot carry an image.
func (n *Notifier) slack(ctx context.Context, w farm.Way, m *Message) error {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	_, err := n.callJSON(ctx, http.MethodPost, w.URL, nil,
		map[string]string{"text": fmt.Sprintf("*<%s|%s>*\n%s", m.Link, strings.ReplaceAll(escape(m.Title), "|", "/"), escape(m.Text))})
	return err
}

// matrix sends to a room, and the image behind the text:
// https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid.
// The server knows repeats by the id.
func (n *Notifier) matrix(ctx context.Context, w farm.Way, m *Message) error {
	server := strings.TrimSuffix(w.URL, "/")
	auth := func() http.Header { return http.Header{"Authorization": {"Bearer " + w.Token}} }
	put := func(id string, content map[string]any) error {
		_, err := n.callJSON(ctx, http.MethodPut, server+"/_matrix/client/v3/rooms/"+url.PathEscape(w.Room)+"/send/m.room.message/"+id, auth(), content)
		return err
	}
	err := put(m.ID, map[string]any{"msgtype": "m.text", "body": m.Title + "\n" + m.Text + "\n" + m.Link, "format": "org.matrix.custom.html",
		"formatted_body": fmt.Sprintf(`<b><a href="%s">%s</a></b><br>%s`, html.EscapeString(m.Link), html.EscapeString(m.Title),
			strings.ReplaceAll(html.EscapeString(m.Text), "\n", "<br>"))})
	image := n.sheet(m)
	if err != nil || image == nil {
		return err
	}
	answer, err := n.call(ctx, request{method: http.MethodPost, url: server + "/_matrix/media/v3/upload?filename=" + sheetName, contentType: "image/jpeg", header: auth(), body: image})
	if err != nil {
		return err
	}
	var uploaded struct {
		URI string `json:"content_uri"`
	}
	if err := json.Unmarshal(answer, &uploaded); err != nil || uploaded.URI == "" {
		return fmt.Errorf("the Matrix server took an image and does not say where it is")
	}
	return put(m.ID+"-image", map[string]any{"msgtype": "m.image", "body": sheetName, "url": uploaded.URI, "info": map[string]any{"mimetype": "image/jpeg", "size": len(image)}})
}

// ntfy publishes to a topic: https://docs.ntfy.sh/publish/#publish-as-json
func (n *Notifier) ntfy(ctx context.Context, w farm.Way, m *Message) error {
	server, topic, err := splitTopic(w.URL)
	if err != nil {
		return err
	}
	header := http.Header{}
	if w.Token != "" {
		header.Set("Authorization", "Bearer "+w.Token)
	}
	priority := 3
	if colorOf(m.Event) == red {
		priority = 4
	}
	_, err = n.callJSON(ctx, http.MethodPost, server, header, map[string]any{"topic": topic, "title": m.Title, "message": cmp.Or(m.Text, m.Title), "click": m.Link, "priority": priority})
	return err
}

// splitTopic takes the address of a topic apart.
func splitTopic(address string) (server, topic string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", withoutURL(err)
	}
	path := strings.Trim(u.Path, "/")
	at := strings.LastIndex(path, "/")
	topic = path[at+1:]
	if topic == "" {
		return "", "", fmt.Errorf("%w: its address has no topic; write it like https://ntfy.sh/my-farm", errRefused)
	}
	u.Path = "/" + path[:max(at, 0)]
	return u.String(), topic, nil
}

// telegramAPI is where bots are, unless the configuration has a server of its own.
const telegramAPI = "https://api.telegram.org"

// telegram sends to a chat: https://core.telegram.org/bots/api#sendmessage and #sendphoto
func (n *Notifier) telegram(ctx context.Context, w farm.Way, m *Message) error {
	bot := strings.TrimSuffix(cmp.Or(w.URL, telegramAPI), "/") + "/bot" + w.Token
	text := m.Title + "\n\n" + m.Text + "\n" + m.Link
	const maxCaption = 1024 // characters, of which none takes less than a byte
	if image := n.sheet(m); image != nil && len(text) <= maxCaption {
		return n.form(ctx, bot+"/sendPhoto", map[string]string{"chat_id": w.Room, "caption": text}, "photo", image)
	}
	_, err := n.callJSON(ctx, http.MethodPost, bot+"/sendMessage", nil, map[string]any{"chat_id": w.Room, "text": text})
	return err
}

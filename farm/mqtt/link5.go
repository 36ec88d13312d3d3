package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
	paho5 "github.com/eclipse/paho.golang/paho"

	"renderfarm/farm"
)

// What a broker answers that does not know version 5 of the protocol, and one that
// wants another client identifier, name or password.
const (
	badVersion5 = 0x84
	notAllowed5 = 0x80 // this and above is a refusal
)

// fewReceived is how many messages a broker may send at a time: it has none for us.
const fewReceived = 8

// A link5 is a connection of MQTT 5.
type link5 struct {
	client *paho5.Client
	gone   chan struct{}
}

func open5(ctx context.Context, conn net.Conn, c farm.MQTTClient, will message) (link, error) {
	l := &link5{gone: make(chan struct{})}
	lost := sync.OnceFunc(func() { close(l.gone) })
	if _, ok := conn.(*tls.Conn); ok { // the library writes from two goroutines
		conn = packets.NewThreadSafeConn(conn)
	}
	l.client = paho5.NewClient(paho5.ClientConfig{ClientID: c.ClientID, Conn: conn, PacketTimeout: patience,
		OnClientError: func(error) { lost() }, OnServerDisconnect: func(*paho5.Disconnect) { lost() }})
	few := uint16(fewReceived)
	answer, err := l.client.Connect(ctx, &paho5.Connect{ClientID: c.ClientID, CleanStart: true, KeepAlive: uint16(keepAlive / time.Second),
		Username: c.Username, UsernameFlag: c.Username != "", Password: []byte(c.Password), PasswordFlag: c.Username != "" && c.Password != "",
		Properties:  &paho5.ConnectProperties{ReceiveMaximum: &few},
		WillMessage: &paho5.WillMessage{Topic: will.topic, Payload: will.payload, QoS: 1, Retain: will.retain}})
	switch {
	case err == nil:
		return l, nil
	case answer != nil && answer.ReasonCode == badVersion5:
		return nil, fmt.Errorf("%w: %w", errVersion, err)
	case answer != nil && answer.ReasonCode >= notAllowed5:
		return nil, fmt.Errorf("the broker refuses the connection with reason code 0x%02x; are mqtt.client.username and password right?", answer.ReasonCode)
	case ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded):
		// The answer could not be read, as that of a broker of MQTT 3.1.1 cannot.
		return nil, fmt.Errorf("%w: %w", errVersion, err)
	}
	return nil, err
}

func (l *link5) publish(ctx context.Context, m message) error {
	_, err := l.client.Publish(ctx, &paho5.Publish{Topic: m.topic, QoS: 1, Retain: m.retain, Payload: m.payload})
	return err
}

func (l *link5) lost() <-chan struct{} { return l.gone }

func (l *link5) close() { l.client.Disconnect(&paho5.Disconnect{}) }

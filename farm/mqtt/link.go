package mqtt

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"

	paho3 "github.com/eclipse/paho.mqtt.golang"

	"renderfarm/farm"
)

// errVersion says that a broker may speak another version of the protocol.
var errVersion = errors.New("the broker does not take this version of MQTT")

// ports are the schemes of brokers' addresses, and the ports that they mean.
var ports = map[string]string{"tcp": "1883", "mqtt": "1883", "ssl": "8883", "tls": "8883", "mqtts": "8883", "ws": "80", "wss": "443"}

// connect returns a connection that the broker accepted; errVersion if it may
// accept another version of the protocol.
func connect(ctx context.Context, c farm.MQTTClient, will message, version int) (link, error) {
	conn, err := dial(ctx, c.Broker)
	if err != nil {
		return nil, err
	}
	open := open5
	if version == 4 {
		open = open3
	}
	l, err := open(ctx, conn, c, will)
	if err != nil {
		conn.Close()
	}
	return l, err
}

// dial opens a connection to the address of a broker.
func dial(ctx context.Context, broker string) (net.Conn, error) {
	u, err := url.Parse(broker)
	if err != nil {
		return nil, err
	}
	host := net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), ports[u.Scheme]))
	dialer := &net.Dialer{Timeout: patience}
	switch u.Scheme {
	case "ws", "wss":
		return paho3.NewWebsocket(u.String(), nil, patience, nil, nil)
	case "ssl", "tls", "mqtts":
		return (&tls.Dialer{NetDialer: dialer}).DialContext(ctx, "tcp", host)
	}
	return dialer.DialContext(ctx, "tcp", host)
}

// hungUp reports whether an answer never came: brokers do that to a version of the
// protocol that they do not know, and to what they take for an attack.
func hungUp(err error) bool {
	var broken net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &broken) && !broken.Timeout()
}

// A link3 is a connection of MQTT 3.1.1.
type link3 struct {
	client paho3.Client
	gone   chan struct{}
}

func open3(ctx context.Context, conn net.Conn, c farm.MQTTClient, will message) (link, error) {
	l := &link3{gone: make(chan struct{})}
	o := paho3.NewClientOptions().AddBroker(c.Broker).SetClientID(c.ClientID).SetProtocolVersion(4).SetCleanSession(true).
		SetKeepAlive(keepAlive).SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(patience).
		SetBinaryWill(will.topic, will.payload, 1, will.retain).
		SetConnectionLostHandler(func(paho3.Client, error) { close(l.gone) }).
		SetCustomOpenConnectionFn(func(*url.URL, paho3.ClientOptions) (net.Conn, error) { return conn, nil })
	if c.Username != "" {
		o.SetUsername(c.Username).SetPassword(c.Password)
	}
	l.client = paho3.NewClient(o)
	if err := wait(ctx, l.client.Connect()); err != nil {
		l.client.Disconnect(0)
		if hungUp(err) {
			return nil, fmt.Errorf("%w: %w", errVersion, err)
		}
		return nil, err
	}
	return l, nil
}

// wait returns when the broker answered.
func wait(ctx context.Context, t paho3.Token) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *link3) publish(ctx context.Context, m message) error {
	return wait(ctx, l.client.Publish(m.topic, 1, m.retain, m.payload))
}

func (l *link3) lost() <-chan struct{} { return l.gone }

func (l *link3) close() { l.client.Disconnect(uint(grace / time.Millisecond)) }

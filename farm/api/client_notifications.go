package api

import (
	"context"
	"net/http"
	"time"
)

// FetchNotifications says who is told of what. Only Farm's managers can.
func (c *Client) FetchNotifications(ctx context.Context) (Notifications, error) {
	return fetch[Notifications](ctx, c, call{path: atFarm("notifications")})
}

// SetNotifications says who is to be told of what. Only Farm's managers can.
func (c *Client) SetNotifications(ctx context.Context, n Notifications) error {
	_, err := c.do(ctx, call{method: http.MethodPut, path: atFarm("notifications"), in: n})
	return err
}

// testTimeout is for all ways at the same time, and an answer.
const testTimeout = time.Minute

// TestNotifications sends a message some ways. Only Farm's managers can.
func (c *Client) TestNotifications(ctx context.Context, t NotificationTest) (NotificationResults, error) {
	return fetch[NotificationResults](ctx, c, call{method: http.MethodPost, path: atFarm("notifications", "test"), in: t, timeout: testTimeout})
}

// FetchNotificationDeliveries says what was sent lately, and what waits. Only Farm's managers can.
func (c *Client) FetchNotificationDeliveries(ctx context.Context) (NotificationDeliveries, error) {
	return fetch[NotificationDeliveries](ctx, c, call{path: atFarm("notifications", "deliveries")})
}

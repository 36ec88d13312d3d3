//go:build !windows && !darwin

package notify

// desktopCommand is what shows a note on the screen: https://specifications.freedesktop.org/notification/
func desktopCommand(title, text string) []string {
	return []string{"notify-send", "--app-name=Farm", "--", title, text}
}

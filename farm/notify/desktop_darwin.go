package notify

// desktopCommand is what shows a note on the screen. The texts are arguments, and no part of the script.
func desktopCommand(title, text string) []string {
	return []string{"osascript", "-e", "on run argv", "-e", "display notification (item 2 of argv) with title (item 1 of argv)", "-e", "end run", title, text}
}

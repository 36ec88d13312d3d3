package notify

// desktopCommand is what shows a note on the screen.
func desktopCommand(title, text string) []string {
	return []string{"msg", "*", title + "\n" + text}
}

package watchfolder

import (
	"context"

	"github.com/fsnotify/fsnotify"
)

// A Notifier calls changed whenever something in the folder changes, until the
// context ends. It returns an error if the folder cannot be watched, or not any
// longer; network folders often say nothing at all, which is why nobody relies
// on it alone.
type Notifier func(ctx context.Context, folder string, changed func()) error

// Notify asks the operating system.
func Notify(ctx context.Context, folder string, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Add(folder); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Events:
			if !ok {
				return nil
			}
			// Rights and access times change without anything to look at.
			if e.Op != fsnotify.Chmod {
				changed()
			}
		case err, ok := <-w.Errors:
			if ok {
				changed() // some changes may have been lost
			}
			if err != nil && !ok {
				return err
			}
		}
	}
}

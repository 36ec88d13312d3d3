package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"renderfarm/farm/yamlfile"
)

// Ways out of a question.
var (
	errBack = errors.New("back")
	errQuit = errors.New("quit")
)

// questions asks one after the other, with ways back.
func (a *setupAssistant) questions(ctx context.Context) error {
	a.in = bufio.NewReader(io.LimitReader(a.s.in, 1<<20))
	steps := []func(context.Context) error{a.askNetwork, a.askStorage, a.askBlender, a.askFFmpeg}
	for at := 0; at < len(steps); {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		switch err := steps[at](ctx); {
		case errors.Is(err, errBack):
			at = max(0, at-1)
		case errors.Is(err, errQuit):
			fmt.Fprintln(a.s.out, "\nWhat was answered so far applies. \"farm setup\" goes on from there.")
			return nil
		case err != nil:
			return err
		default:
			at++
		}
	}
	if err := yamlfile.Update(a.s.configPath(), configHeader, nil); err != nil {
		return err
	}
	return a.tellEnd()
}

// ask asks for a line; nothing means the answer in brackets.
func (a *setupAssistant) ask(question, standard string) (string, error) {
	fmt.Fprintf(a.s.out, "%s [%s] ", question, standard)
	line, err := a.in.ReadString('\n')
	if err != nil {
		return "", errQuit // the terminal is gone
	}
	switch line = strings.TrimSpace(line); line {
	case "":
		return standard, nil
	case "b":
		return "", errBack
	case "q":
		return "", errQuit
	}
	return line, nil
}

func (a *setupAssistant) askNetwork(ctx context.Context) error {
	c, err := a.s.config()
	if err != nil {
		return err
	}
	fmt.Fprint(a.s.out, "\nWho takes part?\n  1  this computer only\n  2  the computers of the network; everybody who reaches the farm can have it run programs\n")
	standard := "2"
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && isLoopback(host) {
		standard = "1"
	}
	for {
		answer, err := a.ask("1 or 2", standard)
		if err != nil {
			return err
		}
		if answer != "1" && answer != "2" {
			continue
		}
		if answer == standard {
			return nil
		}
		return a.setNetwork(ctx, answer == "1")
	}
}

func (a *setupAssistant) askStorage(ctx context.Context) error {
	c, err := a.s.config()
	if err != nil {
		return err
	}
	fmt.Fprintln(a.s.out, "\nWhere do the files and frames of jobs go? The default works, also with more computers.\nA folder on a NAS is faster for large projects: write it as this computer knows it.")
	standard := c.SharedStoragePath
	if standard == "" {
		standard = "default"
	}
	for {
		answer, err := a.ask("folder", standard)
		if err != nil {
			return err
		}
		if answer == "default" {
			answer = ""
		}
		f, err := a.setStorage(ctx, answer, false)
		if err == nil && f.Missing && a.yes("There is no such folder. Make it?") {
			f, err = a.setStorage(ctx, answer, true)
		}
		if err != nil {
			return err
		}
		a.tell(f.Usable, f.Path+": "+f.Cause, f.Advice)
		if f.Usable {
			return nil
		}
	}
}

// yes asks a question that Enter answers with yes.
func (a *setupAssistant) yes(question string) bool {
	answer, err := a.ask(question, "y")
	return err == nil && (answer == "y" || answer == "yes")
}

func (a *setupAssistant) askBlender(ctx context.Context) error {
	fmt.Fprintln(a.s.out, "\nBlenders of this computer, each started to ask for its version:")
	if err := a.tellBlenders(ctx); err != nil {
		return err
	}
	for {
		answer, err := a.ask("another one: its path, or none", "none")
		if err != nil || answer == "none" {
			return err
		}
		p, err := a.setBlender(ctx, answer)
		if err != nil {
			return err
		}
		if p.Usable {
			a.tell(true, p.Path+": Blender "+p.Version, nil)
			return nil
		}
		a.tell(false, p.Cause, nil)
	}
}

func (a *setupAssistant) askFFmpeg(ctx context.Context) error {
	fmt.Fprintln(a.s.out, "\nFFmpeg makes a video of the frames; without it, frames are rendered all the same:")
	a.tellFFmpeg(ctx)
	_, err := a.ask("go on", "y")
	return err
}

// Package docs is the documentation: Markdown files that are read in the
// repository, and as pages from the manager.
package docs

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

//go:embed *.md images grafana.json kubernetes
var sources embed.FS

//go:embed page.html page.css
var parts embed.FS

// Pages returns the documentation as HTML pages that link to each other, and
// what they show, by name; index.html is where to begin.
func Pages() (map[string][]byte, error) {
	frame, err := template.ParseFS(parts, "page.html")
	if err != nil {
		return nil, err
	}
	pages := map[string][]byte{}
	err = fs.WalkDir(sources, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := sources.ReadFile(name)
		if err != nil {
			return err
		}
		if path.Ext(name) == ".md" {
			name = strings.TrimSuffix(name, ".md") + ".html"
			if content, err = render(frame, content); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		pages[name] = content
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("render the documentation: %w", err)
	}
	pages["page.css"], err = parts.ReadFile("page.css")
	return pages, err
}

// markdown is what the files are written in: CommonMark with tables, and an
// anchor at each heading. HTML in them is not passed through.
//
// Columns are aligned by an attribute, as the pages' policy allows no styles in them.
var markdown = goldmark.New(goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// link is a link to another Markdown file, perhaps to a heading in it.
var link = regexp.MustCompile(`(href="[a-z-]+)\.md(["#])`)

// scrolled lets what is wider than a phone be scrolled with the keyboard; a corner of a
// table that says nothing is no heading.
var scrolled = strings.NewReplacer("<pre>", `<pre tabindex="0">`, "<table>", `<table tabindex="0">`, "<th></th>", "<td></td>", `<th style="text-align:right"></th>`, "<td></td>")

// render makes a page of a Markdown file, named after its first heading.
func render(frame *template.Template, source []byte) ([]byte, error) {
	var body, page bytes.Buffer
	if err := markdown.Convert(source, &body); err != nil {
		return nil, err
	}
	first, _, _ := strings.Cut(string(source), "\n")
	err := frame.Execute(&page, struct {
		Title string
		Body  template.HTML
	}{strings.TrimLeft(first, "# "), template.HTML(scrolled.Replace(link.ReplaceAllString(body.String(), "$1.html$2")))})
	return page.Bytes(), err
}

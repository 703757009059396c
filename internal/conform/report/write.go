package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/shardloop/shardloop/internal/conform"
)

// summary is the line that ends every report.
func summary(c count) string {
	return fmt.Sprintf("conformance: %d proven, %d failing, %d missing of %d", c.proven, c.failing, c.missing, c.of())
}

// writeTable prints the groups for a terminal.
func writeTable(w io.Writer, r result) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "group\tproven\tfailing\tmissing\tlater\tof\tn/a\tsection")
	for _, g := range conform.Groups() {
		c := r.group(g.Code)
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", g.Code, c.proven, c.failing, c.missing, c.later, c.of(), c.na, g.Title)
	}
	tw.Flush()
	for _, v := range r {
		if v.state == failing {
			fmt.Fprintf(w, "failing: %s (%s): %s\n", v.ID, v.Title, v.test)
		}
	}
	fmt.Fprintln(w, "later is a part of missing: those wait for Windows or for another part of the house")
	fmt.Fprintln(w, summary(r.total()))
}

const heading = `# Conformance

Written by ` + "`make conformance`" + `; do not edit. Each row is a documented behaviour
of asyncio's event loop. It is *proven* when a subtest named for its ID ran,
claimed it and passed on the machine that wrote this file (Linux). *later* is
missing too, and waits for Windows or for another part of the house. *n/a* has no
meaning in Go.
`

// writeDocument writes the full list. The same verdicts give the same bytes.
func writeDocument(w io.Writer, r result) {
	fmt.Fprint(w, heading, "\n")
	fmt.Fprintln(w, "| group | section | proven | failing | missing | of which later | of | n/a |")
	fmt.Fprintln(w, "|---|---|--:|--:|--:|--:|--:|--:|")
	for _, g := range conform.Groups() {
		c := r.group(g.Code)
		fmt.Fprintf(w, "| %s | %s | %d | %d | %d | %d | %d | %d |\n", g.Code, g.Title, c.proven, c.failing, c.missing, c.later, c.of(), c.na)
	}
	fmt.Fprintf(w, "\n%s\n", summary(r.total()))
	for _, g := range conform.Groups() {
		fmt.Fprintf(w, "\n## %s: %s\n\n| ID | behaviour | state | test |\n|---|---|---|---|\n", g.Code, g.Title)
		for _, v := range r {
			if v.Group == g.Code {
				fmt.Fprintf(w, "| %s | %s | %s | %s |\n", v.ID, escape(v.Title), v.state, testCell(v.test))
			}
		}
	}
}

// escape keeps a title from ending its cell or becoming markup.
func escape(title string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;").Replace(title)
}

func testCell(test string) string {
	if test == "" {
		return ""
	}
	return "`" + strings.TrimPrefix(test, "github.com/shardloop/shardloop/") + "`"
}

package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const asyncioDoc = "docs/asyncio.md"

// asyncioRow is a row of docs/asyncio.md: a documented name and what it is here.
type asyncioRow struct {
	line                       int
	number, name, symbol, test string
	remark                     string
}

// key is what the list of rows has.
func (r asyncioRow) key() string { return r.number + "\t" + r.name }

const (
	notYet    = "later"
	noMeaning = "no meaning in Go"
)

var inBackquotes = regexp.MustCompile("`([^`]+)`")

// asyncioRows reads the tables of the page.
func asyncioRows(page string) []asyncioRow {
	var rows []asyncioRow
	for i, line := range strings.Split(page, "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for j, c := range cells {
			cells[j] = strings.TrimSpace(c)
		}
		if len(cells) == 5 && strings.Trim(cells[0], "0123456789") == "" && cells[0] != "" {
			rows = append(rows, asyncioRow{i + 1, cells[0], strings.Trim(cells[1], "`"), cells[2], cells[3], cells[4]})
		}
	}
	return rows
}

// Asyncio wants docs/asyncio.md to have the rows of list, a number and a name
// each, in their order; Go symbols that package engine has; and tests that are
// named for a behaviour. Only where behaviour says that the behaviour named in
// place of the test has none may a row have no meaning in Go.
func Asyncio(files []*File, page string, list []string, behaviour func(id string) (meaning, known bool)) []Finding {
	rows := asyncioRows(page)
	keys := make([]string, len(rows))
	for i, r := range rows {
		keys[i] = r.key()
	}
	if !slices.Equal(keys, list) {
		return []Finding{{Path: asyncioDoc, Text: "has other rows than the list: " + firstDifference(keys, list)}}
	}
	c := asyncioCheck{newAPI(files, "engine"), testTexts(files), behaviour}
	var found []Finding
	for _, r := range rows {
		for _, text := range c.complaints(r) {
			found = append(found, Finding{asyncioDoc, r.line, text})
		}
	}
	return found
}

func firstDifference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("%q is missing", want[i])
		case i >= len(want):
			return fmt.Sprintf("%q is too much", got[i])
		case got[i] != want[i]:
			return fmt.Sprintf("%q where %q should be", got[i], want[i])
		}
	}
	return ""
}

// testTexts is the text of all tests.
func testTexts(files []*File) string {
	var b strings.Builder
	for _, f := range files {
		if f.IsTest() {
			b.WriteString(f.Text)
		}
	}
	return b.String()
}

// asyncioCheck is what rows are held against.
type asyncioCheck struct {
	api       api
	tests     string
	behaviour func(id string) (meaning, known bool)
}

func (c asyncioCheck) complaints(r asyncioRow) (list []string) {
	for _, m := range inBackquotes.FindAllStringSubmatch(r.symbol+r.remark, -1) {
		if !c.api.has(m[1]) {
			list = append(list, "package engine has no "+m[1])
		}
	}
	if r.symbol == notYet && r.test == notYet {
		return list
	}
	meaning, known := c.behaviour(r.test)
	switch {
	case !known:
		list = append(list, "no behaviour is called "+r.test)
	case r.symbol == noMeaning && meaning:
		list = append(list, r.test+" has a meaning in Go")
	case r.symbol == noMeaning:
	case !inBackquotes.MatchString(r.symbol):
		list = append(list, "has no symbol")
	case !strings.Contains(c.tests, `(t, "`+r.test+`"`):
		list = append(list, "no test proves "+r.test)
	}
	return list
}

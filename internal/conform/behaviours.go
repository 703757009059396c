package conform

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// NotApplicable is the class of a behaviour that has no meaning in Go.
const NotApplicable = "na"

// Behaviour is one row of behaviours.tsv.
type Behaviour struct {
	ID    string // "SCHED-09"
	Group string // "SCHED"
	// Class is empty, NotApplicable, "windows" for what only Windows can show,
	// or "later:" and the part of the house that has to be there first.
	Class string
	Title string
}

// Later tells whether b waits for Windows or for another part of the house.
func (b Behaviour) Later() bool {
	return b.Class == "windows" || strings.HasPrefix(b.Class, "later:")
}

// Group is a section of the documentation.
type Group struct {
	Code  string // "SCHED"
	Title string
}

// Groups lists the sections in the order of the documentation.
func Groups() []Group { return slices.Clone(groups) }

// Behaviours lists all rows in the order of the documentation.
func Behaviours() []Behaviour { return slices.Clone(table().rows) }

// Find looks a behaviour up by its ID.
func Find(id string) (Behaviour, bool) {
	i, ok := table().index[id]
	if !ok {
		return Behaviour{}, false
	}
	return table().rows[i], true
}

//go:embed behaviours.tsv
var behaviours string

type behaviourTable struct {
	rows  []Behaviour
	index map[string]int
}

var table = sync.OnceValue(func() behaviourTable {
	rows, err := parseBehaviours(behaviours)
	if err != nil {
		panic(err) // the file is compiled in, and a test reads it
	}
	t := behaviourTable{rows: rows, index: map[string]int{}}
	for i, b := range rows {
		t.index[b.ID] = i
	}
	return t
})

// parseBehaviours reads the table: a line of column names, then rows of id,
// group, class and title between tabs.
func parseBehaviours(text string) ([]Behaviour, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "id\tgroup\tclass\ttitle" {
		return nil, fmt.Errorf("conform: behaviours.tsv begins with %q", lines[0])
	}
	var rows []Behaviour
	for i, line := range lines[1:] {
		f := strings.Split(line, "\t")
		if len(f) != 4 {
			return nil, fmt.Errorf("conform: behaviours.tsv:%d: %d columns, want 4", i+2, len(f))
		}
		rows = append(rows, Behaviour{f[0], f[1], f[2], f[3]})
	}
	return rows, nil
}

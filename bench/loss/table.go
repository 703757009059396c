package loss

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table is all results, a line for each scenario and a column for each library.
type Table struct {
	libraries []Library
	names     []string // of the scenarios, as they came
	results   map[[2]string]Result
	list      []Result
}

// NewTable is a table without results.
func NewTable(libraries []Library) *Table {
	return &Table{libraries: libraries, results: map[[2]string]Result{}}
}

// Add takes a result in.
func (t *Table) Add(r Result) {
	if len(t.names) == 0 || t.names[len(t.names)-1] != r.Scenario {
		t.names = append(t.names, r.Scenario)
	}
	t.results[[2]string{r.Scenario, r.Library}] = r
	t.list = append(t.list, r)
}

// row is a line of the table.
func (t *Table) row(name string) []string {
	row := []string{name}
	for _, lib := range t.libraries {
		row = append(row, cmp.Or(t.results[[2]string{name, lib.Name}].Verdict.String(), "-"))
	}
	return row
}

func (t *Table) header() []string {
	row := []string{"scenario"}
	for _, lib := range t.libraries {
		row = append(row, lib.Name)
	}
	return row
}

// reasons are the notes below the table: what is not said by the verdict.
func (t *Table) reasons() []string {
	var list []string
	for _, r := range t.list {
		if r.Kind != All && r.Kind != Absent && r.Why != "" {
			list = append(list, fmt.Sprintf("%s, %s: %s: %s", r.Scenario, r.Library, r.Verdict, r.Why))
		}
	}
	return list
}

// WriteText writes the table for a terminal.
func (t *Table) WriteText(w io.Writer) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, strings.Join(t.header(), "\t"))
	for _, name := range t.names {
		fmt.Fprintln(columns, strings.Join(t.row(name), "\t"))
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, why := range t.reasons() {
		fmt.Fprintln(w, why)
	}
	_, err := fmt.Fprintf(w, "\n%s\n", t.versions())
	return err
}

// versions is one line with what was run.
func (t *Table) versions() string {
	var list []string
	for _, lib := range t.libraries {
		list = append(list, lib.Name+" "+cmp.Or(lib.Version, lib.Missing))
	}
	return strings.Join(list, ", ")
}

// WriteScenarios writes what all scenarios are, as docs/perf/loss.md has it.
func WriteScenarios(w io.Writer) error {
	_, err := fmt.Fprintln(w, "| scenario | what happens, and what is right |\n|---|---|")
	for _, sc := range Scenarios() {
		_, err = fmt.Fprintf(w, "| %s | %s |\n", sc.Name, sc.Text)
	}
	return err
}

// WriteMarkdown writes the table as docs/perf/loss.md has it.
func (t *Table) WriteMarkdown(w io.Writer) error {
	header := t.header()
	fmt.Fprintf(w, "%s.\n\n| %s |\n%s|\n", t.versions(), strings.Join(header, " | "), strings.Repeat("|---", len(header)))
	for _, name := range t.names {
		row := t.row(name)
		for i, lib := range t.libraries {
			if t.results[[2]string{name, lib.Name}].Fault() {
				row[i+1] = "**" + row[i+1] + "**"
			}
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
	}
	_, err := fmt.Fprintln(w)
	for _, why := range t.reasons() {
		_, err = fmt.Fprintf(w, "- %s\n", why)
	}
	return err
}

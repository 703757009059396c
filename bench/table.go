package bench

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/shardloop/shardloop/bench/stat"
)

// WriteMeasurement writes a scenario as a table: a line for each side with the
// median and interval of each metric, and last how its headline metric compares
// with the first side's, pair by pair.
func WriteMeasurement(w io.Writer, m *Measurement) error {
	fmt.Fprintf(w, "%s  %s\n", m.Scenario.Name, m.Scenario.Description)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := []string{"", "side", "kind"}
	for _, metric := range m.Scenario.Metrics {
		row = append(row, metric.Name+" "+metric.Unit)
	}
	first, headline := m.Sides[0].Name, m.Scenario.Metrics[0].Name
	fmt.Fprintln(t, strings.Join(append(row, "x "+first), "\t")+"\t")
	for _, side := range m.Sides {
		row := []string{"", side.Name, side.Kind.String()}
		for _, metric := range m.Scenario.Metrics {
			row = append(row, spread(stat.Median(m.Values(side.Name, metric.Name))))
		}
		row = append(row, spread(m.Ratio(side.Name, first, headline)))
		fmt.Fprintln(t, strings.Join(row, "\t")+"\t")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// spread is a median with its interval where there is one.
func spread(i stat.Interval) string {
	if i.N == 0 || math.IsNaN(i.Median) {
		return "-"
	}
	if !i.Finite() || i.Low == i.High {
		return figure(i.Median)
	}
	return figure(i.Median) + " [" + figure(i.Low) + ", " + figure(i.High) + "]"
}

// figure writes three significant digits, and whole numbers from 1000 on.
func figure(v float64) string {
	if math.Abs(v) >= 999.5 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// barFormat is one line of the table of bars: name, measured, interval, limit,
// unit, verdict.
const barFormat = "%-44s %9s  %-20s %9s  %-22s %s\n"

// WriteBarHeader writes the head of the table of bars.
func WriteBarHeader(w io.Writer) error {
	_, err := fmt.Fprintf(w, barFormat, "bar", "measured", "95 % interval", "limit", "unit", "verdict")
	return err
}

// WriteBar writes one judgement as a line of that table.
func WriteBar(w io.Writer, b BarResult) error {
	_, err := fmt.Fprintf(w, barFormat, b.Bar, figure(b.Measured),
		"["+figure(b.Low)+", "+figure(b.High)+"]", b.Sense.String()+" "+figure(b.Limit), b.Unit, b.Verdict)
	return err
}

// WriteList writes the scenarios with their sides, metrics and parameters.
func WriteList(w io.Writer, scenarios []Scenario) error {
	for i := range scenarios {
		sc := &scenarios[i]
		var sides, metrics []string
		for _, side := range sc.Sides {
			name := side.Name
			if why := cmp.Or(side.Missing, side.Lacks); why != "" {
				name += " (" + why + ")"
			}
			sides = append(sides, name)
		}
		for _, m := range sc.Metrics {
			metrics = append(metrics, m.Name+" ("+m.Unit+", "+m.Better.String()+" is better)")
		}
		_, err := fmt.Fprintf(w, "%s\n  %s\n  sides    %s\n  metrics  %s\n  params   %s\n\n", sc.Name, sc.Description,
			strings.Join(sides, ", "), strings.Join(metrics, ", "), sc.Params)
		if err != nil {
			return err
		}
	}
	return nil
}

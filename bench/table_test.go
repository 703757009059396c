package bench

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file under testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")); !bytes.Equal(got, want) {
		t.Errorf("%s differs (run with -update and read the diff):\n%s", path, got)
	}
}

// The list is what users and documents refer to. It is the same on every
// platform but for the reasons why a side is missing.
func TestListGolden(t *testing.T) {
	suite := Scenarios()
	for i := range suite {
		for j := range suite[i].Sides {
			suite[i].Sides[j].Missing = ""
		}
	}
	var out bytes.Buffer
	if err := WriteList(&out, suite); err != nil {
		t.Fatal(err)
	}
	golden(t, "list.txt", out.Bytes())
}

func TestTableGolden(t *testing.T) {
	sc := fake(t, "two")
	sc.Description = "two sides of one coin"
	m := &Measurement{Scenario: &sc, Sides: append(sc.Sides, Side{Name: "absent", Kind: Peer})}
	for round := range 7 {
		m.store(round, "engine", Metrics{"time": 1000 + 100*float64(round)})
		m.store(round, "floor", Metrics{"time": 0.5})
	}
	var out bytes.Buffer
	if err := WriteMeasurement(&out, m); err != nil {
		t.Fatal(err)
	}
	if err := WriteBarHeader(&out); err != nil {
		t.Fatal(err)
	}
	bar := ratio("fake/two", "time", 1.1, "floor")
	result, ok := bar.judge(m)
	if !ok {
		t.Fatal("not judged")
	}
	if err := WriteBar(&out, result); err != nil {
		t.Fatal(err)
	}
	strict := below("fake/two", "time", "floor")
	if result, ok = strict.judge(m); !ok {
		t.Fatal("not judged")
	}
	if err := WriteBar(&out, result); err != nil {
		t.Fatal(err)
	}
	golden(t, "table.txt", out.Bytes())
}

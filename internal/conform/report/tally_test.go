package main

import (
	"slices"
	"strings"
	"testing"
)

func TestReadEvents(t *testing.T) {
	const in = `{"ImportPath":"q [q.test]","Action":"build-output","Output":"q_test.go:3: undefined: x\n"}
{"ImportPath":"q [q.test]","Action":"build-fail"}
{"Action":"start","Package":"q"}
{"Action":"fail","Package":"q","Elapsed":0,"FailedBuild":"q [q.test]"}
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"pass","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"run","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p","Elapsed":0.1}
`
	tl, err := readEvents(strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(tl.broken, []string{"q"}) {
		t.Errorf("broken: %v", tl.broken)
	}
	if tl.packages != 2 {
		t.Errorf("%d packages ended, want 2", tl.packages)
	}
	if got := tl.failed(); !slices.Equal(got, []string{"p.TestA", "p.TestC"}) {
		t.Errorf("failed: %v", got)
	}
}

func TestReadEventsRefusesOtherText(t *testing.T) {
	if _, err := readEvents(strings.NewReader("go: cannot find main module\n")); err == nil {
		t.Error("read as events")
	}
}

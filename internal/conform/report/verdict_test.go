package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/internal/conform"
)

// rows is a small contract.
var rows = []conform.Behaviour{
	{ID: "A-01", Group: "A", Title: "first"},
	{ID: "A-02", Group: "A", Class: conform.NotApplicable, Title: "no meaning"},
	{ID: "A-03", Group: "A", Class: "later:tasks", Title: "waits"},
	{ID: "A-04", Group: "A", Class: "windows", Title: "elsewhere"},
}

// stream builds what go test -json writes for package p: each word is a test
// and what happens to it, "TestX/A-01:run,claim,pass".
func stream(words ...string) string {
	var b strings.Builder
	for _, w := range words {
		name, steps, _ := strings.Cut(w, ":")
		for _, s := range strings.Split(steps, ",") {
			e := `{"Action":"` + s + `","Package":"p","Test":"` + name + `"}`
			if id, claim := strings.CutPrefix(s, "claim"); claim {
				if id == "" {
					id = name[strings.LastIndex(name, "/")+1:]
				}
				e = `{"Action":"output","Package":"p","Test":"` + name + `","Output":"    x_test.go:1: ` + conform.Mark + id + `\n"}`
			}
			b.WriteString(e + "\n")
		}
	}
	return b.String() + `{"Action":"pass","Package":"p","Elapsed":0.1}` + "\n"
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream string
		id     string
		want   state
		test   string
	}{
		{"proven", stream("T/A-01:run,claim,pass"), "A-01", proven, "p.T/A-01"},
		{"deeper", stream("T/epoll/A-01:run,claim,pass"), "A-01", proven, "p.T/epoll/A-01"},
		{"no claim", stream("T/A-01:run,pass"), "A-01", missing, ""},
		{"claim of another", stream("T/A-01:run,claimA-03,pass"), "A-01", missing, ""},
		{"claim in another test", stream("T/A-01:run,pass", "T:run,claimA-01,pass"), "A-01", missing, ""},
		{"not its own subtest", stream("T/A-01/deeper:run,claimA-01,pass"), "A-01", missing, ""},
		{"top-level test", stream("A-01:run,claim,pass"), "A-01", missing, ""},
		{"second of that name", stream("T/A-01#01:run,claimA-01,pass"), "A-01", missing, ""},
		{"skipped", stream("T/A-01:run,claim,skip"), "A-01", missing, ""},
		{"skipped once of two", stream("T/A-01:run,claim,pass,run,claim,skip"), "A-01", missing, ""},
		{"failed", stream("T/A-01:run,claim,fail"), "A-01", failing, "p.T/A-01"},
		{"failed before the claim", stream("T/A-01:run,fail"), "A-01", failing, "p.T/A-01"},
		{"failed once of two", stream("T/A-01:run,claim,fail,run,claim,pass"), "A-01", failing, "p.T/A-01"},
		{"failed under one poller", stream("T/epoll/A-01:run,claim,pass", "T/poll/A-01:run,claim,fail"), "A-01", failing, "p.T/poll/A-01"},
		{"died", stream("T/A-01:run,claim"), "A-01", failing, "p.T/A-01"},
		{"parent failed, own passed", stream("T:run,fail", "T/A-01:run,claim,pass"), "A-01", proven, "p.T/A-01"},
		{"nothing", stream(), "A-01", missing, ""},
		{"not applicable", stream("T/A-02:run,claim,pass"), "A-02", na, ""},
		{"later", stream(), "A-03", later, ""},
		{"windows", stream(), "A-04", later, ""},
		{"later, proven already", stream("T/A-03:run,claim,pass"), "A-03", proven, "p.T/A-03"},
		{"later, failing", stream("T/A-03:run,claim,fail"), "A-03", failing, "p.T/A-03"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tl, err := readEvents(strings.NewReader(c.stream))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range judge(rows, tl) {
				if v.ID == c.id && (v.state != c.want || v.test != c.test) {
					t.Errorf("%s is %s by %q, want %s by %q", v.ID, v.state, v.test, c.want, c.test)
				}
			}
		})
	}
}

func TestSummary(t *testing.T) {
	tl, err := readEvents(strings.NewReader(stream("T/A-01:run,claim,pass", "T/A-03:run,fail")))
	if err != nil {
		t.Fatal(err)
	}
	if got := summary(judge(rows, tl).total()); got != "conformance: 1 proven, 1 failing, 1 missing of 3" {
		t.Error(got)
	}
}

func TestWritten(t *testing.T) {
	tl, err := readEvents(strings.NewReader(stream("T/SCHED-01:run,claim,pass", "T/SCHED-02:run,fail")))
	if err != nil {
		t.Fatal(err)
	}
	r := judge(conform.Behaviours(), tl)
	var table, first, second bytes.Buffer
	writeTable(&table, r)
	writeDocument(&first, r)
	writeDocument(&second, judge(conform.Behaviours(), tl))
	if last := "conformance: 1 proven, 1 failing, 621 missing of 623\n"; !strings.HasSuffix(table.String(), "\n"+last) {
		t.Errorf("the table does not end with %q:\n%s", last, table.String())
	}
	if !strings.Contains(table.String(), "failing: SCHED-02") {
		t.Error("the table does not name what fails")
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the document is not the same twice")
	}
	if !strings.Contains(first.String(), "| proven | `p.T/SCHED-01` |") {
		t.Error("the document does not name the test that proves SCHED-01")
	}
}

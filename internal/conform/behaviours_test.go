package conform

import (
	"slices"
	"strings"
	"testing"
)

func TestBehaviours(t *testing.T) {
	seen := map[string]bool{}
	classes := []string{"", NotApplicable, "windows", "later:tasks", "later:transports", "later:dns", "later:shards"}
	for _, b := range Behaviours() {
		switch {
		case seen[b.ID]:
			t.Errorf("%s is there twice", b.ID)
		case !strings.HasPrefix(b.ID, b.Group+"-"):
			t.Errorf("%s is in group %s", b.ID, b.Group)
		case !slices.Contains(classes, b.Class):
			t.Errorf("%s has the unknown class %q", b.ID, b.Class)
		case strings.TrimSpace(b.Title) == "":
			t.Errorf("%s has no title", b.ID)
		}
		seen[b.ID] = true
	}
}

// TestSizeOfContract holds the count fast: a row that disappears would raise the
// share of what is proven.
func TestSizeOfContract(t *testing.T) {
	var rows, na int
	for _, b := range Behaviours() {
		rows++
		if b.Class == NotApplicable {
			na++
		}
	}
	if rows != 637 || na != 14 {
		t.Errorf("%d rows, %d without meaning in Go; want 637 and 14", rows, na)
	}
}

func TestGroupsInOrder(t *testing.T) {
	var got []string
	for _, b := range Behaviours() {
		if len(got) == 0 || got[len(got)-1] != b.Group {
			got = append(got, b.Group)
		}
	}
	var want []string
	for _, g := range Groups() {
		want = append(want, g.Code)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the table has the groups %v, the list %v", got, want)
	}
}

func TestFind(t *testing.T) {
	if b, ok := Find("SCHED-09"); !ok || b.ID != "SCHED-09" || b.Group != "SCHED" {
		t.Errorf("SCHED-09 gives %+v, %t", b, ok)
	}
	if _, ok := Find("SCHED-99"); ok {
		t.Error("SCHED-99 is found")
	}
}

func TestParseBehavioursRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no heading": "A-1\tA\t\ttitle\n",
		"columns":    "id\tgroup\tclass\ttitle\nA-1\tA\ttitle\n",
		"empty":      "",
	} {
		if rows, err := parseBehaviours(text); err == nil {
			t.Errorf("%s: read as %v", name, rows)
		}
	}
}

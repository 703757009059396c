package lint

import "testing"

const exampleMod = `module example.com/m

go 1.25.0

require example.com/single v1.0.0

require (
	example.com/a v1.2.3
	example.com/b v0.1.0 // indirect
	example.com/c v0.1.0
)
`

func TestRequirements(t *testing.T) {
	got := requirements(exampleMod)
	if len(got) != 4 || got[0].path != "example.com/single" || !got[2].indirect || got[3].indirect {
		t.Errorf("got %+v", got)
	}
}

func TestUndocumented(t *testing.T) {
	const document = "| module | why |\n| example.com/a | x |\nexample.com/single is named, but in no row\n| example.com/cc | x |\n"
	got := Undocumented(exampleMod, document)
	if len(got) != 2 {
		t.Errorf("got %v, want one for single and one for c", got)
	}
}

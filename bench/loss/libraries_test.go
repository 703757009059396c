package loss

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestLibraries(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(PeersVariable, filepath.Join(t.TempDir(), "peers"))
	list := Libraries([]string{self, "serve"})
	var names []string
	for _, l := range list {
		names = append(names, l.Name)
		if away := l.Name == "gnet" || l.Name == "nbio"; away && l.Missing == "" {
			t.Errorf("%s is here", l.Name)
		}
	}
	if !slices.Equal(names, []string{"engine", "engine kernel-4", "engine least-4", "engine source-4", "net", "netpoll", "gnet", "nbio"}) {
		t.Errorf("the libraries are %q", names)
	}
	if l := list[0]; l.Missing != "" || l.Version == "" || !slices.Equal(l.Command, []string{self, "serve", "engine"}) {
		t.Errorf("the engine is %+v", l)
	}
	t.Setenv(PeersVariable, self)
	if l := Libraries([]string{self})[6]; l.Missing != "" || !slices.Equal(l.Command, []string{self, "gnet"}) {
		t.Errorf("gnet is %+v", l)
	}
	t.Setenv(PeersVariable, "")
	if at := peersProgram(); at != filepath.Join("out", "peers") {
		t.Errorf("the peers are in %s", at)
	}
}

package sock

import (
	"net"
	"strings"
	"testing"
)

func TestAbstractNames(t *testing.T) {
	a, err := FromNet(&net.UnixAddr{Name: "@name"})
	if err != nil || a.Name() != "\x00name" || a.String() != "@name" {
		t.Errorf("@name became %q, %v", a.Name(), err)
	}
	if there := a.NetAddr(Stream).(*net.UnixAddr); there.Name != "@name" || there.Net != "unix" {
		t.Errorf("and in package net %+v", there)
	}
	longest := "\x00" + strings.Repeat("x", maxName-1)
	for _, name := range []string{longest, "\x00a\x00b", "\x00"} {
		if _, err := UnixAddr(name).For(Unix); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	_, err = UnixAddr(longest + "x").For(Unix)
	wantBad(t, "too long", err, "at most 108")
	_, err = UnixAddr(strings.Repeat("x", 108)).For(Unix)
	wantBad(t, "a path that is too long", err, "at most 107")
}

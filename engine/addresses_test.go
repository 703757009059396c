package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// infos makes rows of the families in the text, 4 and 6, numbered in order.
func infos(families string) (list []engine.AddrInfo) {
	for i, f := range families {
		info := engine.AddrInfo{Family: engine.AFInet, CanonName: fmt.Sprintf("%c%c", f, 'a'+i)}
		if f == '6' {
			info.Family = engine.AFInet6
		}
		list = append(list, info)
	}
	return list
}

// names undoes infos.
func names(list []engine.AddrInfo) string {
	var all []string
	for _, info := range list {
		all = append(all, info.CanonName)
	}
	return strings.Join(all, " ")
}

func TestInterleave(t *testing.T) {
	for _, c := range []struct {
		families string
		first    int
		want     string
	}{
		{"666644", 0, "6a 6b 6c 6d 4e 4f"},
		{"666644", 1, "6a 4e 6b 4f 6c 6d"},
		{"666644", 2, "6a 6b 4e 6c 4f 6d"},
		{"666644", 3, "6a 6b 6c 4e 6d 4f"},
		{"666644", 9, "6a 6b 6c 6d 4e 4f"},
		{"644446", 1, "6a 4b 6f 4c 4d 4e"},
		{"4444", 2, "4a 4b 4c 4d"},
		{"46", 1, "4a 6b"},
		{"", 1, ""},
		{"", 0, ""},
	} {
		list := infos(c.families)
		before := slices.Clone(list)
		if got := names(engine.Interleave(list, c.first)); got != c.want {
			t.Errorf("%s with %d: %s, want %s", c.families, c.first, got, c.want)
		}
		if !slices.Equal(list, before) {
			t.Errorf("%s with %d: the list was changed", c.families, c.first)
		}
	}
}

// FuzzInterleave: all rows are there, and in order within a family.
func FuzzInterleave(f *testing.F) {
	f.Add("6644", 1)
	f.Fuzz(func(t *testing.T, families string, first int) {
		families = strings.Map(func(r rune) rune { return '4' + (r&1)*2 }, families[:min(len(families), 20)])
		got := engine.Interleave(infos(families), first)
		for _, family := range []int{engine.AFInet, engine.AFInet6} {
			only := func(info engine.AddrInfo) bool { return info.Family != family }
			want := names(slices.DeleteFunc(infos(families), only))
			if have := names(slices.DeleteFunc(slices.Clone(got), only)); have != want {
				t.Errorf("%s with %d: %s, want %s", families, first, have, want)
			}
		}
	})
}

func TestLocalsOf(t *testing.T) {
	list, err := engine.LocalsOf(infos("4646"), engine.AFInet6)
	if names(list) != "6b 6d" || err != nil {
		t.Errorf("%s, %v", names(list), err)
	}
	for family, name := range map[int]string{engine.AFInet6: "IPv6", engine.AFUnix: "unix", 77: "77"} {
		if list, err = engine.LocalsOf(infos("44"), family); err == nil || !strings.Contains(err.Error(), name) || list != nil {
			t.Errorf("%v, %v, want an error that names %s", list, err, name)
		}
	}
	if _, err = engine.LocalsOf(nil, engine.AFInet); err == nil || !strings.Contains(err.Error(), "IPv4") {
		t.Errorf("%v, want an error that names IPv4", err)
	}
}

func TestParsePort(t *testing.T) {
	for _, c := range []struct {
		port any
		want engine.Service
	}{
		{nil, engine.Numbered(0)}, {"", engine.Numbered(0)}, {0, engine.Numbered(0)}, {"0", engine.Numbered(0)},
		{80, engine.Numbered(80)}, {uint16(80), engine.Numbered(80)}, {"80", engine.Numbered(80)}, {"0080", engine.Numbered(80)},
		{65535, engine.Numbered(65535)}, {"65535", engine.Numbered(65535)}, {"http", engine.Named("http")}, {"8o", engine.Named("8o")},
	} {
		if got, err := engine.ParsePort("port", c.port); got != c.want || err != nil {
			t.Errorf("%#v is %+v, %v, want %+v", c.port, got, err, c.want)
		}
	}
	for _, port := range []any{-1, 65536, "-1", "65536", "99999999999999999999", "-99999999999999999999", 80.0, []byte("80")} {
		_, err := engine.ParsePort("port", port)
		wantArgError(t, fmt.Sprintf("%#v", port), err, "port")
	}
}

func TestNumericInfos(t *testing.T) {
	stream, dgram := engine.AddrHints{Type: engine.SockStream}, engine.AddrHints{Type: engine.SockDgram}
	with := func(h engine.AddrHints, family, proto int) engine.AddrHints {
		h.Family, h.Proto = family, proto
		return h
	}
	for _, c := range []struct {
		host  string
		port  engine.Service
		hints engine.AddrHints
		want  string // family, type, protocol and address; empty: ask somebody
	}{
		{"1.2.3.4", engine.Numbered(80), stream, "4 tcp 1.2.3.4:80"},
		{"::1", engine.Numbered(0), stream, "6 tcp [::1]:0"},
		{"1.2.3.4", engine.Numbered(80), dgram, "4 udp 1.2.3.4:80"},
		{"1.2.3.4", engine.Numbered(80), with(stream, engine.AFInet, engine.IPProtoTCP), "4 tcp 1.2.3.4:80"},
		{"::ffff:1.2.3.4", engine.Numbered(80), stream, "6 tcp [::ffff:1.2.3.4]:80"},
		{"::ffff:1.2.3.4", engine.Numbered(80), with(stream, engine.AFInet, 0), "4 tcp 1.2.3.4:80"},
		{"127.1", engine.Numbered(80), stream, "4 tcp 127.0.0.1:80"},
		{"1.2.3.4", engine.Numbered(80), with(stream, engine.AFInet6, 0), ""},
		{"::1", engine.Numbered(80), with(stream, engine.AFInet, 0), ""},
		{"1.2.3.4", engine.Numbered(80), with(stream, 0, engine.IPProtoUDP), ""},
		{"1.2.3.4", engine.Numbered(80), with(dgram, 0, 1), ""},
		{"1.2.3.4", engine.Numbered(80), engine.AddrHints{}, "4 tcp 1.2.3.4:80, 4 udp 1.2.3.4:80, 4 raw 1.2.3.4:80"},
		{"1.2.3.4", engine.Numbered(80), engine.AddrHints{Type: engine.SockRaw}, "4 raw 1.2.3.4:80"},
		{"::1", engine.Numbered(80), engine.AddrHints{Type: engine.SockStream, Flags: engine.AICanonName}, "6 tcp [::1]:80 (::1)"},
		{"::1", engine.Numbered(80), engine.AddrHints{Type: engine.SockStream, Flags: engine.AIAddrConfig}, ""},
		{"1.2.3.4", engine.Named("http"), stream, ""},
		{"fe80::1%lo", engine.Numbered(80), stream, ""},
		{"fe80::1%1", engine.Numbered(80), stream, ""},
		{"localhost", engine.Numbered(80), stream, ""},
		{"1.2.3.x", engine.Numbered(80), stream, ""},
		{"", engine.Numbered(80), stream, ""},
	} {
		if got := rowsText(engine.NumericInfos(c.host, c.port, c.hints)); got != c.want {
			t.Errorf("%s %+v %+v: %q, want %q", c.host, c.port, c.hints, got, c.want)
		}
	}
}

// rowsText has every row, with the canonical name of those that have one.
func rowsText(list []engine.AddrInfo) string {
	var rows []string
	for _, info := range list {
		text := rowText(info)
		if info.CanonName != "" {
			text += " (" + info.CanonName + ")"
		}
		rows = append(rows, text)
	}
	return strings.Join(rows, ", ")
}

// rowText has the family, the type with its protocol, and the address.
func rowText(info engine.AddrInfo) string {
	family, kind := "4", fmt.Sprintf("%d/%d", info.Type, info.Proto)
	if info.Family == engine.AFInet6 {
		family = "6"
	}
	switch [2]int{info.Type, info.Proto} {
	case [2]int{engine.SockStream, engine.IPProtoTCP}:
		kind = "tcp"
	case [2]int{engine.SockDgram, engine.IPProtoUDP}:
		kind = "udp"
	case [2]int{engine.SockRaw, 0}:
		kind = "raw"
	}
	return family + " " + kind + " " + info.Addr.String()
}

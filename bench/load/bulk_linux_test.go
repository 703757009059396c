package load

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/shardloop/shardloop/bench/servers"
)

const bulkSize = 300_000

func TestBulkSend(t *testing.T) {
	for name, c := range map[string]struct {
		answer []byte
		want   error
	}{
		"all":    {servers.Amount(bulkSize), nil},
		"less":   {servers.Amount(bulkSize - 1), ErrWrong},
		"no end": {servers.Amount(bulkSize)[:7], ErrEnd},
	} {
		address := answer(t, func(conn net.Conn) {
			io.ReadFull(conn, make([]byte, 8+bulkSize))
			conn.Write(c.answer[:3])
			conn.Write(c.answer[3:])
		})
		if err := carry(t, address, (*Bulk).Send); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestBulkReceive(t *testing.T) {
	all := bytes.Repeat(servers.Pattern, 5)[:bulkSize]
	wrong := bytes.Clone(all)
	wrong[bulkSize-1]++
	for name, c := range map[string]struct {
		sent []byte
		want error
	}{
		"all":        {all, nil},
		"wrong byte": {wrong, ErrWrong},
		"too few":    {all[:bulkSize-1], ErrEnd},
		"one off":    {all[1:], ErrWrong},
	} {
		address := answer(t, func(conn net.Conn) {
			io.ReadFull(conn, make([]byte, 8))
			conn.Write(c.sent[:1001])
			conn.Write(c.sent[1001:])
		})
		if err := carry(t, address, (*Bulk).Receive); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func carry(t *testing.T, address string, way func(*Bulk, int64) error) error {
	t.Helper()
	b, err := NewBulk("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	return way(b, bulkSize)
}

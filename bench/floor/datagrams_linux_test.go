package floor

import (
	"bytes"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDatagrams(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	file, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd := int(file.Fd())
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	d, err := NewDatagrams(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	client, err := net.Dial("udp4", c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for round := range 3 {
		before := d.Now
		var all [][]byte
		for i := range BatchSize {
			all = append(all, bytes.Repeat([]byte{byte(i)}, 1+(i+round)*20))
			client.Write(all[i])
		}
		for err := error(unix.EINTR); err != nil; err = d.Turn() {
			if err != unix.EINTR {
				t.Fatal(err)
			}
		}
		if !d.Now.After(before) {
			t.Errorf("clock went from %v to %v", before, d.Now)
		}
		for i, want := range all {
			got := make([]byte, 2*DatagramSize)
			if n, err := client.Read(got); err != nil || !bytes.Equal(got[:n], want) {
				t.Errorf("datagram %d: %d bytes, %v", i, n, err)
			}
		}
	}
}

func TestBatchIsEmpty(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	b := NewBatch()
	if n, err := b.Receive(fds[0]); n != 0 || err != unix.EAGAIN {
		t.Errorf("%d, %v", n, err)
	}
	copy(b.Make(0, 3), "abc")
	if err := b.SendAll(fds[1], 1); err != nil {
		t.Error(err)
	}
	if n, err := b.Receive(fds[0]); n != 1 || err != nil || string(b.At(0)) != "abc" {
		t.Errorf("%d, %v, %q", n, err, b.At(0))
	}
}

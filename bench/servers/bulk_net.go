package servers

import "net"

func netSink(c net.Conn) {
	var intake Intake
	for buf := make([]byte, 256<<10); ; {
		n, err := c.Read(buf)
		if err == nil {
			if answer := intake.Take(buf[:n]); answer != nil {
				_, err = c.Write(answer)
			}
		}
		if err != nil {
			return // the client tells
		}
	}
}

func netSource(c net.Conn) {
	var outlet Outlet
	for buf := make([]byte, 8); ; {
		n, err := c.Read(buf)
		if outlet.Ask(buf[:n]); err != nil {
			return
		}
		for p := outlet.Next(); len(p) > 0; p = outlet.Next() {
			if _, err := c.Write(p); err != nil {
				return // the client tells
			}
		}
	}
}

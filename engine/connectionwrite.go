package engine

import (
	"cmp"
	"math"

	"github.com/shardloop/shardloop/engine/internal/stream"
)

// Of a transport's write buffer.
const (
	defaultHigh = stream.DefaultHigh
	maxMark     = math.MaxInt32
)

// mustBeHere panics in debug mode on a foreign goroutine, for calls that cannot
// fail.
func (c *connection) mustBeHere() {
	if err := c.loop.checkGoroutine(); err != nil {
		panic(err)
	}
}

// PauseReading implements Transport.
func (c *connection) PauseReading() {
	c.mustBeHere()
	c.Stream.PauseReading()
}

// ResumeReading implements Transport.
func (c *connection) ResumeReading() {
	c.mustBeHere()
	c.Stream.ResumeReading()
}

// Write implements Transport.
func (c *connection) Write(p []byte) (int, error) {
	if err := c.loop.checkGoroutine(); err != nil {
		return 0, err
	}
	n, err := c.Stream.Write(p)
	if err != nil {
		err = c.refused(err)
	}
	return n, err
}

// Writev implements Transport.
func (c *connection) Writev(bufs [][]byte) (int, error) {
	if err := c.loop.checkGoroutine(); err != nil {
		return 0, err
	}
	n, err := c.Stream.Writev(bufs)
	return n, c.refused(err)
}

// WriteOwned implements Transport.
func (c *connection) WriteOwned(p []byte, release func()) error {
	if err := c.loop.checkGoroutine(); err != nil {
		return err
	}
	return c.refused(c.Stream.WriteOwned(p, release))
}

// warnLate is the write after the end that is logged, asyncio's
// LOG_THRESHOLD_FOR_CONNLOST_WRITES.
const warnLate = 5

// refused counts writes after the end; one of them is logged.
func (c *connection) refused(err error) error {
	if err == ErrTransportClosing && c.late < warnLate {
		if c.late++; c.late == warnLate {
			c.loop.log.Warn("writing to a transport that is closing", "error", err, "transport", c.transport())
		}
	}
	return err
}

// WriteEOF implements Transport.
func (c *connection) WriteEOF() error {
	err := c.loop.checkGoroutine()
	if err == nil {
		c.Stream.WriteEOF()
	}
	return err
}

// CanWriteEOF implements Transport.
func (c *connection) CanWriteEOF() bool { return true }

// SetWriteBufferLimits implements Transport.
func (c *connection) SetWriteBufferLimits(high, low int) error {
	high, low, err := marks(high, low)
	if err = cmp.Or(err, c.loop.checkGoroutine()); err == nil {
		c.SetMarks(low, high)
	}
	return err
}

// WriteBufferLimits implements Transport.
func (c *connection) WriteBufferLimits() (low, high int) { return c.Marks() }

// WriteBufferSize implements Transport.
func (c *connection) WriteBufferSize() int { return c.Buffered() }

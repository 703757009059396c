//go:build unix && !linux

package engine

// lastSignal is the last signal that every unix has; the real-time signals of
// some are left out.
const lastSignal = 31

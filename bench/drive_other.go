//go:build !linux

package bench

// The clients of scenarios of connections are for Linux; connected makes no side
// of them here.
var driveEcho, drivePipelined, driveStreams, driveRate, driveAccept, driveHeld, driveCrossposts, driveSink, driveSource,
	driveSpread, driveStalled, driveAcross, driveDatagrams, driveDrain driver

// Package load has the clients of scenarios of connections. Each drives a server
// at an address, checks every byte that comes back, and knows nothing of
// processes or clocks of processes: who calls it reads those before and after.
// It runs on Linux alone.
package load

// Package bench is the benchmark suite of the engine as a library: scenarios,
// the floors and peers beside them, the statistics, and the bars.
//
// # How a figure comes about
//
// Every sample is a fresh process: this program started again with one JSON
// argument, or a Python interpreter with an embedded script. It answers with
// one JSON object of metrics. A fresh process has a new layout, a new heap and
// new descriptors, so that what one start happens to get does not become the
// result.
//
//	Run, Bars --> runner --> process per sample --> RunSample --> a side's Run
//	                |                                  |
//	                v                                  v
//	          raw file, Measurement <------------- Metrics
//
// The sides of a scenario are sampled in rounds, there and back again (ABBA),
// and compared pair by pair inside a round: a machine that drifts, or has noisy
// neighbours, then changes both of a pair alike. Results are medians with a
// 95 % interval of order statistics; see package stat.
//
// # Servers
//
// In a scenario of connections the sample process is the client. It starts the
// server, which is a command of any language (package servers has the contract),
// drives it, checks every byte (package load), and reads what the server uses from
// outside: its processor time, its system calls, its memory.
//
//	runner --> sample process --starts--> COMMAND ROLE NETWORK ADDRESS
//	            |  client core              |  server core
//	            +-------- requests -------->|
//	            +-- clock, /proc/PID/io --->|
//
// The client tells how busy it was itself, because a server that waits for its
// client pays for more wake-ups.
//
// # Where samples run
//
// On Linux a sample is pinned to one processor with GOMAXPROCS 1, and whoever
// drives it to another. Scenarios that need more say so where they are defined
// (Placement). Elsewhere nothing is pinned, and a note says it.
//
// # Sides
//
// Engine sides use the module as a user would. Floors make the bare system calls
// and what the contract forces (package floor). Peers are what people would use
// instead: time.AfterFunc, goroutines and channels, other libraries of loops,
// asyncio and uvloop. A side that cannot run here is left out with a note, or is
// an error with Config.RequirePeers, unless no build of it could. Libraries that
// this module does not depend on are in a program of the nested module
// bench/peers: the file out/peers, or the one that LOOPBENCH_PEERS names.
//
// # Using it
//
// A program that calls Run or Bars must also serve its sample processes: when
// it is started with the arguments of Config.Command and a spec behind them, it
// calls RunSample with that spec. By default the command is the program itself
// with the argument "sample". Started with the arguments of Config.Serve, it calls
// servers.Serve with those behind them; the default is "serve".
package bench

// Package floor holds the floors of the benchmark suite: for each scenario the
// bare system calls that its work cannot do without, and what the contract
// forces besides them, such as a read of the clock when timers are live. One
// file each, at most 60 lines, with nothing to configure: what stands above a
// floor in the results is the price of the engine.
package floor

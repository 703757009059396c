package engine

// reuseAddress is off where it would let a second program take the port.
const reuseAddress = false

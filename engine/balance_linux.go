package engine

// kernelBalances tells that sockets which share a port share its connections by a
// hash.
const kernelBalances = true

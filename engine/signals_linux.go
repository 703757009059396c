package engine

// lastSignal is the last real-time signal.
const lastSignal = 64

package sock

const inheritsNoDelay = true

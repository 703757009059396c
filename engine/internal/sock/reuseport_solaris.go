package sock

// soReusePort is no option of this system, which says so when it is asked for.
const soReusePort = -1

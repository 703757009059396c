package engine_test

import "syscall"

// streamBits are what a socket's type may have besides.
const streamBits = syscall.SOCK_NONBLOCK | syscall.SOCK_CLOEXEC

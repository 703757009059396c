package engine

import (
	"context"
	"fmt"
	"os"
	"time"
)

// AbstractEventLoop is what a loop can do, for programs that bring their own:
// asyncio's AbstractEventLoop. Methods with a type parameter are functions of
// this package and take a *Loop. Embed UnimplementedEventLoop to implement a
// part, and to stay compatible when methods are added.
type AbstractEventLoop interface {
	RunForever() error
	Start() error
	Stop()
	IsRunning() bool
	IsClosed() bool
	Close() error
	ShutdownAsyncGens(ctx context.Context) error
	ShutdownDefaultExecutor(ctx context.Context, timeout time.Duration) error

	CallSoon(fn func()) *Handle
	CallSoonContext(ctx context.Context, fn func()) *Handle
	CallSoonThreadsafe(fn func()) (*Handle, error)
	CallSoonThreadsafeContext(ctx context.Context, fn func()) (*Handle, error)
	CallLater(delay time.Duration, fn func()) *TimerHandle
	CallLaterContext(ctx context.Context, delay time.Duration, fn func()) *TimerHandle
	CallAt(when time.Duration, fn func()) *TimerHandle
	CallAtContext(ctx context.Context, when time.Duration, fn func()) *TimerHandle
	Time() time.Duration
	Context() context.Context

	CreateConnection(ctx context.Context, f ProtocolFactory, o ConnectOptions) (Transport, Protocol, error)
	CreateUnixConnection(ctx context.Context, f ProtocolFactory, o UnixConnectOptions) (Transport, Protocol, error)
	CreateDatagramEndpoint(ctx context.Context, f DatagramProtocolFactory, o DatagramOptions) (DatagramTransport, DatagramProtocol, error)
	ConnectAcceptedSocket(ctx context.Context, f ProtocolFactory, s *Socket, o AcceptedOptions) (Transport, Protocol, error)
	GetAddrInfo(ctx context.Context, host string, port any, o LookupOptions) ([]AddrInfo, error)
	GetNameInfo(ctx context.Context, addr Addr, flags int) (host, service string, err error)
	CreateServer(ctx context.Context, f ProtocolFactory, o ServerOptions) (*Server, error)
	CreateUnixServer(ctx context.Context, f ProtocolFactory, o UnixServerOptions) (*Server, error)

	ConnectReadPipe(ctx context.Context, f ProtocolFactory, pipe *os.File) (Transport, Protocol, error)
	ConnectWritePipe(ctx context.Context, f ProtocolFactory, pipe *os.File) (Transport, Protocol, error)

	SockRecv(ctx context.Context, s *Socket, n int) ([]byte, error)
	SockRecvInto(ctx context.Context, s *Socket, buf []byte) (int, error)
	SockRecvfrom(ctx context.Context, s *Socket, n int) ([]byte, Addr, error)
	SockRecvfromInto(ctx context.Context, s *Socket, buf []byte, n int) (int, Addr, error)
	SockSendall(ctx context.Context, s *Socket, data []byte) (int, error)
	SockSendto(ctx context.Context, s *Socket, data []byte, to Addr) (int, error)
	SockConnect(ctx context.Context, s *Socket, address string) error
	SockAccept(ctx context.Context, s *Socket) (*Socket, Addr, error)

	AddReader(fd FD, fn func()) error
	RemoveReader(fd FD) bool
	AddWriter(fd FD, fn func()) error
	RemoveWriter(fd FD) bool
	AddSignalHandler(sig os.Signal, fn func()) error
	RemoveSignalHandler(sig os.Signal) (bool, error)

	SetTaskFactory(f TaskFactory) error
	TaskFactory() TaskFactory
	SetDefaultExecutor(p *WorkerPool) error
	SetExceptionHandler(h ExceptionHandler)
	ExceptionHandler() ExceptionHandler
	DefaultExceptionHandler(c ErrorContext)
	CallExceptionHandler(c ErrorContext)
	Debug() bool
	SetDebug(on bool)
	SlowCallbackDuration() time.Duration
	SetSlowCallbackDuration(d time.Duration)
}

var (
	_ AbstractEventLoop = (*Loop)(nil)
	_ AbstractEventLoop = UnimplementedEventLoop{}
)

// UnimplementedEventLoop implements AbstractEventLoop by refusing: with an error
// that wraps ErrUnsupported where the method returns one, with a handle that
// holds it, and with a panic of it elsewhere.
type UnimplementedEventLoop struct{}

func unimplemented(method string) error {
	return fmt.Errorf("event loop without %s: %w", method, ErrUnsupported)
}

func unimplementedHandle(method string) *Handle {
	h := &Handle{}
	h.cancelFor(unimplemented(method))
	return h
}

func unimplementedTimer(method string) *TimerHandle {
	t := &TimerHandle{Handle: Handle{timer: true}}
	t.cancelFor(unimplemented(method))
	return t
}

// RunForever fails with ErrUnsupported.
func (UnimplementedEventLoop) RunForever() error { return unimplemented("RunForever") }

// Start fails with ErrUnsupported.
func (UnimplementedEventLoop) Start() error { return unimplemented("Start") }

// Stop panics with ErrUnsupported.
func (UnimplementedEventLoop) Stop() { panic(unimplemented("Stop")) }

// IsRunning panics with ErrUnsupported.
func (UnimplementedEventLoop) IsRunning() bool { panic(unimplemented("IsRunning")) }

// IsClosed panics with ErrUnsupported.
func (UnimplementedEventLoop) IsClosed() bool { panic(unimplemented("IsClosed")) }

// Close fails with ErrUnsupported.
func (UnimplementedEventLoop) Close() error { return unimplemented("Close") }

// ShutdownAsyncGens fails with ErrUnsupported.
func (UnimplementedEventLoop) ShutdownAsyncGens(context.Context) error {
	return unimplemented("ShutdownAsyncGens")
}

// ShutdownDefaultExecutor fails with ErrUnsupported.
func (UnimplementedEventLoop) ShutdownDefaultExecutor(context.Context, time.Duration) error {
	return unimplemented("ShutdownDefaultExecutor")
}

// CallSoon returns a handle with ErrUnsupported.
func (UnimplementedEventLoop) CallSoon(func()) *Handle { return unimplementedHandle("CallSoon") }

// CallSoonContext returns a handle with ErrUnsupported.
func (UnimplementedEventLoop) CallSoonContext(context.Context, func()) *Handle {
	return unimplementedHandle("CallSoonContext")
}

// CallSoonThreadsafe fails with ErrUnsupported.
func (UnimplementedEventLoop) CallSoonThreadsafe(func()) (*Handle, error) {
	h := unimplementedHandle("CallSoonThreadsafe")
	return h, h.err
}

// CallSoonThreadsafeContext fails with ErrUnsupported.
func (UnimplementedEventLoop) CallSoonThreadsafeContext(context.Context, func()) (*Handle, error) {
	h := unimplementedHandle("CallSoonThreadsafeContext")
	return h, h.err
}

// CallLater returns a handle with ErrUnsupported.
func (UnimplementedEventLoop) CallLater(time.Duration, func()) *TimerHandle {
	return unimplementedTimer("CallLater")
}

// CallLaterContext returns a handle with ErrUnsupported.
func (UnimplementedEventLoop) CallLaterContext(context.Context, time.Duration, func()) *TimerHandle {
	return unimplementedTimer("CallLaterContext")
}

// CallAt returns a handle with ErrUnsupported.
func (UnimplementedEventLoop) CallAt(time.Duration, func()) *TimerHandle {
	return unimplementedTimer("CallAt")
}

// CallAtContext returns a handle with ErrUnsupported.
func (UnimplementedEventLoop) CallAtContext(context.Context, time.Duration, func()) *TimerHandle {
	return unimplementedTimer("CallAtContext")
}

// Time panics with ErrUnsupported.
func (UnimplementedEventLoop) Time() time.Duration { panic(unimplemented("Time")) }

// Context panics with ErrUnsupported.
func (UnimplementedEventLoop) Context() context.Context { panic(unimplemented("Context")) }

// CreateConnection fails with ErrUnsupported.
func (UnimplementedEventLoop) CreateConnection(context.Context, ProtocolFactory, ConnectOptions) (Transport, Protocol, error) {
	return nil, nil, unimplemented("CreateConnection")
}

// CreateUnixConnection fails with ErrUnsupported.
func (UnimplementedEventLoop) CreateUnixConnection(context.Context, ProtocolFactory, UnixConnectOptions) (Transport, Protocol, error) {
	return nil, nil, unimplemented("CreateUnixConnection")
}

// CreateDatagramEndpoint fails with ErrUnsupported.
func (UnimplementedEventLoop) CreateDatagramEndpoint(context.Context, DatagramProtocolFactory, DatagramOptions) (DatagramTransport, DatagramProtocol, error) {
	return nil, nil, unimplemented("CreateDatagramEndpoint")
}

// ConnectAcceptedSocket fails with ErrUnsupported.
func (UnimplementedEventLoop) ConnectAcceptedSocket(context.Context, ProtocolFactory, *Socket, AcceptedOptions) (Transport, Protocol, error) {
	return nil, nil, unimplemented("ConnectAcceptedSocket")
}

// GetAddrInfo fails with ErrUnsupported.
func (UnimplementedEventLoop) GetAddrInfo(context.Context, string, any, LookupOptions) ([]AddrInfo, error) {
	return nil, unimplemented("GetAddrInfo")
}

// GetNameInfo fails with ErrUnsupported.
func (UnimplementedEventLoop) GetNameInfo(context.Context, Addr, int) (host, service string, err error) {
	return "", "", unimplemented("GetNameInfo")
}

// CreateServer fails with ErrUnsupported.
func (UnimplementedEventLoop) CreateServer(context.Context, ProtocolFactory, ServerOptions) (*Server, error) {
	return nil, unimplemented("CreateServer")
}

// CreateUnixServer fails with ErrUnsupported.
func (UnimplementedEventLoop) CreateUnixServer(context.Context, ProtocolFactory, UnixServerOptions) (*Server, error) {
	return nil, unimplemented("CreateUnixServer")
}

// ConnectReadPipe fails with ErrUnsupported.
func (UnimplementedEventLoop) ConnectReadPipe(context.Context, ProtocolFactory, *os.File) (Transport, Protocol, error) {
	return nil, nil, unimplemented("ConnectReadPipe")
}

// ConnectWritePipe fails with ErrUnsupported.
func (UnimplementedEventLoop) ConnectWritePipe(context.Context, ProtocolFactory, *os.File) (Transport, Protocol, error) {
	return nil, nil, unimplemented("ConnectWritePipe")
}

// SockRecv fails with ErrUnsupported.
func (UnimplementedEventLoop) SockRecv(context.Context, *Socket, int) ([]byte, error) {
	return nil, unimplemented("SockRecv")
}

// SockRecvInto fails with ErrUnsupported.
func (UnimplementedEventLoop) SockRecvInto(context.Context, *Socket, []byte) (int, error) {
	return 0, unimplemented("SockRecvInto")
}

// SockRecvfrom fails with ErrUnsupported.
func (UnimplementedEventLoop) SockRecvfrom(context.Context, *Socket, int) ([]byte, Addr, error) {
	return nil, Addr{}, unimplemented("SockRecvfrom")
}

// SockRecvfromInto fails with ErrUnsupported.
func (UnimplementedEventLoop) SockRecvfromInto(context.Context, *Socket, []byte, int) (int, Addr, error) {
	return 0, Addr{}, unimplemented("SockRecvfromInto")
}

// SockSendall fails with ErrUnsupported.
func (UnimplementedEventLoop) SockSendall(context.Context, *Socket, []byte) (int, error) {
	return 0, unimplemented("SockSendall")
}

// SockSendto fails with ErrUnsupported.
func (UnimplementedEventLoop) SockSendto(context.Context, *Socket, []byte, Addr) (int, error) {
	return 0, unimplemented("SockSendto")
}

// SockConnect fails with ErrUnsupported.
func (UnimplementedEventLoop) SockConnect(context.Context, *Socket, string) error {
	return unimplemented("SockConnect")
}

// SockAccept fails with ErrUnsupported.
func (UnimplementedEventLoop) SockAccept(context.Context, *Socket) (*Socket, Addr, error) {
	return nil, Addr{}, unimplemented("SockAccept")
}

// AddReader fails with ErrUnsupported.
func (UnimplementedEventLoop) AddReader(FD, func()) error { return unimplemented("AddReader") }

// RemoveReader panics with ErrUnsupported.
func (UnimplementedEventLoop) RemoveReader(FD) bool { panic(unimplemented("RemoveReader")) }

// AddWriter fails with ErrUnsupported.
func (UnimplementedEventLoop) AddWriter(FD, func()) error { return unimplemented("AddWriter") }

// RemoveWriter panics with ErrUnsupported.
func (UnimplementedEventLoop) RemoveWriter(FD) bool { panic(unimplemented("RemoveWriter")) }

// AddSignalHandler fails with ErrUnsupported.
func (UnimplementedEventLoop) AddSignalHandler(os.Signal, func()) error {
	return unimplemented("AddSignalHandler")
}

// RemoveSignalHandler fails with ErrUnsupported.
func (UnimplementedEventLoop) RemoveSignalHandler(os.Signal) (bool, error) {
	return false, unimplemented("RemoveSignalHandler")
}

// SetTaskFactory fails with ErrUnsupported.
func (UnimplementedEventLoop) SetTaskFactory(TaskFactory) error {
	return unimplemented("SetTaskFactory")
}

// TaskFactory panics with ErrUnsupported.
func (UnimplementedEventLoop) TaskFactory() TaskFactory { panic(unimplemented("TaskFactory")) }

// SetDefaultExecutor fails with ErrUnsupported.
func (UnimplementedEventLoop) SetDefaultExecutor(*WorkerPool) error {
	return unimplemented("SetDefaultExecutor")
}

// SetExceptionHandler panics with ErrUnsupported.
func (UnimplementedEventLoop) SetExceptionHandler(ExceptionHandler) {
	panic(unimplemented("SetExceptionHandler"))
}

// ExceptionHandler panics with ErrUnsupported.
func (UnimplementedEventLoop) ExceptionHandler() ExceptionHandler {
	panic(unimplemented("ExceptionHandler"))
}

// DefaultExceptionHandler panics with ErrUnsupported.
func (UnimplementedEventLoop) DefaultExceptionHandler(ErrorContext) {
	panic(unimplemented("DefaultExceptionHandler"))
}

// CallExceptionHandler panics with ErrUnsupported.
func (UnimplementedEventLoop) CallExceptionHandler(ErrorContext) {
	panic(unimplemented("CallExceptionHandler"))
}

// Debug panics with ErrUnsupported.
func (UnimplementedEventLoop) Debug() bool { panic(unimplemented("Debug")) }

// SetDebug panics with ErrUnsupported.
func (UnimplementedEventLoop) SetDebug(bool) { panic(unimplemented("SetDebug")) }

// SlowCallbackDuration panics with ErrUnsupported.
func (UnimplementedEventLoop) SlowCallbackDuration() time.Duration {
	panic(unimplemented("SlowCallbackDuration"))
}

// SetSlowCallbackDuration panics with ErrUnsupported.
func (UnimplementedEventLoop) SetSlowCallbackDuration(time.Duration) {
	panic(unimplemented("SetSlowCallbackDuration"))
}

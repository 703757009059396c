package engine

import "context"

// streamProtocol is a protocol that feeds a StreamReader and tells a StreamWriter
// when to wait: asyncio's StreamReaderProtocol. It knows its transport by the
// interface alone. The three are one object.
type streamProtocol struct {
	reader  StreamReader
	writer  StreamWriter
	flow    streamFlow
	handler StreamHandler // of a server's connection
	closed  waiters       // for lost
}

func newStreamProtocol(h StreamHandler, o StreamOptions) *streamProtocol {
	p := &streamProtocol{handler: h}
	p.reader.limit = o.limit()
	p.writer.protocol = p
	return p
}

// ConnectionMade implements Protocol.
func (p *streamProtocol) ConnectionMade(t Transport) {
	l := t.Loop()
	p.reader.loop, p.reader.transport = l, t
	p.reader.buffer.pool = l.transports().reading
	p.writer.loop, p.writer.transport = l, t
	if p.handler != nil {
		p.begin(l)
	}
}

// begin begins the handler's task, which closes the connection if it fails.
func (p *streamProtocol) begin(l *Loop) {
	t := CreateTask(l, func(ctx context.Context) (struct{}, error) {
		return nothing(p.handler(ctx, &p.reader, &p.writer))
	}, TaskOptions{})
	t.AddDoneCallback(p.handled)
}

func (p *streamProtocol) handled(t *Task[struct{}]) {
	err := t.Err()
	if err == nil {
		return
	}
	tr := p.writer.transport
	if !t.Cancelled() {
		tr.Loop().CallExceptionHandler(ErrorContext{
			Message: "Unhandled exception in client_connected_cb", Err: err, Transport: tr, Context: t.Context(),
		})
	}
	tr.Close()
}

// GetBuffer implements BufferedProtocol.
func (p *streamProtocol) GetBuffer(int) []byte { return p.reader.buffer.room() }

// BufferUpdated implements BufferedProtocol.
func (p *streamProtocol) BufferUpdated(n int) { p.reader.fed(n) }

// DataReceived implements Protocol. Nothing comes this way.
func (p *streamProtocol) DataReceived([]byte) {}

// EOFReceived implements Protocol. The connection stays open for writing.
func (p *streamProtocol) EOFReceived() bool {
	p.reader.end(nil)
	return true
}

// ConnectionLost implements Protocol.
func (p *streamProtocol) ConnectionLost(err error) {
	p.reader.end(err)
	p.flow.lose(err)
	p.closed.release()
}

// PauseWriting implements FlowController.
func (p *streamProtocol) PauseWriting() { p.flow.paused = true }

// ResumeWriting implements FlowController.
func (p *streamProtocol) ResumeWriting() { p.flow.resume() }

func (p *streamProtocol) waitClosed(ctx context.Context) error {
	if !p.flow.lost {
		if err := p.closed.wait(ctx, p.writer.loop); err != nil {
			return err
		}
	}
	return p.flow.err
}

// streamFlow lets tasks wait while the write buffer is too full.
//
//	free ---- paused ----> full ---- resume ----> free      lose ----> lost
type streamFlow struct {
	paused bool
	lost   bool
	err    error // with which it was lost
	tasks  waiters
}

// wait waits while it is full.
func (f *streamFlow) wait(ctx context.Context, l *Loop) error {
	if f.paused && !f.lost {
		if err := f.tasks.wait(ctx, l); err != nil {
			return err
		}
	}
	return f.end()
}

// end is why nothing is sent any more, or nil.
func (f *streamFlow) end() error {
	switch {
	case f.err != nil:
		return f.err
	case f.lost:
		return ErrConnectionLost
	}
	return nil
}

func (f *streamFlow) resume() {
	f.paused = false
	f.tasks.release()
}

func (f *streamFlow) lose(err error) {
	f.lost, f.err = true, err
	f.tasks.release()
}

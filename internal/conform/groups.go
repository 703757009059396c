package conform

// groups are the sections of the documentation, in its order. The code is the
// part of an ID before the dash.
var groups = []Group{
	{"OBT", "Obtaining the event loop"},
	{"RUN", "Running and stopping the loop"},
	{"SCHED", "Scheduling callbacks"},
	{"TIME", "Scheduling delayed callbacks"},
	{"FUT", "Creating futures and tasks; Future/Task semantics"},
	{"CONN", "Opening network connections"},
	{"DGRAM", "Datagram endpoints"},
	{"UNIX", "Unix-domain connections and servers"},
	{"SRV", "Creating network servers: create_server and accepting"},
	{"CAS", "connect_accepted_socket"},
	{"SENDF", "Transferring files"},
	{"TLS", "TLS transports and start_tls"},
	{"FD", "Watching file descriptors"},
	{"SOCK", "Working with socket objects directly"},
	{"DNS", "DNS"},
	{"PIPE", "Working with pipes"},
	{"SIG", "Unix signals"},
	{"EXEC", "Executing code in thread or process pools"},
	{"ERR", "Error handling API"},
	{"DBG", "Debug mode"},
	{"SUB", "Running subprocesses"},
	{"HND", "Callback handles"},
	{"SOBJ", "Server objects"},
	{"LOOP", "Event loop implementations"},
	{"TRN", "Transports"},
	{"PROT", "Protocols"},
	{"STRM", "High-level streams"},
	{"EXAM", "Examples of the documentation"},
}

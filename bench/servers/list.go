package servers

// Libraries are the libraries of the main module, by name.
func Libraries() map[string]Library {
	return Merge(engineServers(), engineDatagramServers(), engineGroups(), netServers(), netDatagramServers(), floorServers(), netpollServers(), lossLibraries())
}

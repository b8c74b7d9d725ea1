"""OPC UA: the nodes of a device, one supervised connection to a server, and the link that carries the exchange."""

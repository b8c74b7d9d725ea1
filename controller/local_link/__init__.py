"""The link between the control process and the processes that serve people: messages, server and client."""

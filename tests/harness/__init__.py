"""What tests of a running server share: the protocol, the processes, the generators."""

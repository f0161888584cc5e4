#pragma once
/* Listening sockets. Every shard listens on every address (SO_REUSEPORT) and hands a new
 * connection to the shard with the fewest, so that they spread evenly whatever the kernel's hash
 * does. */
struct node;
struct shard;
struct acceptor;

/* Opens one shard's listening sockets as its configuration asks; on failure logs why and returns
 * a negative errno. Before the threads run. */
int acceptor_open(struct shard *shard);
/* Starts accepting. Own thread, after the loop is made. */
void acceptor_start(struct shard *shard);
void acceptor_stop(struct shard *shard);
/* After CONFIG SET of port, bind, ...: opens what is wanted now, then closes the old. Returns 0
 * or a negative errno (old sockets stay). Own thread. */
int acceptor_reconfigure(struct shard *shard);
/* Is nobody else listening on this port? With SO_REUSEPORT the kernel would let us share it. 0
 * or a negative errno, logged. */
int acceptor_probe(struct shard *shard);
/* What the loop reports. */
struct loop_listener;
void acceptor_accepted(struct shard *shard, struct loop_listener *listener, int fd);

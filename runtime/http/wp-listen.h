/* wp-listen.h - listening sockets that are ours: one a thread on the same port, with a backlog for bursts. */
#pragma once

#include <glib.h>

#define WP_LISTEN_BACKLOG 4096   /* the kernel cuts it to net.core.somaxconn */

/**
 * wp_listen_open:
 * @address: "HOST:PORT", "[IPv6]:PORT"; port 0 takes a free one; "unix:PATH"
 * @n: how many sockets, sharing the port (SO_REUSEPORT); of a Unix socket there is one, whatever @n
 * @fds: (out caller-allocates): @n descriptors, non-blocking
 * @bound: (out): "HOST:PORT" as it is bound, numeric; or "unix:PATH"
 *
 * A port or path on which another server listens is an error; SO_REUSEPORT does not hide it. A socket file that a dead server left
 * is taken over.
 *
 * Returns: FALSE with WP_ERROR_BAD_VALUE or WP_ERROR_IO
 */
gboolean wp_listen_open (const char *address, guint n, int *fds, char **bound, GError **error);

/* The same words for a socket that listens already. */
char *wp_listen_format (int fd);

/* Accepts one connection, non-blocking. -1: there is none for now, and errno is EAGAIN; or, of another errno, there may be some but none can
 * be had, which is told, in one line a second at most. @told_ns: (inout): when it last was; 0: never. */
int wp_listen_accept (int listen_fd, gint64 *told_ns);

/* wp-listen-socket.h - listening sockets: for each thread one for each address, with a backlog for bursts. */
#pragma once

#include "runtime/http/wp-socket-file.h"

/* All zero: none. */
typedef struct {
  guint n_addresses;  /* a name may have several, such as 127.0.0.1 and ::1 */
  int *fds;           /* non-blocking; those of thread i begin at i * n_addresses. Their users close them */
  char **bound;       /* for each address: the numeric "HOST:PORT", or "unix:PATH" */
  WpSocketFile *file; /* of a Unix socket; NULL: none */
} WpListenSocket;

/**
 * wp_listen_socket_open:
 * @address: "HOST:PORT", "[IPv6]:PORT", "*:PORT"; port 0 takes a free port; "unix:PATH"
 * @n: number of sockets for each address, which share the port (SO_REUSEPORT); a Unix socket has only one
 * @access: permissions of a Unix socket
 *
 * A port or path on which another server listens is an error, even with SO_REUSEPORT and if both start at the
 * same time. A stale socket file is replaced. Addresses of a name that this machine does not have are skipped
 * with a message.
 *
 * Returns: FALSE with WP_ERROR_BAD_VALUE or WP_ERROR_IO
 */
gboolean wp_listen_socket_open (WpListenSocket *self, const char *address, guint n,
                                const WpSocketAccess *access, GError **error);

/* Checks the syntax of @address. Opens and resolves nothing. Returns: FALSE with WP_ERROR_BAD_VALUE */
gboolean wp_listen_socket_check (const char *address, GError **error);

/* @fd: listens already; it serves all threads */
void wp_listen_socket_adopt (WpListenSocket *self, int fd);

/* Sets socket options that connections inherit: small responses are sent at once, and the kernel buffers
 * little for a client that does not read. */
void wp_listen_socket_set_inherited (int listen_fd);

/* Removes the file of a Unix socket; does not close the descriptors. */
void wp_listen_socket_clear (WpListenSocket *self);

/* Accepts one connection, non-blocking. Returns: -1 with EAGAIN if none waits; -1 with another errno if none
 * can be accepted now, which is logged at most once per second. @warned_ns: (inout): time of the last
 * warning; 0: never */
int wp_listen_socket_accept (int listen_fd, gint64 *warned_ns);

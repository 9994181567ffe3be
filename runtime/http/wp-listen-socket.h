/* wp-listen-socket.h - listening sockets that are ours: one a thread for each address, with a backlog for
 * bursts. */
#pragma once

#include "runtime/http/wp-socket-file.h"

/* All zero: none. */
typedef struct {
  guint n_addresses;  /* a name may have several, such as 127.0.0.1 and ::1 */
  int *fds;           /* non-blocking; thread i's begin at i * n_addresses. Their takers close them */
  char **bound;       /* of each address: "HOST:PORT" as it is bound, numeric; or "unix:PATH" */
  WpSocketFile *file; /* of a Unix socket; NULL: none */
} WpListenSocket;

/**
 * wp_listen_socket_open:
 * @address: "HOST:PORT", "[IPv6]:PORT", "*:PORT"; port 0 takes a free one; "unix:PATH"
 * @n: how many sockets for each address, sharing the port (SO_REUSEPORT); of a Unix socket there is one,
 * whatever @n
 * @access: who may connect to a Unix socket
 *
 * A port or path on which another server listens is an error; SO_REUSEPORT does not hide it, nor that both
 * start at the same moment. A socket file that a dead server left is taken over. Of several addresses of a
 * name those that this machine does not have are left out, in a line.
 *
 * Returns: FALSE with WP_ERROR_BAD_VALUE or WP_ERROR_IO
 */
gboolean wp_listen_socket_open (WpListenSocket *self, const char *address, guint n,
                                const WpSocketAccess *access, GError **error);

/* Is it of one of these forms? Opens and resolves nothing. FALSE with WP_ERROR_BAD_VALUE */
gboolean wp_listen_socket_check (const char *address, GError **error);

/* One that listens already, for all threads. */
void wp_listen_socket_adopt (WpListenSocket *self, int fd);

/* Sets what connections inherit from their listener: small answers are sent at once, and of those that a
 * client does not read the kernel holds little. */
void wp_listen_socket_set_inherited (int listen_fd);

/* Removes the file of a Unix socket; the descriptors are their takers'. */
void wp_listen_socket_clear (WpListenSocket *self);

/* Accepts one connection, non-blocking. -1: there is none for now, and errno is EAGAIN; or, of another errno,
 * there may be some but none can be had, which is told, in one line a second at most. @told_ns: (inout): when
 * it last was; 0: never. */
int wp_listen_socket_accept (int listen_fd, gint64 *warned_ns);

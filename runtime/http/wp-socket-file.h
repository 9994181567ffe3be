/* wp-socket-file.h - a listening Unix socket and its file: sets its permissions, and never removes the file
 * of another server. */
#pragma once

#include <sys/types.h>

#include <glib.h>

#define WP_LISTEN_BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

typedef struct {
  guint mode; /* permissions */
  gboolean has_group;
  gid_t group; /* otherwise the process's group */
} WpSocketAccess;

typedef struct _WpSocketFile WpSocketFile;

/* Returns: FALSE with WP_ERROR_BAD_VALUE if a socket cannot have this path. */
gboolean wp_socket_file_check (const char *path, GError **error);

/**
 * wp_socket_file_open:
 * @listen_fd: (out): non-blocking, and listening
 *
 * Replaces a stale file. No client can connect before the permissions are set.
 *
 * Returns: (nullable): NULL with WP_ERROR_BAD_VALUE or WP_ERROR_IO
 */
WpSocketFile *wp_socket_file_open (const char *path, const WpSocketAccess *access, int *listen_fd,
                                   GError **error);

/* Removes the file, unless another server has replaced it. Call it before the socket is closed: otherwise a
 * server that starts meanwhile could replace the stale file, and lose its own. */
void wp_socket_file_free (WpSocketFile *self);

/* A lock between servers that start at the same time, held while one checks that an address is free and
 * listens on it. It is needed because two sockets that are bound, but do not listen yet, can share a port by
 * SO_REUSEPORT. @name: of the address, "port 8080" or a path. Waits up to 5 s. Returns: a descriptor, whose
 * close releases the lock; -1 with WP_ERROR_IO */
int wp_start_lock (const char *name, GError **error);

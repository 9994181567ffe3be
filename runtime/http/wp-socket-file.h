/* wp-socket-file.h - a Unix socket that we listen on, and its file: who may connect, and that no other
 * server's is taken away. */
#pragma once

#include <glib.h>
#include <sys/types.h>

#define WP_LISTEN_BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

typedef struct {
  guint mode; /* permissions */
  gboolean has_group;
  gid_t group; /* else it is the process's */
} WpSocketAccess;

typedef struct _WpSocketFile WpSocketFile;

/* Can a socket have this path? FALSE with WP_ERROR_BAD_VALUE. */
gboolean wp_socket_file_check (const char *path, GError **error);

/**
 * wp_socket_file_open:
 * @listen_fd: (out): non-blocking, and listening
 *
 * A file that a dead server left is taken over. Before the permissions are set nobody can connect.
 *
 * Returns: (nullable): NULL with WP_ERROR_BAD_VALUE or WP_ERROR_IO
 */
WpSocketFile *wp_socket_file_open (const char *path, const WpSocketAccess *access, int *listen_fd,
                                   GError **error);

/* Removes the file, unless another server's is there by now. To be called before the socket is closed: a
 * server that starts later would take the file for a dead one's, and itself for its owner. */
void wp_socket_file_free (WpSocketFile *self);

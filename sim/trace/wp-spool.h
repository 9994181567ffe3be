/* wp-spool.h - what came through a pipe, kept in an unlinked temporary file to be read again. */
#pragma once

#include <glib.h>

typedef struct {
  int fd;    /* -1: none, or error */
  int error; /* why keeping it failed, told only if it is needed */
  gint64 bytes;
  gint64 at; /* the next read's place */
} WpSpool;

#define WP_SPOOL_NONE                                                                                        \
  {                                                                                                          \
    .fd = -1                                                                                                 \
  }

void wp_spool_open (WpSpool *self);
void wp_spool_close (WpSpool *self);

/* Where the disk is full the stream goes on, and only a rewind fails. */
void wp_spool_keep (WpSpool *self, const char *buffer, gsize size);

/* Once it was rewound: is there something that was kept? Then some of it, as read(2) gives it; -1 with
 * WP_ERROR_IO. */
gboolean wp_spool_has_more (const WpSpool *self);
gssize wp_spool_read (WpSpool *self, char *buffer, gsize size, GError **error);

/* FALSE with WP_ERROR_IO, `NAME: what came before could not be kept`. */
gboolean wp_spool_rewind (WpSpool *self, const char *name, GError **error);

/* wp-rewind-file.h - what came through a pipe, kept in an unlinked temporary file to be read again. */
#pragma once

#include <glib.h>

typedef struct {
  int fd;    /* -1: none, or error */
  int error; /* why keeping it failed; reported only if the copy is needed */
  gint64 bytes;
  gint64 at; /* the next read's place */
} WpRewindFile;

#define WP_REWIND_FILE_NONE                                                                                  \
  {                                                                                                          \
    .fd = -1                                                                                                 \
  }

void wp_rewind_file_open (WpRewindFile *self);
void wp_rewind_file_close (WpRewindFile *self);

/* Where the disk is full the stream goes on, and only a rewind fails. */
void wp_rewind_file_keep (WpRewindFile *self, const char *buffer, gsize size);

/* Once it was rewound: is there something that was kept? Then some of it, as read(2) gives it; -1 with
 * WP_ERROR_IO. */
gboolean wp_rewind_file_has_more (const WpRewindFile *self);
gssize wp_rewind_file_read (WpRewindFile *self, char *buffer, gsize size, GError **error);

/* FALSE with WP_ERROR_IO, `NAME: cannot keep the bytes read so far`: the copy is incomplete. */
gboolean wp_rewind_file_rewind (WpRewindFile *self, const char *name, GError **error);

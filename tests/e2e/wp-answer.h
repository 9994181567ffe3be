/* wp-answer.h - what a server answered to one request: head and body. */
#pragma once

#include <glib.h>

typedef struct {
  guint status;
  char *head; /* status line and headers */
  char *body; /* a NUL follows; NULL until it is read */
  gsize size;
} WpAnswer;

/* of status line and headers, without the empty line; a test fails that gets no status */
WpAnswer *wp_answer_new (const char *head, gsize size);
void wp_answer_free (WpAnswer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpAnswer, wp_answer_free)

char *wp_answer_header (const WpAnswer *self, const char *name); /* its value, or NULL */

/* How many bytes follow the head, unless it answers HEAD; G_MAXSIZE: all until the end. */
gsize wp_answer_body_size (const WpAnswer *self);

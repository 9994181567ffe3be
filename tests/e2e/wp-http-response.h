/* wp-http-response.h - a response of the server: head and body. */
#pragma once

#include <glib.h>

typedef struct {
  guint status;
  char *head; /* status line and headers */
  char *body; /* a NUL follows; NULL until it is read */
  gsize size;
} WpHttpResponse;

/* of status line and headers, without the empty line; a test fails that gets no status */
WpHttpResponse *wp_http_response_new (const char *head, gsize size);
void wp_http_response_free (WpHttpResponse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpHttpResponse, wp_http_response_free)

char *wp_http_response_header (const WpHttpResponse *self, const char *name); /* its value, or NULL */

/* How many bytes follow the head, unless it answers HEAD; G_MAXSIZE: all until the end. */
gsize wp_http_response_body_size (const WpHttpResponse *self);

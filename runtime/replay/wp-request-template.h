/* wp-request-template.h - from a row to the bytes of its request. */
#pragma once

#include "runtime/replay/wp-connection-pool.h"
#include "sim/trace/wp-row.h"

/* As given on the command line; kept, not owned. */
typedef struct {
  const char *method; /* NULL: the row's, else GET where there is no body, POST where there is one */
  GStrv headers;      /* "Name: value", checked; NULL: none */
  const char *token;  /* for Authorization: Bearer; NULL: the user of the URL, if any */
  const char *body;   /* of all requests; NULL: of each as many bytes as its row says */
  gsize body_bytes;
} WpRequestOptions;

typedef struct _WpRequestTemplate WpRequestTemplate;

/* Nothing of @target and @options is kept but @options' method and body. */
WpRequestTemplate *wp_request_template_new (const WpTarget *target, const WpRequestOptions *options);
void wp_request_template_free (WpRequestTemplate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpRequestTemplate, wp_request_template_free)

/* How @row would be sent: given, of the row, or by whether there is a body. Not ended by a NUL. */
const char *wp_request_template_method (const WpRequestTemplate *self, const WpRow *row, gsize *len);

/* For compose() of wp-connection-pool.h. @row: NULL: a HEAD request, which asks nothing of the server. */
void wp_request_template_compose (const WpRequestTemplate *self, const WpRow *row, WpMessage *message);

/* `"x" is not a header such as "Name: value"`, or one that is wp-replay's own to write. */
gboolean wp_request_template_check_header (const char *text, GError **error);

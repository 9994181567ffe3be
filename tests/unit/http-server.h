/* http-server.h - a small HTTP server on a thread of its own, for tests of clients: it records its requests,
 * except HEAD, to which it responds at once, and responds as its kind says. */
#pragma once

#include <glib.h>

typedef enum {
  HTTP_SERVER_RESPOND, /* 200 at once */
  HTTP_SERVER_HOLD,    /* 200 once http_server_release() is called */
  HTTP_SERVER_REJECT,  /* 503 at once */
  HTTP_SERVER_FAIL,    /* 500 at once */
  HTTP_SERVER_CLOSE,   /* closes the connection, unanswered */
  HTTP_SERVER_LAST     /* 200 with "Connection: close", and closes */
} HttpServerKind;

typedef struct {
  char *head; /* the request line and all headers, as they came */
  char *body;
} HttpServerRequest;

typedef struct _HttpServer HttpServer;

/* Listens on a free port of 127.0.0.1. Answers bear a body of @body_bytes bytes. */
HttpServer *http_server_new (HttpServerKind kind, gsize body_bytes);
/* The same in two steps: before the second, nobody listens on its port. */
HttpServer *http_server_new_closed (HttpServerKind kind, gsize body_bytes);
void http_server_open (HttpServer *self);

/* With this response, or none (""); @head_response (static): to HEAD requests; NULL: a usual one. */
HttpServer *http_server_new_odd (HttpServerKind kind, const char *response_bytes, const char *head_response);
void http_server_free (HttpServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpServer, http_server_free)

const char *http_server_url (const HttpServer *self); /* "http://127.0.0.1:PORT/" */
void http_server_release (HttpServer *self); /* answers all that is held, and all that comes from now on */

/* These wait until so many have come; FALSE after 30 s. */
gboolean http_server_wait_requests (HttpServer *self, guint n);
/* connections that their client ended while held */
gboolean http_server_wait_left (HttpServer *self, guint n);

/* Once the client is done. In the order in which they were read. */
guint http_server_n_requests (HttpServer *self);
guint http_server_n_connections (HttpServer *self); /* ever; the client's first knock is one */
const HttpServerRequest *http_server_request (HttpServer *self, guint i);

/* The value of a header in @request, or NULL. */
char *http_server_header (const HttpServerRequest *request, const char *name);

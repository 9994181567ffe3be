/* rfc9112-model.h - the meaning of a stream of bytes on one connection: a small, naive reading of RFC 9112,
 * and of RFC 9110 for fields. Its grammar stands in the .c file as in the RFCs, as regular expressions. It
 * shares no code with wp-server, which the tests compare with it.
 *
 * Where the RFCs leave a server the choice, the model makes wp-server's:
 *   - CRLF alone ends a line (2.2); empty lines before a request are skipped; no folding (5.2);
 *   - a version other than 1.0 and 1.1 is 505 as soon as it is read (2.3);
 *   - a target may have the characters that clients are known to leave unescaped, and no fragment (3.2);
 *   - the absolute form must name the host of the Host field, if there is one (3.2.2);
 *   - the asterisk and authority forms belong to methods that are not ours (3.2.3, 3.2.4);
 *   - one Content-Length of 1 to 18 digits, or one "chunked", or neither; never both (6.1, 6.3);
 *   - a malformed or too large request is refused at once, and the connection closes;
 *   - a well-formed one that is not for us (405, 417) is answered once its head has come, and the connection
 * stays open where it has no body;
 *   - trailers are checked and dropped (7.1.2);
 *   - HTTP/1.0 stays open with "Connection: keep-alive" (9.3);
 *   - an id or a content type is UTF-8 of at most 1,024 bytes; ids of different values are malformed.
 * It knows neither deadlines nor the limits of a head's size. */
#pragma once

#include <glib.h>

typedef struct {
  guint64 max_body; /* bytes; 413 beyond */
  gboolean tls;     /* "https" is a scheme of ours too */
} Rfc9112Rules;

typedef struct {
  char *name, *value;
} Rfc9112Field;

typedef struct {
  guint status;          /* 200: makes a job; else the status that refuses it */
  gboolean closes;       /* its response is the connection's last */
  gboolean old;          /* HTTP/1.0 */
  char *method, *target; /* as they came; NULL: malformed before them */
  char *path;            /* the part of the target that is stored; NULL: none */
  GPtrArray *fields;     /* (element-type Rfc9112Field): in order, without trailers */
  GString *body;         /* decoded */
} Rfc9112Request;

/* (element-type Rfc9112Request): all requests of @bytes that are answered. Where the last of them does not
 * close, the server waits for more. */
GPtrArray *rfc9112_read (const char *bytes, gsize len, const Rfc9112Rules *rules);

/* The value of the last field of that name; NULL: none. */
const char *rfc9112_field (const Rfc9112Request *request, const char *name);

/* wp-client.h - one connection to the server, byte by byte: the test says each byte that is sent. */
#pragma once

#include "tests/e2e/wp-http-response.h"

/* a wait that is longer has failed; nothing takes this long */
#define WP_PATIENCE_US (30 * G_USEC_PER_SEC)

typedef struct _WpClient WpClient;

/* connected to 127.0.0.1; agreed on TLS, where the port speaks it */
WpClient *wp_client_new (guint16 port);
WpClient *wp_client_try (guint16 port);        /* NULL: refused */
WpClient *wp_client_new_narrow (guint16 port); /* with the smallest receive buffer that there is */
/* now it takes more: TCP would go on in tiny steps, one each 200 ms */
void wp_client_widen (WpClient *self);
WpClient *wp_client_new_on (int fd);        /* of a connection that there is already; owned */
WpClient *wp_client_new_raw (guint16 port); /* without TLS, even if the port speaks it */
void wp_client_free (WpClient *self);       /* leaves, if it has not yet */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpClient, wp_client_free)

/* From now on connections to @port use TLS, and trust any certificate; or no longer: the port that one server
 * had may be that of another once it has ended. */
void wp_client_speak_tls (guint16 port, gboolean speaks);
char *wp_client_certificate_name (const WpClient *self); /* the common name of the server's; NULL: no TLS */

/* FALSE: the server took no more. */
gboolean wp_client_send (WpClient *self, const char *text);
gboolean wp_client_send_bytes (WpClient *self, const void *bytes, gsize size);

/* As much as the socket takes at once. -1: none. */
gssize wp_client_offer (WpClient *self, const void *bytes, gsize size);

/* Requests of the plain kind: HTTP/1.1, kept alive. @headers: whole lines, each with its \r\n; NULL: none. */
void wp_client_get (WpClient *self, const char *path, const char *headers);
void wp_client_post (WpClient *self, const char *path, const char *headers, const void *body, gsize size);

/* Waits for the begin of a response, or the end, where that may take longer than WP_PATIENCE_US. */
void wp_client_await (WpClient *self, gint64 patience_us);

/* The next response, whole; NULL: the connection ended instead. */
WpHttpResponse *wp_client_read (WpClient *self);
WpHttpResponse *wp_client_read_head (WpClient *self); /* the same, to HEAD: no body follows */
guint wp_client_read_status (WpClient *self);         /* its status alone; 0: the connection ended instead */

/* the next line without its end; NULL: the connection ended instead */
char *wp_client_read_line (WpClient *self);

/* Nothing has come, not even an end. */
gboolean wp_client_is_silent (WpClient *self);

/* Waits for the end of the connection. TRUE: an orderly one, with nothing unread before it. */
gboolean wp_client_read_end (WpClient *self);

/* later writes are sent at once, at the end of each */
void wp_client_hold_back (WpClient *self, gboolean holds);
void wp_client_send_close_notify (WpClient *self); /* TLS: close_notify alone, while TCP goes on */
void wp_client_half_close (WpClient *self);
void wp_client_reset (WpClient *self);

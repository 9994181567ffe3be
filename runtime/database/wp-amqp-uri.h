/* wp-amqp-uri.h - the address of a shared queue: amqp[s]://[USER@]HOST[:PORT][,HOST...][/VHOST]?queue=NAME */
#pragma once

#include <glib.h>

typedef struct {
  char *host;
  guint16 port;
  char *name; /* "host:port", for messages and statistics */
} WpAmqpHost;

typedef struct {
  gboolean is_tls;
  GPtrArray *hosts; /* (element-type WpAmqpHost): at least one */
  char *user;       /* NULL: RabbitMQ's guest */
  char *vhost;
  char *queue;
  char *failed_queue; /* NAME.failed, for the jobs that cannot be stored */
  char *described;    /* for messages: the whole, since it has no password */
} WpAmqpUri;

/**
 * wp_amqp_uri_new:
 * @text: the whole URI. User, virtual host and queue are percent-decoded
 *
 * A host without a port has that of the next host with one, otherwise 5672, or 5671 with TLS.
 *
 * Returns: NULL with one line, also if there is a password
 */
WpAmqpUri *wp_amqp_uri_new (const char *text, GError **error);
void wp_amqp_uri_free (WpAmqpUri *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpAmqpUri, wp_amqp_uri_free)

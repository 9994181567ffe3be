/* wp-amqp-proxy.h - a broker that takes a login and then answers no question. It is between a client and a
 * RabbitMQ node, on a free port of 127.0.0.1. */
#pragma once

#include <glib.h>

typedef struct _WpAmqpProxy WpAmqpProxy;

WpAmqpProxy *wp_amqp_proxy_new (const char *host, guint16 port);
/* Ends all its connections. */
void wp_amqp_proxy_free (WpAmqpProxy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpAmqpProxy, wp_amqp_proxy_free)

guint16 wp_amqp_proxy_port (const WpAmqpProxy *self);

/* While @is_silent, a connection that asks for a queue gets nothing more, for ever. */
void wp_amqp_proxy_set_silent (WpAmqpProxy *self, gboolean is_silent);

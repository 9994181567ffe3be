/* wp-amqp-login.h - connects to one node of RabbitMQ: its address, TLS, the login, and whether it is recent
 * enough. */
#pragma once

#include <amqp.h>

#include "runtime/database/wp-amqp-uri.h"
#include "runtime/database/wp-database.h"

#define WP_AMQP_CHANNELS 2 /* that the node lets open */

/* Each step has a time limit. Returns: NULL with one line, and WP_ERROR_DOWN if the node does not answer, or
 * WP_ERROR_IO if it refuses */
amqp_connection_state_t wp_amqp_login (const WpAmqpUri *uri, const WpAmqpHost *host,
                                       const WpDatabaseOptions *options, GError **error);

/* Of each answer of the broker to a question for which librabbitmq waits. */
void wp_amqp_limit_answers (amqp_connection_state_t state, gint64 limit_ns);

/* @reply: not normal. Returns: FALSE with "@node: reason", and WP_ERROR_DOWN, or WP_ERROR_IO if the broker
 * refuses */
gboolean wp_amqp_fail_reply (amqp_rpc_reply_t reply, const char *node, GError **error);

/* @method: a connection.close or channel.close. Returns: (transfer full): the broker's words */
char *wp_amqp_explain_close (const amqp_method_t *method);

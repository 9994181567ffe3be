/* wp-amqp-connection.h - a connection to RabbitMQ that never waits without a limit. One thread at a time. */
#pragma once

#include "runtime/database/wp-amqp-login.h"
#include "runtime/database/wp-broker-counts.h"
#include "runtime/database/wp-database.h"

typedef struct _WpAmqpConnection WpAmqpConnection;

/* The channel of publishes, in confirm mode, and of deliveries. The connection asks by another one, since a
 * question may take seconds while a node is down. */
#define WP_AMQP_CHANNEL 1

/**
 * wp_amqp_connection_new:
 * @uri: (transfer full)
 * @options: copied
 * @counts: not owned; the connection sets node, blocked, ready, consumers, capacity and reconnects
 *
 * It is not connected yet. Returns: NULL with one line if @options do not fit @uri
 */
WpAmqpConnection *wp_amqp_connection_new (WpAmqpUri *uri, const WpDatabaseOptions *options,
                                          WpBrokerCounts *counts, GError **error);
void wp_amqp_connection_free (WpAmqpConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpAmqpConnection, wp_amqp_connection_free)

const WpAmqpUri *wp_amqp_connection_get_uri (const WpAmqpConnection *self);

/**
 * wp_amqp_connection_open:
 *
 * Drops the connection, if there is one, and connects to the first host that takes the login, from the one
 * after the last on.
 *
 * Returns: FALSE with one line, and WP_ERROR_DOWN if no host answers, or WP_ERROR_IO if one refuses
 */
gboolean wp_amqp_connection_open (WpAmqpConnection *self, GError **error);

/* Ends it without a word to the broker. */
void wp_amqp_connection_drop (WpAmqpConnection *self);

/* Ends it in an orderly way, which takes 1 s at most. */
void wp_amqp_connection_close (WpAmqpConnection *self);

/* Declares the queue NAME.failed and the queue itself. Waits for 20 s at the start, as long as a cluster
 * takes that has just lost a node; once the queue has been found for 2 s, so that another host gets its turn,
 * and twice as long each time that no answer comes. Returns: FALSE with one line; WP_ERROR_DOWN if there was
 * no answer, otherwise the broker refuses: the queue has other settings, or rights are missing */
gboolean wp_amqp_connection_declare (WpAmqpConnection *self, GError **error);

/* Asks for the queue, and waits as above. Returns: FALSE with one line; WP_ERROR_DOWN if there was no answer,
 * otherwise there is no such queue. The connection is then still open. */
gboolean wp_amqp_connection_find_queue (WpAmqpConnection *self, GError **error);

/* Starts deliveries on WP_AMQP_CHANNEL. @consumer: its tag, which none before had. @prefetch: most of its
 * deliveries that are not acknowledged. Returns: FALSE with one line */
gboolean wp_amqp_connection_consume (WpAmqpConnection *self, const char *consumer, guint prefetch,
                                     GError **error);

/* Asks for the queue's depth, if the last question is answered and the broker is not blocked. The answer
 * comes by wp_amqp_connection_read(). Returns: FALSE with one line: the connection is lost */
gboolean wp_amqp_connection_ask_depth (WpAmqpConnection *self, GError **error);

typedef enum {
  WP_AMQP_NOTHING, /* no frame has arrived */
  WP_AMQP_FRAME,   /* a frame of WP_AMQP_CHANNEL */
  WP_AMQP_GONE,    /* with one line: the queue has been deleted */
  WP_AMQP_LOST     /* with one line: the connection does not work any more */
} WpAmqpRead;

/* Takes the next frame that has arrived, without waiting, and sends heartbeats: call it until there is
 * nothing, and once in 2 s at least. @frame: (out): valid until the next call */
WpAmqpRead wp_amqp_connection_read (WpAmqpConnection *self, amqp_frame_t *frame, GError **error);

/* Waits until wp_amqp_connection_read() may find something, @wake_fd can be read, or, @to_write, the
 * connection can be written, or @until_ns (CLOCK_MONOTONIC). */
void wp_amqp_connection_wait (WpAmqpConnection *self, int wake_fd, gboolean to_write, gint64 until_ns);

/* Returns: TRUE if a frame of usual size can be sent without waiting. */
gboolean wp_amqp_connection_can_write (WpAmqpConnection *self);

/* For publishes and acknowledgements. Returns: NULL: not connected */
amqp_connection_state_t wp_amqp_connection_get_state (WpAmqpConnection *self);

/* Why the broker takes no publishes: "low on memory"; NULL: it does. */
const char *wp_amqp_connection_get_blocked (const WpAmqpConnection *self);

/* @status: of a function of librabbitmq, not AMQP_STATUS_OK. Returns: FALSE with "NODE: reason" */
gboolean wp_amqp_connection_fail (const WpAmqpConnection *self, int status, GError **error);

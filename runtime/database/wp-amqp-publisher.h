/* wp-amqp-publisher.h - publishes jobs in their order and keeps those whose fate is unknown. The thread of
 * the connection. */
#pragma once

#include "runtime/database/wp-amqp-connection.h"

typedef struct _WpAmqpPublisher WpAmqpPublisher;

/**
 * wp_amqp_publisher_new:
 * @connection: not owned
 * @counts: not owned; the publisher sets window, unconfirmed, refused, offered_again and confirms_ns
 *
 * Publishes every job at once, except that a full queue refuses: then the window of unconfirmed publishes is
 * one, the oldest job is offered every 2 to 5 ms until one is taken, and each confirm doubles the window.
 */
WpAmqpPublisher *wp_amqp_publisher_new (WpAmqpConnection *connection, WpBrokerCounts *counts);
void wp_amqp_publisher_free (WpAmqpPublisher *self);

/* Adds a job behind all others. */
void wp_amqp_publisher_add (WpAmqpPublisher *self, WpJob *job);

/* Publishes what may be published now. Returns: FALSE with one line: the connection is lost */
gboolean wp_amqp_publisher_offer (WpAmqpPublisher *self, GError **error);

typedef enum {
  WP_AMQP_GOES_ON,
  WP_AMQP_NO_QUEUE, /* with one line: a message came back, since the queue does not exist */
  WP_AMQP_CLOSED    /* with one line: the broker has closed the channel */
} WpAmqpTaken;

/* Takes a frame of WP_AMQP_CHANNEL. @done: (element-type WpJob): gets the jobs that are confirmed, or that
 * the broker will never take, with their results */
WpAmqpTaken wp_amqp_publisher_take (WpAmqpPublisher *self, const amqp_frame_t *frame, GPtrArray *done,
                                    GError **error);

/* After an end of the connection: jobs of unknown fate are offered again, in their order. */
void wp_amqp_publisher_reset (WpAmqpPublisher *self);

/* Returns: when the oldest publish had no confirm for @timeout_ns, WP_TIME_NONE: there is none */
gint64 wp_amqp_publisher_get_deadline (const WpAmqpPublisher *self, gint64 timeout_ns);

/* Returns: when wp_amqp_publisher_offer() may publish next, if nothing else happens. WP_TIME_NONE: never */
gint64 wp_amqp_publisher_get_next (const WpAmqpPublisher *self);

/* Returns: TRUE if the broker has refused for a while, and has confirmed nothing since the connection was
 * made: in a failover that lasts until there is a new one. */
gboolean wp_amqp_publisher_wants_connection (WpAmqpPublisher *self);

/* (transfer none): the oldest job that is not published; NULL: none */
WpJob *wp_amqp_publisher_peek (const WpAmqpPublisher *self);
WpJob *wp_amqp_publisher_pop (WpAmqpPublisher *self);

/* wp-rabbitmq.h - RabbitMQ nodes of the test's own: in a temporary folder, on 127.0.0.2 and the addresses
 * after it, all on one free port. They die with the test, and need nothing of a RabbitMQ that the system
 * runs. */
#pragma once

#include <amqp.h>
#include <glib.h>

#include "tests/e2e/wp-child.h"

#define WP_RABBITMQ_QUEUE    "wp"
#define WP_RABBITMQ_PASSWORD "hunter2" /* of the user "wp"; "guest" has its usual one */

typedef struct _WpRabbitmq WpRabbitmq;

/* Debian's. */
gboolean wp_rabbitmq_is_there (void);

/* From now on the test, and what it starts, has a network of its own, in which nodes can be cut off. Call it
 * first in main(), before any thread. Returns: FALSE: the system does not permit it */
gboolean wp_rabbitmq_enter_network (void);

/* @n_nodes: 1, or 3 as a cluster. All are ready. */
WpRabbitmq *wp_rabbitmq_new (guint n_nodes);
void wp_rabbitmq_free (WpRabbitmq *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpRabbitmq, wp_rabbitmq_free)

const char *wp_rabbitmq_host (guint node); /* "127.0.0.2" for 0 */
guint16 wp_rabbitmq_port (const WpRabbitmq *self);
guint16 wp_rabbitmq_tls_port (const WpRabbitmq *self);
/* The certificate of all nodes, which is its own authority; a client with it and its key is trusted. */
const char *wp_rabbitmq_certificate (const WpRabbitmq *self);

/* Returns: (transfer full): a URI with all nodes, for "user@" or "", and with @rest at its end, "?queue=wp"
 * for example; NULL: nothing */
char *wp_rabbitmq_uri (const WpRabbitmq *self, const char *user, const char *rest);

/* SIGKILL, and its start again; the latter waits until the node is ready. */
void wp_rabbitmq_kill (WpRabbitmq *self, guint node);
void wp_rabbitmq_restart (WpRabbitmq *self, guint node);
WpChild *wp_rabbitmq_child (const WpRabbitmq *self, guint node); /* (transfer none) */

/* Cuts the node off from the others and from the clients: packets are dropped. In a network of the test's
 * own. wp_rabbitmq_join() ends all cuts. */
void wp_rabbitmq_cut (WpRabbitmq *self, guint node);
void wp_rabbitmq_join (WpRabbitmq *self);

/* Runs rabbitmqctl for @node, which must succeed. Returns: (transfer full): its output */
char *wp_rabbitmq_control (WpRabbitmq *self, guint node, const char *word, ...) G_GNUC_NULL_TERMINATED;
/* Each node writes its list of queues now. It does so every 5 s, and a queue that all nodes have lost from
 * their lists before they are killed does not work any more. */
void wp_rabbitmq_sync (WpRabbitmq *self);
/* @resource: "memory" or "disk"; of all nodes */
void wp_rabbitmq_set_alarm (WpRabbitmq *self, const char *resource, gboolean is_low);
guint wp_rabbitmq_find_leader (WpRabbitmq *self, const char *queue);

/* A login at @node, with channel 1 open. Returns: NULL: the node does not take it */
amqp_connection_state_t wp_rabbitmq_connect (const WpRabbitmq *self, guint node);
void wp_rabbitmq_disconnect (amqp_connection_state_t connection);

/* Publishes @n persistent messages with the ids "PREFIX0", "PREFIX1", ..., each of which must be confirmed.
 * @body: NULL: each has its id as its body */
void wp_rabbitmq_publish (const WpRabbitmq *self, const char *queue, const char *prefix, guint n,
                          const char *body);

/* By a connection of its own to any node. Returns: the ready jobs; -1: there is no such queue */
gint64 wp_rabbitmq_count_ready (const WpRabbitmq *self, const char *queue);
/* Takes all that are ready. Returns: (transfer full) (element-type utf8): of each "ID: REASON", as its header
 * has it, or "ID" */
GPtrArray *wp_rabbitmq_take_ids (const WpRabbitmq *self, const char *queue);

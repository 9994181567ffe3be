/* wp-amqp-deliveries.h - which deliveries of a shared queue are not acknowledged yet. One thread. */
#pragma once

#include <glib.h>

typedef struct _WpAmqpDeliveries WpAmqpDeliveries;

WpAmqpDeliveries *wp_amqp_deliveries_new (void);
void wp_amqp_deliveries_free (WpAmqpDeliveries *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (WpAmqpDeliveries, wp_amqp_deliveries_free)

/* A job has come, whose tag is larger than those before it. Returns: its number, as WpJob.delivery: larger
 * than that of every delivery before, of earlier connections too */
guint64 wp_amqp_deliveries_add (WpAmqpDeliveries *self, guint64 tag);

/* A job has ended. Returns: TRUE if it came by this connection, and is to be settled; FALSE: it cannot be
 * acknowledged any more */
gboolean wp_amqp_deliveries_end (WpAmqpDeliveries *self, guint64 number);

/* It has ended, and may be acknowledged: at once, or once publish @copy (from 1) is confirmed; 0: at once. */
void wp_amqp_deliveries_settle (WpAmqpDeliveries *self, guint64 number, guint64 copy);

/* Publish @copy is confirmed; @multiple: and those before it. Returns: how many deliveries that settles */
guint wp_amqp_deliveries_confirm (WpAmqpDeliveries *self, guint64 copy, gboolean multiple);

/* @multiple: all up to @tag. Returns: FALSE: the connection is lost */
typedef gboolean (*WpAmqpAcknowledge) (guint64 tag, gboolean multiple, gpointer data);

/* Acknowledges the settled ones: those up to the first that is not settled at once, those behind it one by
 * one, so that it holds up no others. Returns: FALSE if @acknowledge did */
gboolean wp_amqp_deliveries_acknowledge (WpAmqpDeliveries *self, WpAmqpAcknowledge acknowledge,
                                         gpointer data);

/* The connection is lost: its jobs go on, and are delivered again. */
void wp_amqp_deliveries_reset (WpAmqpDeliveries *self);

/* Returns: how many of this connection are not acknowledged. */
guint wp_amqp_deliveries_count (const WpAmqpDeliveries *self);

/* Returns: how many jobs of earlier connections have not ended. */
guint wp_amqp_deliveries_count_orphans (const WpAmqpDeliveries *self);

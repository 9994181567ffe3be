#include "runtime/database/wp-amqp-deliveries.h"

typedef struct {
  guint64 number; /* the tag, after the numbers of earlier connections */
  guint64 copy;   /* the publish whose confirm settles it; 0: none */
  gboolean ended;
  gboolean settled; /* to be acknowledged */
} Delivery;

struct _WpAmqpDeliveries {
  GArray *held;        /* (element-type Delivery): in order */
  guint64 first, last; /* numbers: the connection's first tag is 1 more than @first */
  guint n_orphans;
};

WpAmqpDeliveries *
wp_amqp_deliveries_new (void)
{
  WpAmqpDeliveries *self = g_new0 (WpAmqpDeliveries, 1);

  self->held = g_array_new (FALSE, FALSE, sizeof (Delivery));
  return self;
}

void
wp_amqp_deliveries_free (WpAmqpDeliveries *self)
{
  g_array_unref (self->held);
  g_free (self);
}

static Delivery *
get (const WpAmqpDeliveries *self, guint i)
{
  return &g_array_index (self->held, Delivery, i);
}

static int
compare_numbers (gconstpointer a, gconstpointer b)
{
  guint64 first = ((const Delivery *) a)->number, second = ((const Delivery *) b)->number;

  return first < second ? -1 : first > second;
}

static Delivery *
find (const WpAmqpDeliveries *self, guint64 number)
{
  const Delivery key = { .number = number };
  guint i;

  return g_array_binary_search (self->held, &key, compare_numbers, &i) ? get (self, i) : NULL;
}

guint64
wp_amqp_deliveries_add (WpAmqpDeliveries *self, guint64 tag)
{
  const Delivery delivery = { .number = self->first + tag };

  g_array_append_val (self->held, delivery);
  self->last = delivery.number;
  return delivery.number;
}

gboolean
wp_amqp_deliveries_end (WpAmqpDeliveries *self, guint64 number)
{
  Delivery *delivery = find (self, number);

  if (delivery)
    delivery->ended = TRUE;
  else
    self->n_orphans--;
  return delivery != NULL;
}

void
wp_amqp_deliveries_settle (WpAmqpDeliveries *self, guint64 number, guint64 copy)
{
  Delivery *delivery = find (self, number);

  delivery->copy = copy;
  delivery->settled = copy == 0;
}

guint
wp_amqp_deliveries_confirm (WpAmqpDeliveries *self, guint64 copy, gboolean multiple)
{
  guint n = 0;

  for (guint i = 0; i < self->held->len; i++)
    {
      Delivery *delivery = get (self, i);

      if (delivery->copy == 0 || delivery->settled
          || (multiple ? delivery->copy > copy : delivery->copy != copy))
        continue;
      delivery->settled = TRUE;
      n++;
    }
  return n;
}

gboolean
wp_amqp_deliveries_acknowledge (WpAmqpDeliveries *self, WpAmqpAcknowledge acknowledge, gpointer data)
{
  gboolean ok = TRUE;
  guint64 up_to = 0;
  guint n_kept = 0;

  for (guint i = 0; i < self->held->len; i++)
    {
      Delivery *delivery = get (self, i);

      if (!delivery->settled)
        *get (self, n_kept++) = *delivery;
      else if (n_kept == 0)
        up_to = delivery->number - self->first;
      else
        ok = ok && acknowledge (delivery->number - self->first, FALSE, data);
    }
  g_array_set_size (self->held, n_kept);
  return ok && (up_to == 0 || acknowledge (up_to, TRUE, data));
}

void
wp_amqp_deliveries_reset (WpAmqpDeliveries *self)
{
  for (guint i = 0; i < self->held->len; i++)
    self->n_orphans += !get (self, i)->ended;
  g_array_set_size (self->held, 0);
  self->first = self->last;
}

guint
wp_amqp_deliveries_count (const WpAmqpDeliveries *self)
{
  return self->held->len;
}

guint
wp_amqp_deliveries_count_orphans (const WpAmqpDeliveries *self)
{
  return self->n_orphans;
}

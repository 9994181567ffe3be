#include "sim/model/wp-server-times.h"

#define FIRST_CAPACITY 16

/* Completes the last node's children in the heap. */
#define SPARE 4

void
wp_server_times_init (WpServerTimes *self, guint workers)
{
  *self = (WpServerTimes){ .limit = workers, .in_order = TRUE };
}

void
wp_server_times_clear (WpServerTimes *self)
{
  g_free (self->times);
  g_free (self->players);
  self->times = NULL;
  self->players = NULL;
}

/* Moves the times to a new array of @capacity, from slot 0. */
static void
move (WpServerTimes *self, gsize capacity)
{
  gint64 *times = g_new (gint64, capacity + SPARE);

  for (gsize i = 0; i < self->n; i++)
    times[i] = self->times[(self->head + i) & self->mask];
  for (gsize i = self->n; i < capacity + SPARE; i++)
    times[i] = G_MAXINT64;
  g_free (self->times);
  self->times = times;
  self->mask = capacity - 1;
  self->head = 0;
}

static void
make_heap (WpServerTimes *self)
{
  move (self, self->mask + 1); /* a sorted array is a heap */
  self->in_order = FALSE;
}

/* Plays all matches bottom up; the winner of each advances. */
static void
make_tournament (WpServerTimes *self)
{
  gsize n = self->n;
  g_autofree guint32 *winners = g_new (guint32, 2 * n);
  g_autofree gint64 *begun = g_memdup2 (self->times, n * sizeof *begun);

  self->players = g_new (guint32, n);
  for (gsize i = 0; i < n; i++)
    winners[n + i] = (guint32) i;
  for (gsize match = n - 1; match > 0; match--)
    {
      guint32 one = winners[2 * match], other = winners[2 * match + 1];
      gboolean one_wins = begun[one] <= begun[other];

      winners[match] = one_wins ? one : other;
      self->players[match] = one_wins ? other : one;
      self->times[match] = begun[self->players[match]];
    }
  self->players[0] = winners[1];
  self->times[0] = begun[winners[1]];
}

void
wp_server_times_leave_order (WpServerTimes *self)
{
  make_heap (self);
  if (self->n == self->limit)
    make_tournament (self);
}

static void
sift_up (WpServerTimes *self, gsize i)
{
  gint64 time = self->times[i];

  for (; i > 0 && self->times[(i - 1) / 4] > time; i = (i - 1) / 4)
    self->times[i] = self->times[(i - 1) / 4];
  self->times[i] = time;
}

void
wp_server_times_add (WpServerTimes *self, gint64 end)
{
  if (self->times == NULL || self->n > self->mask)
    move (self, self->times ? 2 * (self->mask + 1) : FIRST_CAPACITY);
  if (self->in_order && self->n > 0 && end < self->times[(self->head + self->n - 1) & self->mask])
    make_heap (self);
  self->times[(self->head + self->n++) & self->mask] = end;
  if (!self->in_order)
    sift_up (self, self->n - 1);
  if (!self->in_order && self->n == self->limit)
    make_tournament (self);
}

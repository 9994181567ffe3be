#include "runtime/http/wp-slots.h"

struct _WpSlots {
  GMutex mutex;   /* guards all below */
  guint n_free;   /* 0 while a taker waits */
  GQueue waiting; /* (element-type WpSlotTaker) */
};

WpSlots *
wp_slots_new (guint n)
{
  WpSlots *self = g_new0 (WpSlots, 1);

  g_mutex_init (&self->mutex);
  self->n_free = n;
  g_queue_init (&self->waiting);

  return self;
}

void
wp_slots_free (WpSlots *self)
{
  g_queue_clear (&self->waiting);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

gboolean
wp_slots_take (WpSlots *self, WpSlotTaker *taker)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (taker->kept)
    taker->kept = FALSE;
  else if (self->n_free > 0)
    self->n_free--;
  else
    {
      if (!taker->waits)
        g_queue_push_tail (&self->waiting, taker);
      taker->waits = TRUE;
      return FALSE;
    }
  return TRUE;
}

static void
give_locked (WpSlots *self)
{
  WpSlotTaker *next = g_queue_pop_head (&self->waiting);

  if (!next)
    {
      self->n_free++;
      return;
    }
  next->waits = FALSE;
  next->kept = TRUE;
  next->granted (next->data);
}

void
wp_slots_release (WpSlots *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  give_locked (self);
}

void
wp_slots_cancel (WpSlots *self, WpSlotTaker *taker)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  if (taker->waits)
    g_queue_remove (&self->waiting, taker);
  if (taker->kept)
    give_locked (self);
  taker->waits = taker->kept = FALSE;
}

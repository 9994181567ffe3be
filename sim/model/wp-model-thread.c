#include "sim/model/wp-model-thread.h"

#include <string.h>

#define BLOCK_ROWS 1024
#define BLOCKS     8   /* 128 kB, which stay in the second-level caches */
#define BATCH_ROWS 256 /* of WpRow: stays in the first-level cache */

typedef struct {
  gint64 arrivals_ns[BLOCK_ROWS], services_ns[BLOCK_ROWS];
  gsize n_rows;
} Block;

struct _WpModelThread {
  WpModel **models; /* used by the thread once it runs */
  guint n_models;
  WpRow rows[BATCH_ROWS]; /* the same; arrivals only */
  gboolean too_long;      /* the same */
  GThread *thread;        /* NULL: none yet */
  /* guards the fields below; the blocks from n_taken to n_filled belong to the thread */
  GMutex mutex;
  GCond changed;
  guint64 n_filled, n_taken;
  gboolean ended, given_up;
  Block blocks[BLOCKS]; /* block i is in slot i % BLOCKS */
};

WpModelThread *
wp_model_thread_new (WpModel *const *models, guint n)
{
  WpModelThread *self = g_new (WpModelThread, 1);

  memset (self, 0, G_STRUCT_OFFSET (WpModelThread, blocks));
  self->models = g_memdup2 (models, n * sizeof *models);
  self->n_models = n;
  self->blocks[0].n_rows = 0;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);

  return self;
}

static void
take_batch (WpModelThread *self, const gint64 *arrivals_ns, const gint64 *services_ns, gsize n)
{
  for (gsize i = 0; i < n; i++)
    self->rows[i].arrival_ns = arrivals_ns[i];
  for (guint i = 0; i < self->n_models; i++)
    self->too_long |= !wp_model_offer (self->models[i], self->rows, services_ns, n, NULL);
}

static void
take_block (WpModelThread *self, const Block *block)
{
  for (gsize at = 0, n; at < block->n_rows && !self->too_long; at += n)
    {
      n = MIN (BATCH_ROWS, block->n_rows - at);
      take_batch (self, block->arrivals_ns + at, block->services_ns + at, n);
    }
}

static gpointer
run (gpointer data)
{
  WpModelThread *self = data;

  g_mutex_lock (&self->mutex);
  while (!self->given_up && (!self->ended || self->n_taken < self->n_filled))
    {
      if (self->n_taken == self->n_filled)
        {
          g_cond_wait (&self->changed, &self->mutex);
          continue;
        }
      g_mutex_unlock (&self->mutex);
      take_block (self, &self->blocks[self->n_taken % BLOCKS]);
      g_mutex_lock (&self->mutex);
      self->n_taken++;
      g_cond_signal (&self->changed);
    }
  g_mutex_unlock (&self->mutex);

  return NULL;
}

/* Hands over the full block and waits for a free one. If no thread can be created, the caller processes it.
 */
static void
hand_over (WpModelThread *self)
{
  if (!self->thread)
    self->thread = g_thread_try_new ("models", run, self, NULL);
  g_mutex_lock (&self->mutex);
  self->n_filled++;
  if (self->thread)
    g_cond_signal (&self->changed);
  else
    take_block (self, &self->blocks[self->n_taken++ % BLOCKS]);
  while (self->n_filled - self->n_taken == BLOCKS)
    g_cond_wait (&self->changed, &self->mutex);
  g_mutex_unlock (&self->mutex);
  self->blocks[self->n_filled % BLOCKS].n_rows = 0;
}

void
wp_model_thread_offer (WpModelThread *self, const WpRow *rows, const gint64 *services_ns, gsize n_rows)
{
  for (gsize done = 0, n; done < n_rows; done += n)
    {
      Block *block = &self->blocks[self->n_filled % BLOCKS];

      n = MIN (n_rows - done, BLOCK_ROWS - block->n_rows);
      for (gsize i = 0; i < n; i++)
        block->arrivals_ns[block->n_rows + i] = rows[done + i].arrival_ns;
      memcpy (block->services_ns + block->n_rows, services_ns + done, n * sizeof *services_ns);
      block->n_rows += n;
      if (block->n_rows == BLOCK_ROWS)
        hand_over (self);
    }
}

static void
join (WpModelThread *self, gboolean given_up)
{
  if (!self->thread)
    return;
  g_mutex_lock (&self->mutex);
  self->ended = TRUE;
  self->given_up = given_up;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);
  g_thread_join (g_steal_pointer (&self->thread));
}

gboolean
wp_model_thread_finish (WpModelThread *self)
{
  join (self, FALSE);
  take_block (self, &self->blocks[self->n_filled % BLOCKS]);

  return !self->too_long;
}

void
wp_model_thread_free (WpModelThread *self)
{
  join (self, TRUE);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self->models);
  g_free (self);
}

/* Coalesced wake-ups: none before the last release, one for each source, none lost. */
#include "runtime/queue/wp-wakeup-batch.h"

#define N_SOURCES 20 /* more than are held */

typedef struct {
  GMainContext *context;
  GSource *sources[N_SOURCES];
  guint n_dispatched[N_SOURCES];
} Bench;

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);

  return callback (data);
}

static gboolean
on_ready (gpointer data)
{
  ++*(guint *) data;

  return G_SOURCE_CONTINUE;
}

static void
bench_init (Bench *self)
{
  static GSourceFuncs funcs = { .dispatch = dispatch };

  *self = (Bench){ .context = g_main_context_new () };
  for (guint i = 0; i < N_SOURCES; i++)
    {
      self->sources[i] = g_source_new (&funcs, sizeof (GSource));
      g_source_set_callback (self->sources[i], on_ready, &self->n_dispatched[i], NULL);
      g_source_attach (self->sources[i], self->context);
    }
}

static void
bench_clear (Bench *self)
{
  for (guint i = 0; i < N_SOURCES; i++)
    {
      g_source_destroy (self->sources[i]);
      g_source_unref (self->sources[i]);
    }
  g_main_context_unref (self->context);
}

/* How many dispatches there have been. */
static guint
turn (Bench *self)
{
  guint n = 0;

  while (g_main_context_iteration (self->context, FALSE))
    ;
  for (guint i = 0; i < N_SOURCES; i++)
    n += self->n_dispatched[i];

  return n;
}

static void
test_at_once (void)
{
  Bench bench;

  bench_init (&bench);
  wp_wakeup_batch_add (bench.sources[0]);
  g_assert_cmpuint (turn (&bench), ==, 1);
  wp_wakeup_batch_add (bench.sources[0]);
  g_assert_cmpuint (turn (&bench), ==, 2);
  bench_clear (&bench);
}

static void
test_held (void)
{
  Bench bench;

  bench_init (&bench);
  wp_wakeup_batch_hold ();
  wp_wakeup_batch_add (bench.sources[0]);
  wp_wakeup_batch_hold ();
  wp_wakeup_batch_add (bench.sources[0]);
  wp_wakeup_batch_add (bench.sources[1]);
  wp_wakeup_batch_release ();
  g_assert_cmpuint (turn (&bench), ==, 0);
  wp_wakeup_batch_release ();
  g_assert_cmpuint (turn (&bench), ==, 2);
  g_assert_cmpuint (bench.n_dispatched[0], ==, 1);
  bench_clear (&bench);
}

static void
test_batch_overflow (void)
{
  Bench bench;

  bench_init (&bench);
  wp_wakeup_batch_hold ();
  for (guint i = 0; i < N_SOURCES; i++)
    wp_wakeup_batch_add (bench.sources[i]);
  wp_wakeup_batch_release ();
  g_assert_cmpuint (turn (&bench), ==, N_SOURCES);
  bench_clear (&bench);
}

/* As a front that ends while another thread has something for it. */
static void
test_destroyed_meanwhile (void)
{
  Bench bench;

  bench_init (&bench);
  wp_wakeup_batch_hold ();
  wp_wakeup_batch_add (bench.sources[0]);
  bench_clear (&bench);
  wp_wakeup_batch_release ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wakeup-batch/at-once", test_at_once);
  g_test_add_func ("/wakeup-batch/held", test_held);
  g_test_add_func ("/wakeup-batch/batch-overflow", test_batch_overflow);
  g_test_add_func ("/wakeup-batch/destroyed-meanwhile", test_destroyed_meanwhile);

  return g_test_run ();
}

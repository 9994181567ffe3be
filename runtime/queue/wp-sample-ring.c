#include "runtime/queue/wp-sample-ring.h"

#include <stdatomic.h>

#include "sim/base/wp-time.h"

#define SLOTS        (1u << 18) /* more than are read, since others write meanwhile */
#define ARRIVAL_BITS 44         /* 4.9 h */
#define LAP_BITS     19
#define NONE         G_MAXUINT32
#define US_FLAG      0x80000000u /* a duration in us */

/* @key: the arrival's low bits, the lap, and whether it was blocked; 0: never written. @times: wait, service.
 */
typedef struct {
  _Atomic guint64 key, times;
} Slot;

struct _WpSampleRing {
  Slot slots[SLOTS];
};

WpSampleRing *
wp_sample_ring_new (void)
{
  return g_new0 (WpSampleRing, 1);
}

void
wp_sample_ring_free (WpSampleRing *self)
{
  g_free (self);
}

static guint32
pack (gint64 ns)
{
  if (ns == WP_TIME_NONE)
    return NONE;
  if (ns < (gint64) US_FLAG)
    return (guint32) MAX (ns, 0);
  return US_FLAG | (guint32) MIN (ns / WP_NS_PER_US, US_FLAG - 2);
}

static gint64
unpack (guint32 packed)
{
  if (packed == NONE)
    return WP_TIME_NONE;
  return packed & US_FLAG ? (gint64) (packed & ~US_FLAG) * WP_NS_PER_US : packed;
}

static guint64
lap_of (guint64 seq)
{
  return (seq / SLOTS + 1) & ((1u << LAP_BITS) - 1);
}

void
wp_sample_ring_add (WpSampleRing *self, guint64 seq, const WpSample *sample)
{
  Slot *slot = &self->slots[seq % SLOTS];
  guint64 key
      = (guint64) sample->arrival_ns << (64 - ARRIVAL_BITS) | lap_of (seq) << 1 | (sample->blocked != 0);

  atomic_store_explicit (&slot->times, (guint64) pack (sample->wait_ns) << 32 | pack (sample->service_ns),
                         memory_order_relaxed);
  atomic_store_explicit (&slot->key, key, memory_order_release);
}

/* The arrival is known but for a multiple of 4.9 h: it is the last such moment before @now_ns. */
gboolean
wp_sample_ring_get (const WpSampleRing *self, guint64 seq, gint64 now_ns, WpSample *sample)
{
  const Slot *slot = &self->slots[seq % SLOTS];
  guint64 key = atomic_load_explicit (&slot->key, memory_order_acquire),
          times = atomic_load_explicit (&slot->times, memory_order_relaxed), age_ns;

  if ((key >> 1 & ((1u << LAP_BITS) - 1)) != lap_of (seq))
    return FALSE;
  age_ns = ((guint64) now_ns - (key >> (64 - ARRIVAL_BITS))) & ((G_GUINT64_CONSTANT (1) << ARRIVAL_BITS) - 1);
  *sample = (WpSample){ now_ns - (gint64) age_ns, unpack ((guint32) (times >> 32)), unpack ((guint32) times),
                        key & 1 };

  return TRUE;
}

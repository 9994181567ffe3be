#include "sim/stats/wp-random.h"

#include <math.h>

#define TAIL 7.69711747013104972      /* right edge of the lowest of 256 layers */
#define AREA 0.0039496598225815571993 /* of each layer; the lowest includes the tail */

WpZiggurat wp_ziggurat;

/* Source: Marsaglia and Tsang, The ziggurat method for generating random variables, J. Statistical Software 5
 * (2000). */
static gpointer
build_ziggurat (gpointer data)
{
  double *edges = wp_ziggurat.edges, *heights = wp_ziggurat.heights;

  edges[0] = AREA / exp (-TAIL);
  edges[1] = TAIL;
  for (guint i = 1; i < 255; i++)
    edges[i + 1] = -log (AREA / edges[i] + exp (-edges[i]));
  edges[256] = 0;
  for (guint i = 0; i <= 256; i++)
    heights[i] = i == 0 ? 0 : exp (-edges[i]);
  for (guint i = 0; i < 256; i++)
    wp_ziggurat.widths[i] = edges[i] * 0x1p-53;

  return NULL;
}

/* Source: Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014. */
static guint64
split_mix (guint64 *state)
{
  guint64 z = (*state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);

  return z ^ (z >> 31);
}

void
wp_random_init (WpRandom *self, guint64 seed, guint64 stream)
{
  static GOnce once = G_ONCE_INIT;
  guint64 state = stream;

  g_once (&once, build_ziggurat, NULL);
  state = seed ^ split_mix (&state);
  for (guint i = 0; i < G_N_ELEMENTS (self->state); i++)
    self->state[i] = split_mix (&state);
}

double
wp_random_uniform (WpRandom *self)
{
  return (double) (wp_random_next (self) >> 11) * 0x1p-53;
}

guint64
wp_random_below (WpRandom *self, guint64 n)
{
  g_return_val_if_fail (n >= 1, 0);

  return (guint64) ((__extension__(unsigned __int128) wp_random_next (self) * n) >> 64);
}

double
wp_random_exponential_edge (WpRandom *self, guint layer, double x)
{
  const double *heights = wp_ziggurat.heights;

  if (layer == 0)
    return TAIL + wp_random_exponential (self); /* memoryless */
  if (heights[layer] + (heights[layer + 1] - heights[layer]) * wp_random_uniform (self) < exp (-x))
    return x;

  return wp_random_exponential (self);
}

double
wp_random_normal (WpRandom *self)
{
  double u, v, square;

  do
    {
      u = 2 * wp_random_uniform (self) - 1;
      v = 2 * wp_random_uniform (self) - 1;
      square = u * u + v * v;
    }
  while (square >= 1 || square == 0);

  return u * sqrt (-2 * log (square) / square);
}

#include "sim/wp-random.h"

#include <math.h>

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
  guint64 state = stream;

  state = seed ^ split_mix (&state);
  for (guint i = 0; i < G_N_ELEMENTS (self->state); i++)
    self->state[i] = split_mix (&state);
}

static guint64
rotate_left (guint64 x, guint bits)
{
  return (x << bits) | (x >> (64 - bits));
}

guint64
wp_random_next (WpRandom *self)
{
  guint64 *s = self->state;
  guint64 result = rotate_left (s[1] * 5, 7) * 9;
  guint64 t = s[1] << 17;

  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left (s[3], 45);

  return result;
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

  return (guint64) ((__extension__ (unsigned __int128) wp_random_next (self) * n) >> 64);
}

double
wp_random_exponential (WpRandom *self)
{
  return -log1p (-wp_random_uniform (self));   /* 1 - u is never 0 */
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

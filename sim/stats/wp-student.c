#include "sim/stats/wp-student.h"

#include <math.h>

static double
continued_fraction (double a, double b, double x)
{
  double c = 1, d = 1 - (a + b) * x / (a + 1), value;

  d = 1 / (fabs (d) < 1e-300 ? 1e-300 : d);
  value = d;
  for (guint m = 1; m <= 10000; m++)
    for (guint odd = 0; odd < 2; odd++)
      {
        double term = odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
                          : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));

        d = 1 + term * d;
        c = 1 + term / c;
        d = 1 / (fabs (d) < 1e-300 ? 1e-300 : d);
        c = fabs (c) < 1e-300 ? 1e-300 : c;
        value *= c * d;
        if (odd && fabs (c * d - 1) < 1e-15)
          return value;
      }

  return value;
}

static double
incomplete_beta (double a, double b, double x)
{
  double front = exp (lgamma (a + b) - lgamma (a) - lgamma (b) + a * log (x) + b * log1p (-x));

  return x < (a + 1) / (a + b + 2) ? front * continued_fraction (a, b, x) / a
                                   : 1 - front * continued_fraction (b, a, 1 - x) / b;
}

/* The probability outside [-t, t]. */
static double
outside (guint degrees, double t)
{
  return t == 0 ? 1 : incomplete_beta (degrees / 2.0, 0.5, degrees / (degrees + t * t));
}

double
wp_student_t (guint degrees, double confidence)
{
  double low = 0, high = 1;

  g_return_val_if_fail (degrees >= 1 && confidence > 0 && confidence < 1, NAN);
  while (outside (degrees, high) > 1 - confidence)
    high *= 2;
  for (guint i = 0; i < 100; i++)
    {
      double middle = (low + high) / 2;

      if (outside (degrees, middle) > 1 - confidence)
        low = middle;
      else
        high = middle;
    }

  return (low + high) / 2;
}

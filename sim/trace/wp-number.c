#include "sim/trace/wp-number.h"

#include <math.h>

#define EXACT_DIGITS   19 /* fit 64 bits */
#define EXPONENT_LIMIT 10000

static gboolean
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

/* Exact up to 10^27, which has 64 significant bits. */
static long double
power_of_ten (int exponent)
{
  long double power = 1;

  if (exponent > 27)
    return powl (10, exponent);
  for (; exponent > 0; exponent--)
    power *= 10;

  return power;
}

const char *
wp_number_scan (const char *text, const char *end, long double *value)
{
  guint64 digits = 0;
  int n_digits = 0, exponent = 0, written = 0;
  gboolean any = FALSE, fraction = FALSE, negative = FALSE;
  const char *p = text;

  for (; p < end && (is_digit (*p) || (*p == '.' && !fraction)); p++)
    {
      if (*p == '.')
        {
          fraction = TRUE;
          continue;
        }
      any = TRUE;
      if (n_digits < EXACT_DIGITS)
        {
          digits = digits * 10 + (guint64) (*p - '0');
          n_digits += digits != 0;
          exponent -= fraction;
        }
      else
        exponent += !fraction;
    }
  if (!any)
    return text;
  if (p < end && (*p == 'e' || *p == 'E'))
    {
      const char *q = p + 1;

      if (q < end && (*q == '+' || *q == '-'))
        negative = *q++ == '-';
      for (; q < end && is_digit (*q); q++, p = q)
        written = MIN (written * 10 + (*q - '0'), EXPONENT_LIMIT);
      exponent += negative ? -written : written;
    }
  *value = exponent < 0 ? (long double) digits / power_of_ten (-exponent)
                        : (long double) digits * power_of_ten (exponent);

  return p;
}

gboolean
wp_number_parse (const char *text, gsize len, long double *value)
{
  const char *end = text + len;
  gboolean negative = FALSE;

  while (text < end && (*text == ' ' || *text == '\t'))
    text++;
  while (text < end && (end[-1] == ' ' || end[-1] == '\t'))
    end--;
  if (text < end && (*text == '-' || *text == '+'))
    negative = *text++ == '-';
  if (text == end || wp_number_scan (text, end, value) != end)
    return FALSE;
  if (negative)
    *value = -*value;

  return isfinite (*value);
}

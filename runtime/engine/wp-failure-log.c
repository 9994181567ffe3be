#include "runtime/engine/wp-failure-log.h"

#include "sim/base/wp-time.h"

struct _WpFailureLog {
  char *fate;
  GMutex mutex;     /* guards the following */
  guint64 n;        /* not logged yet */
  char *reason;     /* of the last of them */
  gint64 logged_ns; /* 0: never */
};

WpFailureLog *
wp_failure_log_new (const char *fate)
{
  WpFailureLog *self = g_new0 (WpFailureLog, 1);

  self->fate = g_strdup (fate);
  g_mutex_init (&self->mutex);

  return self;
}

static void
log_locked (WpFailureLog *self, gint64 now_ns)
{
  if (self->n == 0)
    return;
  g_warning ("jobs failed: %" G_GUINT64_FORMAT "; %s: %s", self->n, self->fate, self->reason);
  self->n = 0;
  self->logged_ns = now_ns;
}

void
wp_failure_log_flush (WpFailureLog *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);

  log_locked (self, wp_time_monotonic ());
}

void
wp_failure_log_free (WpFailureLog *self)
{
  wp_failure_log_flush (self);
  g_mutex_clear (&self->mutex);
  g_free (self->reason);
  g_free (self->fate);
  g_free (self);
}

void
wp_failure_log_add (WpFailureLog *self, const char *reason)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gint64 now_ns = wp_time_monotonic ();

  self->n++;
  g_free (self->reason);
  self->reason = g_strdup (reason);
  if (self->logged_ns == 0 || now_ns - self->logged_ns >= WP_NS_PER_S)
    log_locked (self, now_ns);
}

#include "runtime/queue/wp-ledger.h"

void
wp_ledger_end (WpLedger *self, WpOutcome outcome)
{
  guint64 *const counters[] = {
    [WP_OUTCOME_STORED] = &self->stored,       [WP_OUTCOME_REJECTED] = &self->rejected,
    [WP_OUTCOME_TIMED_OUT] = &self->timed_out, [WP_OUTCOME_ABANDONED] = &self->abandoned,
    [WP_OUTCOME_FAILED] = &self->failed,
  };

  (*counters[outcome])++;
}

gboolean
wp_ledger_balances (const WpLedger *self)
{
  return self->received + self->recovered
         == self->stored + self->rejected + self->timed_out + self->abandoned + self->failed + self->parked
                + self->queued + self->in_service;
}

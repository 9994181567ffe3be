/* wp-ledger.h - counts requests by outcome and state. Each request is in exactly one of them: the sum is the
 * number of requests received and recovered. */
#pragma once

#include "sim/base/wp-outcome.h"
#include "sim/base/wp-time.h"

typedef struct {
  guint64 received, recovered;
  guint64 stored, rejected, timed_out, abandoned, failed; /* ended */
  guint64 parked, queued, in_service;                     /* now */
  guint64 duplicates;                                     /* part of stored: the id was stored before */
  guint64 conflicts; /* part of failed: the id was stored before, with another payload */
  guint64 blocked;   /* parked at any time */
  guint64 parked_peak, queued_peak, in_service_peak;
} WpLedger;

void wp_ledger_end (WpLedger *self, WpOutcome outcome);

/* Returns: TRUE if received + recovered = ended + parked + queued + in service. */
gboolean wp_ledger_balances (const WpLedger *self);

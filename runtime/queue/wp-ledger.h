/* wp-ledger.h - what became of the requests. Every one is in exactly one of these places; what was received
 * is their sum. */
#pragma once

#include "sim/base/wp-outcome.h"
#include "sim/base/wp-time.h"

typedef struct {
  guint64 received, recovered;
  guint64 stored, rejected, timed_out, abandoned, failed; /* ended */
  guint64 parked, queued, in_service;                     /* now */
  guint64 duplicates;                                     /* of stored: an id that was stored before */
  guint64 conflicts; /* of failed: an id that was stored before, with another payload */
  guint64 blocked;   /* ever parked, however it ended */
  guint64 parked_peak, queued_peak, in_service_peak;
} WpLedger;

/* One more has ended, and how. */
void wp_ledger_end (WpLedger *self, WpOutcome outcome);

/* received + recovered = the ended + those in the system? */
gboolean wp_ledger_balances (const WpLedger *self);

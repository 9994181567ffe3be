/* wp-ledger.h - counts requests by outcome and state. Each request is in exactly one of them: the sum is the
 * number of requests received and recovered, and of jobs taken. */
#pragma once

#include "sim/base/wp-policy.h"
#include "sim/base/wp-time.h"

typedef struct {
  guint64 received, recovered;
  guint64 taken;                                          /* from the shared queue */
  guint64 stored, rejected, timed_out, abandoned, failed; /* ended */
  guint64 parked, queued, in_service;                     /* now */
  guint64 duplicates;                                     /* part of stored: the id was stored before */
  guint64 conflicts; /* part of failed: the id was stored before, with another payload */
  guint64 outages;   /* part of failed: the database was down for too long */
  guint64 blocked;   /* parked at any time */
  guint64 parked_peak, queued_peak, in_service_peak;
  guint64 recent_queued_peak, recent_parked_peak; /* since wp_channel_sample() */
  gint64 full_ns;                                 /* how long queue and workers were full, in all */
  guint64 worker_ns; /* the time of all workers, busy or not; it wraps, only differences mean anything */
  gboolean passes;   /* to a shared queue: stored is called passed */
} WpLedger;

void wp_ledger_end (WpLedger *self, WpOutcome outcome);

/* Returns: TRUE if received + recovered + taken = ended + parked + queued + in service. */
gboolean wp_ledger_balances (const WpLedger *self);

typedef struct {
  const char *name; /* NULL ends a table */
  gsize offset;
} WpLedgerField;

/* The two sides of the ledger and the other counters, in the order of the output. */
extern const WpLedgerField wp_ledger_entered[], wp_ledger_placed[], wp_ledger_others[];

const char *wp_ledger_field_name (const WpLedger *ledger, const WpLedgerField *field);
guint64 wp_ledger_field_value (const WpLedger *ledger, const WpLedgerField *field);

/* "ledger: received 10 + recovered 0 = stored 9 + ... : it balances"; with "+ taken N" if there are any */
char *wp_ledger_format (const WpLedger *ledger);

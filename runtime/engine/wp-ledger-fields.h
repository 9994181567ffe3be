/* wp-ledger-fields.h - the counters of the ledger by name, and as a line of text. */
#pragma once

#include "runtime/engine/wp-engine.h"

typedef struct {
  const char *name; /* NULL ends a table */
  gsize offset;
} WpLedgerField;

/* The two sides of the ledger and the other counters, in the order of the output. */
extern const WpLedgerField wp_ledger_entered[], wp_ledger_placed[], wp_ledger_others[];

guint64 wp_ledger_field_value (const WpLedger *ledger, const WpLedgerField *field);

/* "ledger: received 10 + recovered 0 = stored 9 + ... : it balances" */
char *wp_ledger_format (const WpLedger *ledger);

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
  return self->received + self->recovered + self->taken
         == self->stored + self->rejected + self->timed_out + self->abandoned + self->failed + self->parked
                + self->queued + self->in_service;
}

const WpLedgerField wp_ledger_entered[] = {
  { "received", G_STRUCT_OFFSET (WpLedger, received) },
  { "recovered", G_STRUCT_OFFSET (WpLedger, recovered) },
  { "taken", G_STRUCT_OFFSET (WpLedger, taken) },
  { NULL },
};
const WpLedgerField wp_ledger_placed[] = {
  { "stored", G_STRUCT_OFFSET (WpLedger, stored) },
  { "rejected", G_STRUCT_OFFSET (WpLedger, rejected) },
  { "timed_out", G_STRUCT_OFFSET (WpLedger, timed_out) },
  { "abandoned", G_STRUCT_OFFSET (WpLedger, abandoned) },
  { "failed", G_STRUCT_OFFSET (WpLedger, failed) },
  { "parked", G_STRUCT_OFFSET (WpLedger, parked) },
  { "queued", G_STRUCT_OFFSET (WpLedger, queued) },
  { "in_service", G_STRUCT_OFFSET (WpLedger, in_service) },
  { NULL },
};
const WpLedgerField wp_ledger_others[] = {
  { "blocked", G_STRUCT_OFFSET (WpLedger, blocked) },
  { "duplicates", G_STRUCT_OFFSET (WpLedger, duplicates) },
  { "conflicts", G_STRUCT_OFFSET (WpLedger, conflicts) },
  { "outages", G_STRUCT_OFFSET (WpLedger, outages) },
  { "parked_peak", G_STRUCT_OFFSET (WpLedger, parked_peak) },
  { "queued_peak", G_STRUCT_OFFSET (WpLedger, queued_peak) },
  { "in_service_peak", G_STRUCT_OFFSET (WpLedger, in_service_peak) },
  { NULL },
};

const char *
wp_ledger_field_name (const WpLedger *ledger, const WpLedgerField *field)
{
  return ledger->passes && field->offset == G_STRUCT_OFFSET (WpLedger, stored) ? "passed" : field->name;
}

guint64
wp_ledger_field_value (const WpLedger *ledger, const WpLedgerField *field)
{
  return *(const guint64 *) ((const char *) ledger + field->offset);
}

static void
append_sum (GString *text, const WpLedger *ledger, const WpLedgerField *fields)
{
  for (const WpLedgerField *field = fields; field->name; field++)
    if (field->offset != G_STRUCT_OFFSET (WpLedger, taken) || ledger->taken > 0)
      g_string_append_printf (text, "%s%s %" G_GUINT64_FORMAT, field > fields ? " + " : "",
                              wp_ledger_field_name (ledger, field), wp_ledger_field_value (ledger, field));
}

char *
wp_ledger_format (const WpLedger *ledger)
{
  GString *text = g_string_new ("ledger: ");

  append_sum (text, ledger, wp_ledger_entered);
  g_string_append (text, " = ");
  append_sum (text, ledger, wp_ledger_placed);
  g_string_append (text, wp_ledger_balances (ledger) ? ": it balances" : ": IT DOES NOT BALANCE");

  return g_string_free (text, FALSE);
}

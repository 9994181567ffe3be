#include "sim/trace/wp-trace-option-table.h"

#include "sim/trace/wp-log.h"

#define FIELD(member) WP_FIELD (WpTraceOptions, member)

const WpOption wp_trace_options[] = {
  { "input", 0, WP_OPTION_CHOICE, "KIND", FIELD (input),
    "kind of TRACE: auto (default) looks at the first lines; csv; clf, an access log; jsonl, JSON lines; "
    "w3c, W3C extended, of IIS and CloudFront",
    .names = wp_input_names, .what = "a kind of input" },
  { "log-format", 0, WP_OPTION_TEXT, "FORMAT", FIELD (log_format),
    "format of a log's lines: nginx's log_format, Apache's LogFormat, or the name of a usual one: "
    "combined+rt, haproxy, alb",
    .check = wp_log_check },
  { "max-bad", 0, WP_OPTION_SHARE, "SHARE", FIELD (max_bad),
    "share of bad rows to leave out and report (1% of logs and JSON lines, 0 of CSV)" },
  { "stamps", 0, WP_OPTION_CHOICE, "HOW", FIELD (stamps),
    "stamps that are all whole seconds: auto (default) spreads dates evenly over theirs; spread, the "
    "trace's own clock too; as-is, none",
    .names = wp_stamp_names, .what = "a way to take stamps" },
  { "where", 0, WP_OPTION_TEXT, "EXPR", FIELD (where),
    "the rows that count: status<500 && method==GET, with ==, !=, <, <=, >, >=, ~ for a glob, && and ||" },
  { "columns", 0, WP_OPTION_TEXT, "MAP", FIELD (columns),
    "compute columns from those of the file: arrival=TIMESTAMP,service=0.03+0.02*Tokens" },
  { "scale", 0, WP_OPTION_FACTOR, "X", FIELD (scale), "X times the traffic: divide arrivals by X (1)" },
  { "service-scale", 0, WP_OPTION_FACTOR, "X", FIELD (service_scale), "multiply service times by X (1)" },
  { "limit", 0, WP_OPTION_COUNT, "N", FIELD (limit_rows), "read the first N rows only (all)", 1,
    G_MAXUINT64 },
  { NULL }
};

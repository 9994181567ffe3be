/* wp-csv.h - CSV (RFC 4180) as a table: notes, a header, rows. */
#pragma once

#include "sim/trace/wp-trace-format.h"

extern const WpTraceFormatKind wp_csv_kind;

/* wp-csv.h - CSV (RFC 4180) as a table: notes, a header, rows. */
#pragma once

#include "sim/trace/wp-table.h"

extern const WpTableKind wp_csv_kind;

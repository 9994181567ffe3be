#include "sim/base/wp-error.h"

/* The name of a quark is no subtraction. */
/* clang-format off */
G_DEFINE_QUARK (wp-error-quark, wp_error)
/* clang-format on */

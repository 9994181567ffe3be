#include "sim/wp-error.h"

G_DEFINE_QUARK (wp-error-quark, wp_error)
